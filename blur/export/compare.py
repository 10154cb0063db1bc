"""A film of chosen spans, before and after side by side: for the eyes of those who cut it.

It shows clear faces, as it must; so it is never written into an output folder, where everything
but the covered clips is free of them.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from fractions import Fraction
from pathlib import Path

import av
import numpy as np

from blur.cover.fills import make_fill
from blur.cover.region import Covers
from blur.data.plan import Plan
from blur.data.spans import FrameSpan
from blur.disk import atomic
from blur.errors import UsageError
from blur.export.sheet import moments
from blur.render.pictures import Pictures, Rgb, as_shown, covered
from blur.settings import CoverSettings
from blur.store.folder import WorkFolder

SIDE = 960
"""Longest side of each half, in pixels."""
_BAR = 4
_TOTAL = 30.0
_EACH = 2.0


def interesting(plan: Plan) -> list[FrameSpan]:
    """About half a minute around what a contact sheet would show, in the order of the clip."""
    per_second = plan.frames / max(plan.seconds(plan.frames), 1e-3)
    half = max(1, round(per_second * _EACH / 2))
    most = max(1, int(_TOTAL / _EACH))
    spans = [(m.frame - half, m.frame + half) for m in moments(plan, most)]
    return joined(spans, plan.frames)


def joined(spans: Iterable[FrameSpan], frames: int) -> list[FrameSpan]:
    """Spans inside the clip, in order, none touching another."""
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
    """Write the comparison as MP4 and return its number of frames; `plan` is what is rendered.

    Raises UsageError when `path` lies in an output folder or no span lies in the clip.
    """
    if any((parent / WorkFolder.NAME).exists() for parent in path.resolve().parents):
        raise UsageError(
            "a comparison shows clear faces and does not belong into an output folder",
            subject=path,
            remedy="write it elsewhere: blur preview ... --compare -o FILE.mp4",
        )
    spans = joined(spans, plan.frames)
    if not spans:
        raise UsageError("no such span in this clip", subject=path.name)
    covers = Covers(plan.tracks, plan.shots(), cover, plan.width, plan.height)
    fill = make_fill(cover)
    rate = Fraction(round(1000 * plan.frames / max(plan.seconds(plan.frames), 1e-3)), 1000)
    done = 0
    part = path.with_name(f".{path.name}.part")
    try:
        with av.open(part, "w", format="mp4") as container:
            stream = None
            for start, end in spans:
                for index in range(start, end):
                    picture = pictures.at(index)
                    after = covered(picture, pictures.info, covers.at(index), fill)
                    both = _beside(
                        as_shown(picture, pictures.info, SIDE), as_shown(after, pictures.info, SIDE)
                    )
                    if stream is None:
                        stream = container.add_stream("libx264", rate)
                        stream.height, stream.width = both.shape[:2]
                        stream.pix_fmt = "yuv420p"
                        stream.options = {"crf": "20", "preset": "veryfast"}
                    frame = av.VideoFrame.from_ndarray(both, "rgb24")
                    frame.pts = done
                    frame.time_base = 1 / rate
                    container.mux(stream.encode(frame))
                    done += 1
            assert stream is not None
            container.mux(stream.encode())
        atomic.publish(part, path)
    finally:
        part.unlink(missing_ok=True)
    return done


def _beside(before: Rgb, after: Rgb) -> Rgb:
    """Two pictures beside each other with a bar between them, of even size."""
    height = before.shape[0]
    bar = np.full((height, _BAR, 3), 255, np.uint8)
    both = np.hstack([before, bar, after])
    return np.asarray(both[: height - height % 2, : both.shape[1] - both.shape[1] % 2])
