"""Time and space that a batch would take, by samples of its clips."""

from __future__ import annotations

import shutil
from collections.abc import Collection, Sequence
from datetime import timedelta
from pathlib import Path
from statistics import fmean
from typing import NamedTuple, Self

from msgspec import Struct

from blur.batch.sample import Sample
from blur.batch.segment_tasks import segment_count
from blur.batch.work import Probed
from blur.disk.places import existing
from blur.settings.cores import cpu_count


class Forecast(Struct, frozen=True):
    """The work ahead; `seconds` and `bytes` are None if no sample could be measured."""

    todo: list[tuple[str, str]]
    """Clips to work on, each with the reason."""
    failing: list[tuple[str, str]]
    """Files that would fail, each with the problem."""
    kept: int
    skipped: int
    frames: int
    seconds: float | None
    bytes: int | None
    free: int


class _Cost(NamedTuple):
    """The cost of films, or of photographs: seconds a unit of work, and bytes a pixel."""

    rate: float
    density: float

    @classmethod
    def of(cls, samples: Sequence[Sample]) -> Self:
        return cls(
            fmean(sample.seconds / sample.work for sample in samples),
            sum(sample.bytes for sample in samples) / sum(sample.pixels for sample in samples),
        )


def forecast(
    todo: Sequence[tuple[str, str]],
    probed: Collection[Probed],
    samples: Sequence[Sample],
    *,
    failing: Sequence[tuple[str, str]],
    kept: int,
    skipped: int,
    out: Path,
    slots: int = 1,
    surveyed: float = 0.0,
) -> Forecast:
    """Scale the samples up to all clips, `slots` of them at a time, after a survey that takes
    `surveyed` seconds. `out` need not exist."""
    of_kind = {still: [s for s in samples if s.still is still] for still in (False, True)}
    costs = {still: _Cost.of(taken) for still, taken in of_kind.items() if taken}
    seconds = size = None
    if probed and all(clip.still in costs for clip in probed):
        cores = max(1, cpu_count() // slots)
        each = [
            (costs[clip.still].rate * clip.work_on(cores), segment_count(clip.frames))
            for clip in probed
        ]
        longest = max((took for took, segments in each if segments == 1), default=0.0)
        loading = max(sample.loading for sample in samples)
        seconds = surveyed + loading + max(sum(took for took, _ in each) / slots, longest)
        size = round(sum(costs[clip.still].density * clip.pixels for clip in probed))
    return Forecast(
        todo=list(todo),
        failing=list(failing),
        kept=kept,
        skipped=skipped,
        frames=sum(info.frames for info in probed),
        seconds=seconds,
        bytes=size,
        free=shutil.disk_usage(existing(out)).free,
    )


def forecast_text(ahead: Forecast) -> str:
    """The forecast for a terminal."""
    lines = [f"would work on {name} ({why})" for name, why in ahead.todo]
    lines += [f"would fail: {name}: {why}" for name, why in ahead.failing]
    lines.append(
        f"{len(ahead.todo)} clips to do, about {ahead.frames} frames;"
        f" {ahead.kept} finished ones kept, {ahead.skipped} files skipped"
    )
    if ahead.seconds is not None and ahead.bytes is not None:
        lines.append(
            f"about {timedelta(seconds=round(ahead.seconds))} and"
            f" {_size(ahead.bytes)}; {_size(ahead.free)} are free"
        )
        if ahead.bytes > ahead.free:
            lines.append("THIS WILL NOT FIT")
    return "\n".join(lines)


def _size(count: int) -> str:
    return f"{count / 1e9:.1f} GB" if count >= 1e9 else f"{count / 1e6:.1f} MB"
