"""A film pulled wide or pressed tall is covered as the plain film is, stretched."""

from __future__ import annotations

from pathlib import Path

import av
import cv2
import numpy as np
import pytest
import skimage.data

from blur.data.boxes import bounds
from blur.data.plan import Plan
from blur.scan.scan import scan
from blur.settings import ScanSettings

PULL = (16 / 9) ** 2
FRAMES = 9


def filmed(path: Path, across: float, down: float) -> Path:
    size = round(280 * across) // 2 * 2, round(280 * down) // 2 * 2
    picture = cv2.resize(skimage.data.astronaut(), size, interpolation=cv2.INTER_AREA)
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=30, options={"crf": "12"})
        stream.width, stream.height = size
        stream.pix_fmt = "yuv420p"
        for _ in range(FRAMES):
            container.mux(stream.encode(av.VideoFrame.from_ndarray(picture, format="rgb24")))
        container.mux(stream.encode(None))
    return path


def edges(plan: Plan, frame: int) -> np.ndarray:
    """Left, top, right, bottom of all boxes on a frame."""
    boxes = [t.boxes[frame - t.start] for t in plan.tracks]
    around = bounds(np.array(boxes, np.float32))
    return np.concatenate([around[:, :2].min(axis=0), around[:, 2:].max(axis=0)])


@pytest.mark.parametrize(("across", "down"), [(PULL, 1), (1, PULL)])
def test_a_film_pulled_out_of_shape_is_covered(tmp_path: Path, across: float, down: float) -> None:
    plain = scan(filmed(tmp_path / "plain.mp4", 1, 1), ScanSettings())
    pulled = scan(filmed(tmp_path / "pulled.mp4", across, down), ScanSettings())
    assert all(len(t.boxes) == FRAMES for t in pulled.tracks)
    face = edges(plain, 4) * [across, down, across, down]
    found = edges(pulled, 4)
    slack = 0.12 * (face[2:] - face[:2])
    assert (found[:2] <= face[:2] + slack).all()
    assert (found[2:] >= face[2:] - slack).all()
