"""Pictures kept from the first pass are those that a second decoding would give."""

import dataclasses

import numpy as np
import pytest
from footage import Recipe, make

from blur.data.arrays import Gray
from blur.media.open.clip_info import ClipInfo
from blur.media.open.probe import probe
from blur.media.open.readers import open_reader
from blur.scan import small
from blur.scan.small import Kept, follow_pictures

FRAMES = 12


@pytest.fixture(scope="module")
def info(tmp_path_factory: pytest.TempPathFactory) -> ClipInfo:
    return probe(make(tmp_path_factory.mktemp("clip") / "clip.mp4", Recipe()))


def read_through(info: ClipInfo, kept: Kept) -> list[int]:
    """Keep the clip's pictures; the frames' times."""
    times = []
    with open_reader(info.path, info) as reader:
        for frame in reader:
            times.append(frame.pts)
            kept.add(frame)
    return times


@pytest.mark.parametrize("short", [0, 1])
def test_kept_pictures_are_the_decoded_ones(
    info: ClipInfo, monkeypatch: pytest.MonkeyPatch, short: int
) -> None:
    """As they are where all fit; packed where the memory is a byte too short for that."""
    width, height = info.fitted(960)
    monkeypatch.setattr(small, "_KEPT", FRAMES * width * height - short)
    kept = Kept(info)
    pts = read_through(info, kept)

    def every_other(index: int) -> bool:
        return index % 2 == 1

    decoded = list(follow_pictures(info, pts, every_other))
    monkeypatch.setattr(small, "Seeker", None)  # nothing is decoded again
    again = list(follow_pictures(info, pts, every_other, kept))
    assert [index for index, _ in again] == [*range(1, FRAMES, 2)]
    assert all(same(a, b) for a, b in zip(decoded, again, strict=True))


def same(one: tuple[int, Gray], other: tuple[int, Gray]) -> bool:
    return one[0] == other[0] and np.array_equal(one[1], other[1])


@pytest.mark.parametrize("promised", [FRAMES, None, 3])
def test_a_clip_of_too_many_pictures_keeps_its_beginning(
    info: ClipInfo, monkeypatch: pytest.MonkeyPatch, promised: int | None
) -> None:
    """Whether its container tells their number, does not, or tells too few."""
    monkeypatch.setattr(small, "_KEPT", 10_000)
    kept = Kept(dataclasses.replace(info, frames=promised))
    pts = read_through(info, kept)
    there = [kept.get(index) is not None for index in range(FRAMES)]
    assert 0 < sum(there) < FRAMES
    assert there == sorted(there, reverse=True)
    pictures = list(follow_pictures(info, pts, lambda index: True, kept))
    decoded = list(follow_pictures(info, pts, lambda index: True))
    assert all(same(a, b) for a, b in zip(pictures, decoded, strict=True))


def test_a_long_clip_keeps_no_picture(info: ClipInfo, monkeypatch: pytest.MonkeyPatch) -> None:
    width, height = info.fitted(960)
    monkeypatch.setattr(small, "_KEPT", width * height)
    kept = Kept(info)
    read_through(info, kept)
    assert all(kept.get(index) is None for index in range(FRAMES))
