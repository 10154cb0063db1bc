"""A clip is searched as it is seen: with square pixels."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import av
import cv2
import numpy as np
import pytest
import skimage.data

from blur.data.plan import Mark, Plan
from blur.scan.scan import scan
from blur.settings import ScanSettings

FRAMES = 9


def filmed(path: Path, shown: tuple[int, int], stored: tuple[int, int]) -> Path:
    """The astronaut with a face of about 45 pixels, (width, height) `shown`, stored otherwise."""
    width, height = shown
    person = cv2.resize(skimage.data.astronaut(), None, fx=0.5, fy=0.5)
    picture = np.full((height, width, 3), 90, np.uint8)
    picture[20 : 20 + len(person), 60 : 60 + len(person)] = person
    picture = cv2.resize(picture, stored, interpolation=cv2.INTER_AREA)
    aspect = Fraction(width * stored[1], height * stored[0])
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=30, options={"crf": "12"})
        stream.width, stream.height = stored
        stream.pix_fmt = "yuv444p"
        stream.codec_context.sample_aspect_ratio = aspect
        for number in range(FRAMES):
            frame = av.VideoFrame.from_ndarray(picture, format="rgb24")
            frame.pts = number
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return path


def sightings(plan: Plan) -> int:
    return sum(int(np.count_nonzero(track.marks == Mark.DETECTED)) for track in plan.tracks)


@pytest.mark.parametrize("stored", [(240, 320), (480, 160)])
def test_a_clip_with_oblong_pixels_gets_the_sightings_of_one_with_square_ones(
    tmp_path: Path, stored: tuple[int, int]
) -> None:
    square = scan(filmed(tmp_path / "square.mp4", (480, 320), (480, 320)), ScanSettings())
    oblong = scan(filmed(tmp_path / "oblong.mp4", (480, 320), stored), ScanSettings())
    assert (oblong.width, oblong.height) == stored
    assert len(square.tracks) == len(oblong.tracks) == 1
    assert sightings(square) == sightings(oblong) > 0
    scale = np.array([stored[0] / 480, stored[1] / 320] * 2)
    expected = square.tracks[0].boxes[4, :4] * scale
    assert oblong.tracks[0].boxes[4, :4] == pytest.approx(expected, rel=0.1, abs=2)
