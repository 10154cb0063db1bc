"""The pictures that answer a question at a look."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

from blur.data.arrays import Picture
from blur.data.plan import Box, Reason
from blur.errors import UsageError
from blur.review.open_clip import OpenClip
from blur.review.strip import SIDE, Strip, brightened, strip, unlike, within
from blur.store.shelf import Shelf


def made_of(out: Path, reason: Reason) -> tuple[OpenClip, Strip, Picture]:
    """A clip, the strip of its only doubt of a reason, and that as BGR samples."""
    shelf = Shelf(out)
    clip = OpenClip(shelf, shelf.find("a.mp4"))
    (doubt,) = (one for one in clip.view().doubts if one.reason == reason)
    made = strip(clip, [doubt.id])
    picture = cv2.imdecode(np.frombuffer(made.jpeg, np.uint8), cv2.IMREAD_COLOR)
    return clip, made, np.asarray(picture, np.uint8)


def test_each_moment_of_a_place_is_there_as_published(shared_out: Path) -> None:
    clip, made, picture = made_of(shared_out, Reason.WEEDED)
    assert picture.shape[1] == made.columns * SIDE and len(made.beats) >= 1
    assert made.revision == clip.revision
    with pytest.raises(UsageError):
        strip(clip, ["none"])


def test_covers_that_may_be_too_many_are_outlined_in_the_whole_picture(shared_out: Path) -> None:
    clip, made, picture = made_of(shared_out, Reason.WEAK)
    assert made.beats == [1] and picture.shape == (240, 320, 3)
    plain = cv2.imdecode(np.frombuffer(clip.frame(12, False, 480), np.uint8), cv2.IMREAD_COLOR)
    rows, columns = np.nonzero(np.abs(picture.astype(int) - plain).max(axis=2) > 60)
    assert abs(rows.mean() - 150) < 6 and abs(columns.mean() - 201) < 6
    assert 40 < np.ptp(rows) < 90 and np.ptp(columns) < 70
    (region,) = (r for r in clip.regions(12) if r.outline().mean(axis=0)[0] > 160)
    x, y = region.outline().T
    assert np.ptp(rows) == pytest.approx(np.ptp(y), abs=5)
    assert np.ptp(columns) == pytest.approx(np.ptp(x), abs=5)


def test_a_face_that_comes_in_the_dark_is_another_moment() -> None:
    dark = np.full((SIDE, SIDE, 3), 12, np.uint8)
    noisy = dark + np.random.default_rng(1).integers(0, 5, dark.shape, np.uint8) - 2
    face = dark.copy()
    face[80:120, 80:120] += 4
    assert [at for at, _ in unlike([dark, noisy, face, dark])] == [0, 2]


def test_a_dark_picture_is_brightened_and_its_border_is_not() -> None:
    border = np.full((SIDE, SIDE, 3), 200, np.uint8)
    inside = within(Box(10, 60, 80, 80), (320, 240))  # reaches 30 pixels beyond the left side
    assert inside == (slice(0, SIDE), slice(75, SIDE))
    dark, bright = border.copy(), border.copy()
    dark[:, 75:], dark[80:120, 100:140] = 6, 12
    bright[:, 75:] = 150
    lit = brightened(dark, inside)
    assert (lit[:, :75] == 200).all() and lit[100, 120, 0] > 100
    assert lit[100, 120, 0] == pytest.approx(2 * lit[10, 190, 0], abs=2)
    assert brightened(bright, inside) is bright
    outside = within(Box(-200, 60, 80, 80), (320, 240))
    assert (brightened(border, outside) == border).all()
