"""A face that shows for a moment between two looks is covered."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import av
import cv2
import numpy as np
import pytest
from filming import photograph

from blur.data.arrays import Picture
from blur.scan.scan import scan
from blur.settings import Level, ScanSettings

SIZE = (640, 360)
AT = (420, 170)


def film(
    path: Path, face: Picture, shown: set[int], width: int, turn: int, times: list[int]
) -> None:
    """A street of gravel on which a face lies on the frames `shown`; `times` in milliseconds."""
    ground = cv2.cvtColor(cv2.resize(photograph(10), SIZE), cv2.COLOR_GRAY2RGB)
    head = face[30:230, 140:310]
    head = cv2.resize(head, (width * 2, round(width * 2 * 200 / 170)), interpolation=cv2.INTER_AREA)
    head = np.rot90(head, turn)
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=30, options={"crf": "16"})
        stream.width, stream.height, stream.pix_fmt = *SIZE, "yuv420p"
        stream.time_base = stream.codec_context.time_base = Fraction(1, 1000)
        for frame, pts in enumerate(times):
            picture = ground.copy()
            if frame in shown:
                top, left = AT[1] - head.shape[0] // 2, AT[0] - head.shape[1] // 2
                picture[top : top + head.shape[0], left : left + head.shape[1]] = head
            image = av.VideoFrame.from_ndarray(picture, "rgb24")
            image.pts, image.time_base = pts, Fraction(1, 1000)
            container.mux(stream.encode(image))
        container.mux(stream.encode(None))


@pytest.mark.slow
@pytest.mark.parametrize("turn", [0, 1, 2])
@pytest.mark.parametrize("shown", [{10}, {10, 11}, {13}, {14, 15}])
def test_a_face_between_two_looks_is_covered(
    tmp_path: Path, astronaut: Picture, shown: set[int], turn: int
) -> None:
    clip = tmp_path / "clip.mp4"
    film(clip, astronaut, shown, 60, turn, [frame * 1000 // 30 for frame in range(24)])
    assert_covered(clip, shown, Level.BALANCED)


@pytest.mark.slow
def test_frames_that_are_shown_long_are_looked_at(tmp_path: Path, astronaut: Picture) -> None:
    """The face stays for two seconds, on two frames that a count of frames would pass over."""
    clip = tmp_path / "clip.mp4"
    steps = [40] * 4 + [1000, 1000] + [40] * 12
    times = np.cumsum([0, *steps]).tolist()
    film(clip, astronaut, {4, 5}, 60, 0, times)
    assert_covered(clip, {4, 5}, Level.FAST)


def assert_covered(clip: Path, shown: set[int], level: Level) -> None:
    plan = scan(clip, ScanSettings(level=level))
    for frame in shown:
        boxes = [box for track in plan.tracks if (box := track.box(frame)) is not None]
        away = min((np.hypot(b.cx - AT[0], b.cy - AT[1]) for b in boxes), default=np.inf)
        assert away < 40, f"nothing covers the face on frame {frame}"
