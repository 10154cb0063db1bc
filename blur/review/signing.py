"""A person's initials on a covered clip: their time, and the seconds of it seen and heard."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime

from blur.data.plan import Plan
from blur.data.spans import FrameMask, FrameSpan, masked, runs
from blur.store.report import Signature


def signature(
    plan: Plan, by: str, seen: Iterable[FrameSpan], heard: Iterable[FrameSpan], audible: FrameMask
) -> Signature:
    """`seen` and `heard` are frames of the covered clip that were played at twice its speed at
    most; it keeps sound during the `audible` ones."""
    return Signature(
        by=by,
        at=now(),
        watched=_seconds(plan, seen),
        seconds=_seconds(plan, [(0, plan.frames)]),
        heard=_seconds(plan, runs(audible & masked(heard, plan.frames))),
        sounding=_seconds(plan, runs(audible)),
    )


def now() -> str:
    """The time, UTC, to the minute."""
    return datetime.now(UTC).isoformat(timespec="minutes")


def _seconds(plan: Plan, spans: Iterable[FrameSpan]) -> float:
    return round(sum(plan.seconds(end) - plan.seconds(start) for start, end in spans), 1)
