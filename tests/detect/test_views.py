"""Every pixel of a view leads back to the pixel of the frame that it shows."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
import skimage.data
from hypothesis import given, settings
from hypothesis import strategies as st

from blur.data.arrays import Picture
from blur.data.boxes import wrapped
from blur.data.plan import Box
from blur.detect.detections import Detections
from blur.detect.views import SizedFrame, View, crop, lifted, tiles
from blur.detect.yunet import YuNet

MARK = 250
"""Value of the third channel where a view shows the frame and not its padding."""

sides = st.integers(40, 240)


def step(width: int, height: int) -> int:
    """Levels between neighbours of `telling`: as many as fit, for a resize rounds to whole ones."""
    return MARK // max(width, height)


def telling(width: int, height: int) -> Picture:
    """A frame whose pixels tell their own place: red is x, green is y, both by `step`."""
    y, x = np.mgrid[:height, :width] * step(width, height)
    return np.stack([x, y, np.full_like(x, MARK)], -1).astype(np.uint8)


def errors(view: View, width: int, height: int, edge: float, padded: bool = False) -> np.ndarray:
    """Frame pixels between each view pixel's own place and the place that `to_frame` gives.

    Pixels that fall within `edge` of the frame's border or beyond it are left out; all others must
    show the frame, except in a `padded` view, whose padding may lie over it.
    """
    rows, columns = view.picture.shape[:2]
    v, u = np.mgrid[:rows, :columns] + 0.5
    x, y = (view.to_frame[:2, :2] @ np.stack([u.ravel(), v.ravel()])) + view.to_frame[:2, 2:]
    inside = (x > edge) & (x < width - edge) & (y > edge) & (y < height - edge)
    if padded:
        inside &= view.picture[..., 2].ravel() == MARK
    shown = view.picture.reshape(-1, 3)[inside].astype(float)
    assert (shown[:, 2] == MARK).all()
    told = shown[:, :2] / step(width, height) + 0.5
    return np.hypot(told[:, 0] - x[inside], told[:, 1] - y[inside])


@settings(max_examples=60, deadline=None)
@given(sides, sides, st.integers(32, 480), st.integers(0, 3))
def test_whole(width: int, height: int, longest: int, turns: int) -> None:
    view = SizedFrame(telling(width, height)).whole(longest, turns)
    pixel = max(width, height) / longest
    found = errors(view, width, height, edge=max(pixel, 0.5))
    # The shorter side rounds to whole pixels: half a view pixel at its far end. A linear
    # resize of whole levels is within three quarters of one, in x and in y.
    assert found.max() <= np.hypot(0.75, 0.75) / step(width, height) + 0.5 * pixel
    assert (view.picture[..., 2] == MARK).sum() > 0.9 * width * height / pixel**2 - 100
    assert all(side % 32 == 0 for side in view.picture.shape[:2])


@settings(max_examples=60, deadline=None)
@given(
    st.floats(-20, 260), st.floats(-20, 200), st.floats(12, 90), st.floats(12, 90),
    st.floats(-180, 179), st.sampled_from([64, 128, 192]), st.floats(1, 4), st.floats(-30, 30),
)  # fmt: skip
def test_crop(
    cx: float, cy: float, w: float, h: float, angle: float, side: int, reach: float, turn: float
) -> None:
    box = Box(cx, cy, w, h, angle)
    view = crop(telling(240, 180), box, side, reach, turn)
    assert view.picture.shape == (side, side, 3)
    assert errors(view, 240, 180, edge=1.5).max(initial=0) < 1.2
    centre = view.to_frame @ (side / 2, side / 2, 1)
    assert centre[:2] == pytest.approx([cx, cy], abs=1e-6)
    extent = np.hypot(*view.to_frame[:2, 0]) * side
    assert extent == pytest.approx(max(w, h) * reach)


def test_a_crop_beyond_the_edge_goes_on_with_the_borders_colours() -> None:
    view = crop(telling(100, 80), Box(0, 40, 40, 40), 64, 2.0)
    assert (view.picture[..., 2] == MARK).all()
    assert (view.picture[:, :20, 0] == 0).all()


@settings(max_examples=60, deadline=None)
@given(sides, sides, st.integers(48, 128), st.integers(0, 40))
def test_tiles(width: int, height: int, side: int, overlap: int) -> None:
    """Together they show every pixel in its place; a face up to the overlap is whole in a tile."""
    views = tiles(telling(width, height), (side, side), overlap)
    seen = np.zeros((height, width), int)
    spans = []
    for view in views:
        assert errors(view, width, height, 0, padded=True).max() == pytest.approx(0, abs=1e-9)
        x, y = view.to_frame[:2, 2].astype(int).tolist()
        shown = view.picture[..., 2] == MARK
        rows, columns = int(shown.any(axis=1).sum()), int(shown.any(axis=0).sum())
        assert rows <= side
        assert columns <= side
        seen[y : y + rows, x : x + columns] += 1
        spans.append((x, y, x + columns, y + rows))
    assert seen.min() >= 1
    assert max(x2 for _, _, x2, _ in spans) == width
    assert max(y2 for _, _, _, y2 in spans) == height
    rng = np.random.default_rng(0)
    for _ in range(50):
        face = min(overlap, width, height)
        x, y = rng.integers(0, width - face + 1), rng.integers(0, height - face + 1)
        assert any(
            x1 <= x and y1 <= y and x + face <= x2 and y + face <= y2 for x1, y1, x2, y2 in spans
        )


@settings(max_examples=60, deadline=None)
@given(sides, sides, st.integers(32, 120))
def test_quarters(width: int, height: int, longest: int) -> None:
    """They show the whole frame, on the network of `whole` at half the size."""
    frame = telling(width, height)
    pixel = max(width, height) / longest / 2
    made = SizedFrame(frame)
    views = made.quarters(longest)
    assert len(views) == 4
    assert {view.picture.shape for view in views} == {made.whole(longest).picture.shape}
    shown = np.zeros((height, width), bool)
    for view in views:
        assert errors(view, width, height, 2 * pixel, padded=True).max() <= 1.0 + 3 * pixel
        rows, columns = np.nonzero(view.picture[..., 2] == MARK)
        x, y = view.to_frame[:2, :2] @ np.stack([columns, rows]) + view.to_frame[:2, 2:]
        shown[y.astype(int).clip(0, height - 1), x.astype(int).clip(0, width - 1)] = True
    reach = int(np.ceil(pixel)) * 2 + 1
    assert cv2.dilate(shown.astype(np.uint8), np.ones((reach, reach))).all()


@pytest.mark.parametrize(("turns", "angle"), [(0, 0), (1, 90), (2, 180), (3, -90)])
def test_a_face_found_upright_in_a_turned_view_has_the_turn_as_its_angle(
    turns: int, angle: float
) -> None:
    """One quarter turn counter-clockwise rights a head whose crown points right."""
    view = SizedFrame(telling(200, 100)).whole(200, turns)
    found = Detections.of(
        np.array([[30, 20, 10, 14, 0]], np.float32), np.array([0.9], np.float32), "d"
    )
    box = view.restored(found).boxes[0]
    assert wrapped(box[4] - np.array(angle)) == pytest.approx(0)
    assert box[2:4].tolist() == [10, 14]  # the face's own axes, whatever the turn
    assert box[:2] == pytest.approx((view.to_frame @ (30, 20, 1))[:2], abs=1e-3)
    crown = np.array([box[0], box[1]]) + 7 * np.array(
        [np.sin(np.radians(angle)), -np.cos(np.radians(angle))]
    )
    assert crown == pytest.approx((view.to_frame @ (30, 13, 1))[:2], abs=1e-3)


@pytest.mark.parametrize("angle", [0, 45, 90, 135, 180, -45])
def test_a_crop_stands_a_face_of_its_angle_upright(angle: float) -> None:
    frame = telling(200, 160)
    view = crop(frame, Box(100, 80, 40, 50, angle), 64, 2)
    up = view.to_frame[:2, :2] @ (0, -1)
    expected = np.array([np.sin(np.radians(angle)), -np.cos(np.radians(angle))])
    assert up / np.hypot(*up) == pytest.approx(expected, abs=1e-6)


LIGHTS = {
    "night vision": (0.1, 1, 0.1),
    "emergency lamp": (1, 0.1, 0.1),
    "screen": (0.2, 0.35, 1),
    "purple": (1, 0.1, 1),
    "cyan": (0.1, 1, 1),
}


@pytest.mark.parametrize("light", LIGHTS.values(), ids=LIGHTS)
def test_faces_in_light_of_one_colour_are_found_as_in_grey(light: tuple[float, ...]) -> None:
    grey = cv2.cvtColor(skimage.data.astronaut(), cv2.COLOR_RGB2GRAY)
    noise = np.random.default_rng(0).normal(0, 8, (*grey.shape, 3))
    shown = np.clip(0.5 * grey[..., np.newaxis] * light + noise, 0, 255).astype(np.uint8)
    [found] = YuNet(threads=1).detect([lifted(shown)], 0.3)
    assert found.scores.max(initial=0) > 0.7


@pytest.mark.parametrize("light", [(1, 0.6, 0.1), (1, 0.9, 0.05)], ids=["sodium", "yellow"])
def test_light_that_faces_keep_their_colours_in_is_left(light: tuple[float, ...]) -> None:
    shown = (skimage.data.astronaut() * np.array(light)).astype(np.uint8)
    assert lifted(shown) is shown


def test_a_face_in_daylight_before_a_wall_of_one_colour_is_left() -> None:
    shown = np.full((480, 640, 3), (10, 40, 220), np.uint8)
    shown[100:300, 200:400] = skimage.data.astronaut()[:200, 120:320]
    assert lifted(shown) is shown
