"""A film of chosen spans, before and after side by side.

It shows clear faces. An output folder holds none, so a comparison is never written there.
"""

from __future__ import annotations

import itertools
import os
from collections.abc import Iterable, Iterator, Sequence
from fractions import Fraction
from pathlib import Path

import av
import numpy as np

from blur.cover.fills import make_fill
from blur.cover.region import Covers
from blur.data.arrays import Picture
from blur.data.plan import Plan
from blur.data.spans import FrameSpan
from blur.disk import atomic
from blur.errors import UsageError
from blur.export.sheet import moments
from blur.render.pictures import Pictures, as_shown, covered
from blur.settings import CoverSettings
from blur.store.folder import in_an_output_folder

SIDE = 960
"""Pixels on the longer side of each half; a larger value shows more and makes larger files."""
_BAR = 4
"""Pixels between the halves."""
_TOTAL, _EACH = 30.0, 2.0
"""Seconds of a comparison without chosen spans, and around each of its moments."""


def interesting(plan: Plan) -> list[FrameSpan]:
    """About half a minute around the moments of a contact sheet, in the order of the clip."""
    per_second = plan.frames / max(plan.seconds(plan.frames), 1e-3)
    half = max(1, round(per_second * _EACH / 2))
    most = max(1, int(_TOTAL / _EACH))
    spans = [(m.frame - half, m.frame + half) for m in moments(plan, most)]
    return joined(spans, plan.frames)


def joined(spans: Iterable[FrameSpan], frames: int) -> list[FrameSpan]:
    """Spans clipped to [0, frames), in order, touching ones merged."""
    result: list[FrameSpan] = []
    for start, end in sorted((max(0, a), min(frames, b)) for a, b in spans):
        if start >= end:
            continue
        if result and start <= result[-1][1]:
            result[-1] = (result[-1][0], max(end, result[-1][1]))
        else:
            result.append((start, end))
    return result


def write(
    pictures: Pictures, plan: Plan, cover: CoverSettings, spans: Sequence[FrameSpan], path: Path
) -> int:
    """Write the comparison as MP4, mode 0600, and return its number of frames; `plan` has the edits
    applied.

    Raises UsageError if `path` lies in an output folder or no span in the clip, DecodeError.
    """
    if in_an_output_folder(path):
        raise UsageError(
            "a comparison shows clear faces and does not belong into an output folder",
            subject=path,
            remedy="write it elsewhere: blur preview ... --compare -o FILE.mp4",
        )
    spans = joined(spans, plan.frames)
    if not spans:
        raise UsageError("no such span in this clip", subject=path.name)
    rate = Fraction(round(1000 * plan.frames / max(plan.seconds(plan.frames), 1e-3)), 1000)
    part = atomic.part_of(path)
    try:
        os.close(atomic.open_own(part, os.O_WRONLY))  # private from its first byte
        done = _encode(_halves(pictures, plan, cover, spans), rate, part)
        atomic.publish(part, path)
    finally:
        atomic.discard(part)
    return done


def _halves(
    pictures: Pictures, plan: Plan, cover: CoverSettings, spans: Sequence[FrameSpan]
) -> Iterator[Picture]:
    info, fill = pictures.info, make_fill(cover)
    covers = Covers.of_plan(plan, cover)
    for index in itertools.chain.from_iterable(itertools.starmap(range, spans)):
        before = pictures.at(index)
        after = covered(before, info, covers.at(index), fill)
        yield _beside(as_shown(before, info, SIDE), as_shown(after, info, SIDE))


def _encode(halves: Iterator[Picture], rate: Fraction, path: Path) -> int:
    first = next(halves)
    done = 0
    with av.open(path, "w", format="mp4") as container:
        stream = container.add_stream("libx264", rate)
        stream.height, stream.width = first.shape[:2]
        stream.pix_fmt = "yuv420p"
        stream.options = {"crf": "20", "preset": "veryfast"}
        for both in itertools.chain([first], halves):
            frame = av.VideoFrame.from_ndarray(both, "rgb24")
            frame.pts, frame.time_base = done, 1 / rate
            container.mux(stream.encode(frame))
            done += 1
        container.mux(stream.encode())
    return done


def _beside(before: Picture, after: Picture) -> Picture:
    """Both pictures with a bar between them, cropped to an even size for 4:2:0."""
    height = before.shape[0]
    bar = np.full((height, _BAR, 3), 255, np.uint8)
    both = np.hstack([before, bar, after])
    return np.asarray(both[: height - height % 2, : both.shape[1] - both.shape[1] % 2])
