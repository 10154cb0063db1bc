"""What changes midway, and what a container keeps from being shown."""

from __future__ import annotations

import struct
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest
from footage import Recipe, make
from passing import decoded, passed_through

from blur.errors import DecodeError
from blur.media.open.probe import probe
from blur.media.open.read import Reader
from blur.media.open.seek import Seeker, glimpses
from blur.media.traces.ebml import Element, elements
from blur.settings import OnResize, OutputSettings

FAST = OutputSettings(preset="ultrafast", crf=12)
PICTURES = 8


def part(path: Path, **kinds) -> bytes:
    times = tuple(i * 3600 for i in range(PICTURES))
    recipe = Recipe(".ts", pts=times, time_base=Fraction(1, 90000), options={"bf": "2"}, **kinds)
    return make(path, recipe).read_bytes()


def joined(tmp_path: Path, first: dict, second: dict) -> Path:
    path = tmp_path / "joined.ts"
    path.write_bytes(part(tmp_path / "a.ts", **first) + part(tmp_path / "b.ts", **second))
    return path


def gray(picture: av.VideoFrame) -> np.ndarray:
    return picture.to_ndarray(format="gray").astype(int)


def luma(picture: av.VideoFrame) -> np.ndarray:
    """The samples as they are: a decoder may give the last of a part the range of the next."""
    plane = picture.planes[0]
    rows = np.frombuffer(memoryview(plane), np.uint8).reshape(plane.height, plane.line_size)
    return rows[:, : plane.width].astype(int)


CHANGES = {
    "larger": ({}, {"width": 128, "height": 96}),
    "portrait": ({"width": 96, "height": 64}, {"width": 64, "height": 96}),
    "aspect": ({}, {"sar": Fraction(4, 3)}),
    "range": ({}, {"pix_fmt": "yuvj420p", "colour": (1, 1, 1, 2)}),
    "deeper": ({}, {"pix_fmt": "yuv420p10le"}),
}


@pytest.mark.parametrize("name", CHANGES)
def test_what_changes_midway_is_fitted_to_the_first_and_said(tmp_path, name):
    path = joined(tmp_path, *CHANGES[name])
    done = passed_through(path, tmp_path / "out", FAST)
    frames = decoded(done.written.path)
    assert len(frames) == 2 * PICTURES
    (note,) = [note for note in done.notes if "changes from" in note]
    assert f"at frame {PICTURES}" in note and f"{PICTURES} frames" in note
    first = CHANGES[name][0]
    assert {(f.width, f.height) for f in frames} == {
        (first.get("width", 64), first.get("height", 48))
    }
    source = decoded(path)
    for before, after in zip(source[:PICTURES], frames[:PICTURES], strict=True):
        assert np.abs(luma(before) - luma(after)).mean() < 6  # untouched by the change
    with pytest.raises(DecodeError, match=f"at frame {PICTURES}") as caught:
        list(Reader(path, probe(path), on_resize=OnResize.FAIL))
    assert "--on-resize" in caught.value.remedy


def test_a_turned_phone_keeps_its_shape_between_borders(tmp_path):
    path = joined(tmp_path, *CHANGES["portrait"])
    with Reader(path, probe(path)) as reader:
        late = [frame.picture for frame in reader][PICTURES:]
    for picture in late:
        shown = np.flatnonzero(gray(picture).max(0) > 30)
        assert abs(len(shown) - 64 * 64 / 96) <= 4
        assert abs((shown[0] + shown[-1]) / 2 - 48) < 3


def test_wide_pixels_midway_are_shown_wide(tmp_path):
    path = joined(tmp_path, *CHANGES["aspect"])
    with Reader(path, probe(path)) as reader:
        late = [frame.picture for frame in reader][PICTURES:]
    rows = [np.flatnonzero(gray(picture).max(1) > 30) for picture in late]
    assert all(abs(len(shown) - 48 * 3 / 4) <= 3 for shown in rows)


def test_range_midway_keeps_its_brightness(tmp_path):
    path = joined(tmp_path, *CHANGES["range"])
    with Reader(path, probe(path)) as reader:
        fitted = [frame.picture for frame in reader][PICTURES:]
    for before, after in zip(decoded(path)[PICTURES:], fitted, strict=True):
        difference = before.to_ndarray(format="rgb24").astype(int) - after.to_ndarray(
            format="rgb24"
        )
        assert np.abs(difference).mean() < 4


def test_every_way_of_reading_fits_alike(tmp_path):
    path = joined(tmp_path, *CHANGES["larger"])
    info = probe(path)
    with Reader(path, info) as reader:
        frames = [(f.pts, f.picture.to_ndarray(format="gray").tobytes()) for f in reader]
    with Seeker(path, info, [pts for pts, _ in frames]) as seeker:
        for index in (12, 2, 9):
            assert (
                seeker.frame(index).picture.to_ndarray(format="gray").tobytes() == frames[index][1]
            )


CROP = (6, 4, 10, 2)
"""Pixels at the left, top, right and bottom; odd chroma edges among the sides' sums."""


def element(number: int, value: int) -> bytes:
    return number.to_bytes(2, "big") + bytes([0x82]) + value.to_bytes(2, "big")


def grow(data: bytearray, place: Element, bytes_: int) -> None:
    """Add to an element's size, which stands before its content in as many bytes as it has."""
    width = next(w for w in range(1, 9) if data[place.start - w] >> (8 - w) == 1)
    size = place.end - place.start + bytes_
    data[place.start - width : place.start] = (size | 1 << 7 * width).to_bytes(width, "big")


def cropped_matroska(path: Path, crop: tuple[int, ...]) -> Path:
    """A film with PixelCrop, in room taken from a Void element before its tracks."""
    data = bytearray(make(path, Recipe(".mkv", options={"bf": "0", "g": "4"})).read_bytes())
    left, top, right, bottom = crop
    sides = (0x54CC, left), (0x54BB, top), (0x54DD, right), (0x54AA, bottom)
    fields = b"".join(element(number, value) for number, value in sides)
    with path.open("rb") as file:
        segment = next(e for e in elements(file, 0, len(data)) if e.id == 0x18538067)
        inside = {e.id: e for e in elements(file, segment.start, segment.end)}
        void, tracks = inside[0xEC], inside[0x1654AE6B]
        entry = next(e for e in elements(file, tracks.start, tracks.end) if e.id == 0xAE)
        video = next(e for e in elements(file, entry.start, entry.end) if e.id == 0xE0)
    for place in (tracks, entry, video):
        grow(data, place, len(fields))
    grow(data, void, -len(fields))
    data[video.start : video.start] = fields
    del data[void.end - len(fields) : void.end]
    path.write_bytes(data)
    return path


def cropped_mp4(path: Path, crop: tuple[int, ...]) -> Path:
    """A film with a clean aperture (clap)."""
    data = bytearray(make(path, Recipe(options={"bf": "0", "g": "4"})).read_bytes())
    left, top, right, bottom = crop
    width, height = 64 - left - right, 48 - top - bottom
    numbers = (width, 1, height, 1, left - right, 2, top - bottom, 2)
    box = struct.pack(">I4s8i", 40, b"clap", *numbers)
    at = data.index(b"avcC") - 4
    for name in (b"moov", b"trak", b"mdia", b"minf", b"stbl", b"stsd", b"avc1"):
        start = data.index(name) - 4
        size = int.from_bytes(data[start : start + 4], "big") + len(box)
        data[start : start + 4] = size.to_bytes(4, "big")
    path.write_bytes(data[:at] + box + data[at:])
    return path


@pytest.mark.parametrize("crop", [CROP, (0, 0, 0, 8), (3, 1, 0, 0)])
@pytest.mark.parametrize("container", ["mkv", "mp4"])
def test_what_is_not_shown_is_not_there(tmp_path, container, crop):
    craft = cropped_matroska if container == "mkv" else cropped_mp4
    path = craft(tmp_path / f"clip.{container}", crop)
    left, top, right, bottom = crop
    info = probe(path)
    assert (info.width, info.height) == (64 - left - right, 48 - top - bottom)
    done = passed_through(path, tmp_path / "out", FAST)
    before, after = decoded(path), decoded(done.written.path)
    assert len(before) == len(after) == 12
    for stored, shown in zip(before, after, strict=True):
        expected = gray(stored)[top : 48 - bottom, left : 64 - right]
        assert np.abs(expected - gray(shown)).mean() < 6
    with Reader(path, info) as reader:
        frames = [(f.pts, f.picture.to_ndarray(format="gray").tobytes()) for f in reader]
    with Seeker(path, info, [pts for pts, _ in frames]) as seeker:
        assert seeker.frame(7).picture.to_ndarray(format="gray").tobytes() == frames[7][1]
    assert {(p.width, p.height) for _, p in glimpses(path, info, 3, short=0)} == {
        (info.width, info.height)
    }
