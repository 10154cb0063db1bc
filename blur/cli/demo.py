"""The demo: a photograph, filmed by a moving virtual camera, is covered like any clip."""

from __future__ import annotations

import math
import os
from fractions import Fraction
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from blur.batch.display import Display
from blur.data.arrays import Picture
from blur.disk import atomic
from blur.disk.places import absolute
from blur.errors import Exit, SetupError, UsageError, cannot_write, install
from blur.store.folder import WorkFolder
from blur.store.report import BatchReport

WIDTH, HEIGHT = 1280, 720
FRAMES, RATE = 90, 25
_SHOWN = 45
"""Frame of the picture before and after."""


class Demo(NamedTuple):
    """`picture` shows a frame before and after, side by side."""

    report: BatchReport
    covered: Path
    picture: Path


def demo(out: Path, display: Display) -> Demo:
    """Make the demo's files in `out`.

    Raises UsageError where other files have their names, SetupError without the `demo` extra.
    """
    from blur.batch.run import run
    from blur.process.sandbox import keep_off_network

    keep_off_network()
    clip = out / "filmed" / "astronaut.mp4"
    covered = out / "covered" / "astronaut.mp4"
    picture = out / "before-after.jpg"
    earlier = WorkFolder(covered.parent).root.is_dir()
    if not earlier and any(map(os.path.lexists, (clip, picture))):
        raise UsageError(
            "holds files that no demo made", subject=out, remedy="choose another folder with -o"
        )
    part = atomic.part_of(clip)
    try:
        clip.parent.mkdir(parents=True, exist_ok=True)
        film(photograph(), part)
        atomic.publish(part, clip)
    except OSError as error:
        raise cannot_write(error, clip) from error
    finally:
        part.unlink(missing_ok=True)
    report = run([clip.parent], covered.parent, display=display)
    if report.exit_code == Exit.OK:
        side_by_side(clip, covered, picture)
    return Demo(report, covered, picture)


def photograph() -> Picture:
    """The astronaut Eileen Collins, photographed by NASA, in the public domain: 512 x 512 RGB."""
    try:
        from skimage import data
    except ModuleNotFoundError as error:
        raise SetupError(
            "the demo's photograph is not installed", remedy=install("demo")
        ) from error
    return np.asarray(data.astronaut(), np.uint8)  # type: ignore[no-untyped-call]


def film(photo: Picture, clip: Path) -> None:
    """Encode a hand-held camera's view of the photograph as 720p H.264."""
    import av
    import cv2

    with av.open(f"file:{absolute(clip)}", "w", format="mp4") as container:
        stream: Any = container.add_stream("libx264", RATE, options={"crf": "18"})
        stream.width, stream.height, stream.pix_fmt = WIDTH, HEIGHT, "yuv420p"
        stream.time_base = Fraction(1, RATE)
        for i in range(FRAMES):
            view = cv2.warpAffine(
                photo,
                _camera(i / FRAMES),
                (WIDTH, HEIGHT),
                flags=cv2.INTER_CUBIC,
                borderMode=cv2.BORDER_REFLECT,
            )
            frame = av.VideoFrame.from_ndarray(np.ascontiguousarray(view, np.uint8), "rgb24")
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))


def side_by_side(before: Path, after: Path, picture: Path) -> None:
    """Save a frame of both clips, next to each other."""
    from PIL import Image

    halves = [_frame(clip) for clip in (before, after)]
    Image.fromarray(np.hstack(halves)).resize((WIDTH, HEIGHT // 2)).save(picture, quality=85)


def _camera(t: float) -> npt.NDArray[np.float64]:
    """The affine map from photograph to view at time `t` of [0, 1]: pan, zoom, roll, tremble."""
    turn = math.radians(3 * math.sin(5 * t))
    scale = 3.2 + 0.3 * math.sin(3 * t)
    x = 245 + 30 * math.cos(math.pi * t) + 1.5 * math.sin(61 * t)
    y = 150 + 25 * math.sin(2 * math.pi * t) + 1.5 * math.cos(47 * t)
    turned = scale * np.array([[math.cos(turn), -math.sin(turn)], [math.sin(turn), math.cos(turn)]])
    shift = np.array([WIDTH / 2, HEIGHT / 2]) - turned @ np.array([x, y])
    return np.column_stack([turned, shift])


def _frame(clip: Path) -> Picture:
    import av

    with av.open(f"file:{absolute(clip)}") as container:
        for i, frame in enumerate(container.decode(video=0)):
            if i == _SHOWN:
                return np.asarray(frame.to_ndarray(format="rgb24"), np.uint8)
    raise AssertionError("the demo's clip is longer")
