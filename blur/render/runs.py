"""Films rendered in runs of frames, side by side: one long clip keeps all cores busy."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from functools import partial

from blur.data.plan import Plan
from blur.errors import PlanMismatch
from blur.media.open.clip_info import ClipInfo
from blur.media.open.read import Frame
from blur.media.open.seek import Seeker, can_be_sought_in, strict_frames
from blur.media.open.timetable import timetable
from blur.media.write.presets import preset_for
from blur.media.write.runs import RunWriter
from blur.process.prefetch import in_turn
from blur.process.progress import Progress, growing
from blur.settings import Hardware, OutputSettings, Settings
from blur.settings.cores import cpu_count

_LENGTH = 120
"""Frames of a run, at least; a longer one leaves more cores without work at a clip's end, a shorter
one costs a key frame and an encoder's start more often."""
_LONGEST = 10 * _LENGTH
"""Frames of a run, at most: its packets wait in memory for those of the runs before. Larger holds
more of a film with few key frames."""
_PIXELS = 4_200_000
"""Pixels of the pictures that are encoded at once: two runs of 1080p take 813 MB with their
decoders and encoders, four of 720p 590, within `Probed.memory`. Larger keeps more cores busy."""


def runs_of(info: ClipInfo, plan: Plan, settings: Settings, tell: Progress) -> list[range]:
    """The runs of a whole film, from key frame to key frame that a seek is proven to lead to; none
    where it is rendered in one piece: a clip that must be read in order, that is short or has few
    key frames, and an encoder without groups of pictures or on a chip.

    `tell` hears of each seek.
    """
    in_order = plan.notes or settings.scan.max_damaged or info.still or not can_be_sought_in(info)
    in_order = in_order or (settings.output.deinterlace and info.interlaced)
    if in_order or _side_by_side(info) == 1 or not _grouped(info, settings.output):
        return []
    found = timetable(info.path, info, lambda _: tell("render", 0, plan.frames))
    if found is None or found.pts != list(plan.pts):
        return []
    proven = []
    with Seeker(info.path, info, plan.pts) as seeker:
        for run in found.divided(_LENGTH):
            tell("render", 0, plan.frames)
            if seeker.lead(run.start) <= _LENGTH:
                proven.append(run.start)
    runs = found._replace(keys=proven).divided(_LENGTH)
    return runs if len(runs) > 1 and max(map(len, runs)) <= _LONGEST else []


def threads_of_run(info: ClipInfo) -> int:
    return cpu_count() // _side_by_side(info)


def _side_by_side(info: ClipInfo) -> int:
    """Runs of a clip that are encoded at once."""
    return min(cpu_count(), _PIXELS // (info.width * info.height) or 1)


def _grouped(info: ClipInfo, output: OutputSettings) -> bool:
    return output.hardware is Hardware.NONE and preset_for(info, output).speed is not None


def write_runs(
    info: ClipInfo,
    plan: Plan,
    runs: Sequence[range],
    covered: Callable[[Frame], Frame],
    writer: RunWriter,
    tell: Progress,
) -> None:
    """Decode, cover and encode the runs in threads, and mux them in order.

    `tell` is called in the caller's thread. Raises the errors of all.
    """
    done, lock, stopped = 0, threading.Lock(), threading.Event()
    told = growing(tell, "render", plan.frames)

    def painted(run: range) -> Iterator[Frame]:
        nonlocal done
        with closing(strict_frames(info.path, info, plan.pts, run)) as frames:
            for frame in frames:
                if stopped.is_set():
                    return
                yield covered(frame)
                with lock:
                    done += 1

    calls = (partial(writer.encode, painted(run), run) for run in runs)
    encoding = in_turn(calls, _side_by_side(info), stopped, lambda: told(done))
    with closing(encoding) as encoded:
        for run, made in zip(runs, encoded, strict=True):
            if len(made.times) != len(run):
                raise PlanMismatch(
                    f"has {len(made.times)} frames where its plan has {len(run)}",
                    subject=info.path.name,
                )
            writer.lay(made)
    told(done)
