"""The ranges of a clip that a timeline uses, rendered and searched; faces found go to its plan."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from blur.corridor import cover_clip
from blur.data.placement import Placement
from blur.data.plan import Doubt, Plan
from blur.disk import atomic
from blur.export.conform import Part
from blur.settings import Settings
from blur.store.plans import load_plan, save_plan
from blur.store.shift import shift_of
from blur.store.withdraw import WITHDRAWN, withdraw


def render_parts(
    parts: Sequence[Part], folder: Path, settings: Settings, say: Callable[[str], None]
) -> list[str]:
    """Cover the parts of a single clip below `folder`, each with an audit; returns the SHA-256 of
    each file.

    A face that an audit sees enters the clip's plan, and the covered clip leaves its name, as in a
    batch. A part that the new track reaches is rendered again, since its own audit may have looked
    at other frames. Whoever calls holds the work folder. Raises the errors of `cover_clip`.
    """
    waiting, made, known = list(range(len(parts))), {}, {}
    while waiting:
        number = waiting.pop(0)
        part = parts[number]
        made[number] = _render(part, folder, settings, say)
        tracks = load_plan(part.footage.job.plan_file).tracks
        known[number] = len(tracks)
        for other, count in list(known.items()):
            start, stop = parts[other].frames
            if any(t.start < stop and t.end > start for t in tracks[count:]):
                atomic.remove(folder / parts[other].place)
                del known[other]
                waiting.append(other)
        say(f"written: {part.place}")
    return [made[number] for number in range(len(parts))]


def _render(part: Part, folder: Path, settings: Settings, say: Callable[[str], None]) -> str:
    footage, job = part.footage, part.footage.job

    def keep(grown: Plan) -> Plan:
        before = load_plan(job.plan_file)
        found = _new_doubts(before, grown)
        if len(grown.tracks) == len(before.tracks) and not found:
            return grown
        if len(grown.tracks) > len(before.tracks) and withdraw(job.entry, job.folder):
            say(f"{footage.name}: {WITHDRAWN}; run blur on its folder again")
        save_plan(before.with_tracks(grown.tracks, [*before.doubts, *found]), job.plan_file)
        return load_plan(job.plan_file)

    done = cover_clip(
        job.path,
        load_plan(job.plan_file),
        folder / part.place,
        settings,
        footage.edits,
        keep=keep,
        placed=Placement(
            shift_of(job.folder, settings.output), part.frames, rate=footage.entry.even_rate
        ),
    )
    return done.rendered.sha256


def _new_doubts(before: Plan, after: Plan) -> list[Doubt]:
    """Doubts of `after` whose kind, track and place no doubt of `before` has. Earlier doubts stay,
    even where an audit of the whole clip would decide anew: conform's saw a part."""

    def known(doubt: Doubt) -> bool:
        return any(
            (old.reason, old.track) == (doubt.reason, doubt.track)
            and old.start < doubt.end
            and doubt.start < old.end
            for old in before.doubts
        )

    return [doubt for doubt in after.doubts if not known(doubt)]
