"""A mesh or a screen's lines over faces are smoothed away before detectors look."""

from __future__ import annotations

from collections.abc import Callable

import cv2
import numpy as np
import pytest
import skimage.data
from detected import best_scores

from blur.detect.mesh import without_mesh

Laid = Callable[[np.ndarray, np.ndarray], np.ndarray]


def meshed(picture: np.ndarray, laid: Laid, tone: int = 20, until: float = 1) -> np.ndarray:
    """Threads of a tone where `laid` holds, up to a share of the picture's width."""
    height, width = picture.shape[:2]
    y, x = np.mgrid[:height, :width]
    threads = (laid(x, y) & (x < until * width)).astype(np.float32)
    soft = cv2.GaussianBlur(threads, (0, 0), 0.6)[..., np.newaxis] * 0.8
    return np.clip(picture * (1 - soft) + tone * soft, 0, 255).astype(np.uint8)


def net(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    return (x % 10 < 4) | (y % 10 < 4)


def worn(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    return net((x + 3 * np.sin(y / 60)).astype(int), (y + 4 * np.sin(x / 70)).astype(int))


def lines(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    return y % 6 < 3


@pytest.mark.parametrize("laid", [net, worn, lines])
@pytest.mark.parametrize("scale", [1, 5])
def test_a_face_behind_a_mesh_is_found_once_it_is_smoothed(laid: Laid, scale: int) -> None:
    behind = meshed(skimage.data.astronaut(), laid)
    large = cv2.resize(behind, None, fx=scale, fy=scale, interpolation=cv2.INTER_NEAREST)
    shown = cv2.resize(without_mesh(large), behind.shape[:2], interpolation=cv2.INTER_AREA)
    before, after = (best_scores(picture) for picture in (behind, shown))
    assert min(before) < 0.2 and min(after) > 0.7


@pytest.mark.parametrize("start", range(8))
def test_no_place_of_the_threads_hides_them(start: int) -> None:
    behind = meshed(skimage.data.astronaut(), lambda x, y: (x + start) % 8 + (y + start) % 8 < 5)
    assert without_mesh(behind) is not None


def test_only_the_part_behind_the_mesh_is_smoothed() -> None:
    photograph = skimage.data.astronaut()
    part = meshed(photograph, net, until=0.6)
    smooth = without_mesh(part)
    assert smooth is not None and (smooth[:, :240] != part[:, :240]).any()
    assert (smooth[:, 480:] == photograph[:, 480:]).all()


def test_a_window_with_a_net_leaves_the_picture() -> None:
    part = meshed(skimage.data.astronaut(), net, until=0.2)
    assert without_mesh(part) is None


def test_a_picture_smaller_than_a_block_is_left() -> None:
    tiny = meshed(np.full((40, 40, 3), 128), net)
    assert without_mesh(tiny) is None
