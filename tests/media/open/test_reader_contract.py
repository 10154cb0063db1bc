"""Every way to read a clip gives the frames that PyAV decodes: all, in order, at their times."""

from __future__ import annotations

import dataclasses
import itertools
from collections.abc import Generator, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import av
import numpy as np
import pillow_heif
import pytest
from footage import RECIPES, make
from passing import decoded, photograph, planes
from PIL import Image

from blur.errors import DecodeError
from blur.media.open.clip_info import ClipInfo
from blur.media.open.probe import probe
from blur.media.open.read import Frame
from blur.media.open.readers import open_reader
from blur.media.open.seek import Seeker, wanted_frames

FILMS = "plain vfr vfr-mkv b-frames starts-late one-frame open-gop interlaced 422-10 odd rgb hevc-8"
FILMS += " mpeg4-avi mjpeg mpeg2 vp9 av1 wmv gif flv ts m2ts raw 240fps late-sound mkv-all"
PHOTOGRAPHS = ["photo.png", "photo.jpg", "photo.tif", "photo.webp", "photo.heic", "photo.avif"]
CLIPS = [*FILMS.split(), *PHOTOGRAPHS]


@contextmanager
def reading(path: Path, info: ClipInfo, pts: list[int]) -> Generator[Iterator[Frame]]:
    with open_reader(path, info) as reader:
        yield reader


@contextmanager
def seeking(path: Path, info: ClipInfo, pts: list[int]) -> Generator[Iterator[Frame]]:
    with Seeker(path, info, pts) as seeker:
        yield (seeker.frame(index) for index in range(len(pts)))


def wanting(path: Path, info: ClipInfo, pts: list[int]) -> closing[Generator[Frame]]:
    return closing(wanted_frames(path, info, pts, lambda index: True))


def wanting_settled(path: Path, info: ClipInfo, pts: list[int]) -> closing[Generator[Frame]]:
    return closing(wanted_frames(path, info, pts, lambda index: True, settled=True))


WAYS = (reading, seeking, wanting, wanting_settled)
every_way = pytest.mark.parametrize("way", WAYS)


@pytest.fixture(scope="module")
def clip(request, tmp_path_factory) -> Path:
    name, folder = request.param, tmp_path_factory.mktemp("clip")
    if name in RECIPES:
        return make(folder / f"{name}{RECIPES[name].suffix}", RECIPES[name])
    pixels = (
        np.random.default_rng(1).integers(0, 256, (6, 8, 3), np.uint8).repeat(8, 0).repeat(8, 1)
    )
    image = Image.fromarray(pixels)
    if name.endswith(".heic"):
        pillow_heif.from_pillow(image).save(folder / name)
    else:
        image.save(folder / name)
    return folder / name


def expected(path: Path, info: ClipInfo) -> list[tuple[int, int, str]]:
    """(pts, duration, hash of the samples) of every frame; raw streams have 25 frames a second."""
    if info.still:
        picture = av.VideoFrame.from_ndarray(np.asarray(photograph(path).convert("RGB")))
        return [(0, 1, planes(picture))]
    step = round(1 / (25 * info.time_base))
    return [
        (index * step if f.pts is None else f.pts + info.shift, f.duration or 0, planes(f))
        for index, f in enumerate(decoded(path))
    ]


@every_way
@pytest.mark.parametrize("clip", CLIPS, indirect=True)
def test_the_frames_are_those_that_pyav_decodes(clip, way):
    info = probe(clip)
    right = expected(clip, info)
    stored = info.orientation.stored_width, info.orientation.stored_height, info.pix_fmt
    found = []
    with way(clip, info, [pts for pts, _, _ in right]) as frames:
        for frame in frames:
            picture = frame.picture
            assert (picture.width, picture.height, picture.format.name) == stored
            if way is reading:  # after a seek, FFmpeg may know durations that it did not before
                assert frame.duration == right[frame.index][1]
            found.append((frame.index, frame.pts, planes(picture)))
    assert found == [(index, pts, look) for index, (pts, _, look) in enumerate(right)]
    assert all(pts > before for (_, before, _), (_, pts, _) in itertools.pairwise(found))


@pytest.mark.parametrize("clip", [name for name in CLIPS if name != "raw"], indirect=True)
def test_a_whole_clip_has_no_damage_and_nothing_to_note(clip):
    with open_reader(clip, probe(clip)) as reader:
        assert list(reader)
        assert (reader.damaged, reader.notes) == (0, [])


def is_open(path: Path) -> bool:
    links = Path("/proc/self/fd")
    return any(link.exists() and link.samefile(path) for link in links.iterdir())


@every_way
@pytest.mark.parametrize("clip", ["plain", "photo.png"], indirect=True)
def test_leaving_early_closes_the_file(clip, way):
    if not Path("/proc/self/fd").exists():
        pytest.skip("needs a list of open files")
    info = probe(clip)
    with way(clip, info, [pts for pts, _, _ in expected(clip, info)]) as frames:
        assert next(frames).index == 0
        assert is_open(clip) != info.still
    assert not is_open(clip)
    if way is not seeking:
        assert list(frames) == []


@pytest.mark.parametrize(
    ("way", "kept"),
    # Without its last bytes a clip may still hold all its pictures, which a seek then finds.
    [(reading, 0.99), *itertools.product(WAYS, (0.3, 0.6, 0.9))],
)
@pytest.mark.parametrize("suffix", [".mp4", ".mkv", ".avi", ".ts"])
def test_a_clip_cut_off_fails_with_its_name_and_a_remedy(tmp_path, suffix, way, kept):
    recipe = {
        ".mp4": dataclasses.replace(RECIPES["plain"], muxer={"movflags": "faststart"}),
        ".mkv": RECIPES["vfr-mkv"],
        ".avi": RECIPES["mpeg4-avi"],
        ".ts": dataclasses.replace(RECIPES["ts"], width=320, height=240),
    }[suffix]
    path = make(tmp_path / f"clip{suffix}", recipe)
    pts = [row[0] for row in expected(path, probe(path))]
    data = path.read_bytes()
    # An odd length: a transport stream that ends with a whole packet ends like any other.
    path.write_bytes(data[: int(len(data) * kept) | 1])
    with pytest.raises(DecodeError) as caught, way(path, probe(path), pts) as frames:
        list(frames)
    assert path.name in str(caught.value) and caught.value.remedy
    assert str(tmp_path) not in str(caught.value)
