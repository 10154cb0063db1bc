from __future__ import annotations

import random
import struct
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from blur.errors import DecodeError
from blur.media.open.probe import probe
from blur.media.open.readers import open_reader
from blur.media.open.seek import Seeker, glimpses, wanted_frames
from blur.media.open.timetable import timetable


def film(path: Path, codec: str, gaps: list[int], **options: str) -> None:
    """A clip whose frames differ in brightness, `gaps` milliseconds apart."""
    with av.open(path, "w") as container:
        stream = container.add_stream(codec, 30)
        stream.width, stream.height = 64, 48
        stream.pix_fmt = "yuv422p10le" if codec == "prores_ks" else "yuv420p"
        stream.time_base = stream.codec_context.time_base = Fraction(1, 1000)
        stream.options = options
        pts = 0
        for index, gap in enumerate(gaps):
            picture = np.full((48, 64, 3), 20 + index * 7 % 200, np.uint8)
            frame = av.VideoFrame.from_ndarray(picture, "rgb24")
            frame.pts, frame.time_base = pts, Fraction(1, 1000)
            pts += gap
            container.mux(stream.encode(frame))
        container.mux(stream.encode())


def look(picture: av.VideoFrame) -> int:
    return round(float(picture.to_ndarray(format="gray").mean()))


def read(path: Path) -> list[tuple[int, int]]:
    with open_reader(path, probe(path)) as reader:
        return [(frame.pts, look(frame.picture)) for frame in reader]


def keys(path: Path) -> list[int]:
    """The frames that a file calls key frames."""
    found = timetable(path, probe(path), lambda _: None)
    assert found is not None
    return found.keys


def leads(path: Path) -> list[int]:
    """The frames that are decoded on the way to each frame."""
    pts = [time for time, _ in read(path)]
    with Seeker(path, probe(path), pts) as seeker:
        return [seeker.lead(index) for index in range(len(pts))]


def assert_every_frame_is_found(path: Path, order: list[int] | None = None) -> None:
    frames = read(path)
    order = order or random.Random(1).sample(range(len(frames)), len(frames))
    with Seeker(path, probe(path), [pts for pts, _ in frames]) as seeker:
        for index in order:
            found = seeker.frame(index)
            assert (found.index, found.pts, look(found.picture)) == (index, *frames[index])


@pytest.mark.parametrize(
    ("name", "codec", "options"),
    [
        ("a.mp4", "libx264", {"g": "12", "bf": "3"}),
        ("a.mkv", "libx265", {"x265-params": "keyint=10:open-gop=1:bframes=4:log-level=none"}),
        ("a.avi", "mpeg4", {"g": "12"}),
        ("a.mov", "prores_ks", {}),
        ("a.ts", "libx264", {"g": "12"}),
    ],
)
def test_a_frame_by_its_index_is_the_readers(
    tmp_path: Path, name: str, codec: str, options: dict[str, str]
) -> None:
    path = tmp_path / name
    film(path, codec, [40] * 60, **options)
    assert_every_frame_is_found(path)
    lead = [index - max(key for key in keys(path) if key <= index) for index in range(60)]
    if name == "a.ts":  # whose packets are sought by the times of their decoding
        assert max(leads(path)) <= 32 + 12
    else:
        assert leads(path) == lead


def without_sync_samples(path: Path) -> None:
    """An MP4 that leaves out the list of its key frames says that all are."""
    content = path.read_bytes()
    assert content.count(b"stss") == 1
    path.write_bytes(content.replace(b"stss", b"free"))


def with_all_flags(path: Path) -> None:
    """An AVI whose index calls every frame a key frame."""
    content = bytearray(path.read_bytes())
    start = content.rindex(b"idx1")
    (size,) = struct.unpack_from("<I", content, start + 4)
    for entry in range(start + 8, start + 8 + size, 16):
        struct.pack_into("<I", content, entry + 4, 0x10)
    path.write_bytes(content)


@pytest.mark.parametrize(
    ("name", "codec", "falsified"),
    [
        ("a.mov", "mpeg4", without_sync_samples),
        ("a.avi", "msmpeg4", with_all_flags),
        ("a.avi", "wmv2", with_all_flags),
    ],
)
def test_a_frame_that_is_falsely_called_a_key_frame_is_the_readers(
    tmp_path: Path, name: str, codec: str, falsified: Callable[[Path], None]
) -> None:
    """Decoders of old codecs would show it on top of nothing, and not call it corrupt."""
    path = tmp_path / name
    film(path, codec, [40] * 60, g="25")
    true, frames = keys(path), read(path)
    falsified(path)
    assert read(path) == frames and len(keys(path)) == 60
    assert_every_frame_is_found(path, [40, 30, 50, 12, 0, 59])
    found = leads(path)
    assert [index for index in range(60) if found[index] == 0] == true


@settings(
    max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(st.lists(st.integers(1, 400), min_size=1, max_size=50), st.integers(1, 20))
def test_frames_of_a_varying_rate_are_found(tmp_path: Path, gaps: list[int], group: int) -> None:
    path = tmp_path / "a.mkv"
    film(path, "libx264", gaps, g=str(group), bf="2")
    assert_every_frame_is_found(path)


def test_real_clips_are_found_frame_by_frame(shared_facedata: Path) -> None:
    """Some of these containers have no proper times."""
    for path in sorted((shared_facedata / "video").rglob("*")):
        if path.stat().st_size < 2_000_000 and path.suffix in {".avi", ".gif", ".mkv", ".wmv"}:
            frames = len(read(path))
            assert_every_frame_is_found(path, [frames - 1, 0, frames // 2, frames // 2 - 1, 3])


def test_times_that_are_not_the_files_own_lead_to_counting(tmp_path: Path) -> None:
    path = tmp_path / "a.mp4"
    film(path, "libx264", [40] * 40, g="8")
    frames = read(path)
    pts = [t + (i > 20) for i, (t, _) in enumerate(frames)]
    with Seeker(path, probe(path), pts) as seeker:
        assert look(seeker.frame(15).picture) == frames[15][1]
        with pytest.raises(DecodeError, match="no frame 30"):
            seeker.frame(30)
        with pytest.raises(IndexError):
            seeker.frame(40)


def test_frames_on_the_way_are_given_as_well(tmp_path: Path) -> None:
    path = tmp_path / "a.mp4"
    film(path, "libx264", [40] * 40, g="10")
    frames = read(path)
    with Seeker(path, probe(path), [t for t, _ in frames]) as seeker:
        reached = seeker.reach(25, 4)
        assert [f.index for f in reached] == [22, 23, 24, 25]
        assert [look(f.picture) for f in reached] == [x for _, x in frames[22:26]]


@pytest.mark.parametrize(
    ("name", "codec", "options"),
    [
        ("a.mp4", "libx264", {"g": "12", "bf": "3", "b-pyramid": "normal"}),
        ("a.mkv", "libx265", {"x265-params": "keyint=10:open-gop=1:bframes=4:log-level=none"}),
        ("a.mov", "prores_ks", {}),
    ],
)
@settings(
    max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(wanted=st.sets(st.integers(0, 49)), settled=st.booleans())
def test_wanted_frames_are_the_readers(
    tmp_path: Path, name: str, codec: str, options: dict[str, str], wanted: set[int], settled: bool
) -> None:
    path = tmp_path / name
    if not path.exists():
        film(path, codec, [40] * 50, **options)
    frames = read(path)
    times = [pts for pts, _ in frames]
    found = wanted_frames(path, probe(path), times, wanted.__contains__, settled=settled)
    assert [(f.index, f.pts, look(f.picture)) for f in found] == [
        (index, *frames[index]) for index in sorted(wanted)
    ]


def test_non_reference_frames_are_skipped_unless_needed(tmp_path: Path) -> None:
    path = tmp_path / "a.mp4"
    film(path, "mpeg4", [40] * 60, g="60", bf="3")
    times = [pts for pts, _ in read(path)]
    counts = []
    for needed in (None, lambda index: index % 12 == 0):
        with Seeker(path, probe(path), times, needed) as seeker:
            counts.append(sum(len(seeker.reach(index, 60)) for index in range(0, 60, 12)))
    assert counts[0] == 49
    assert counts[1] <= 30


@pytest.mark.parametrize("frames", [1, 7, 400])
def test_glimpses_spread_over_the_whole_clip(tmp_path: Path, frames: int) -> None:
    path = tmp_path / "a.mp4"
    film(path, "libx264", [40] * frames, g="10")
    times = [at for at, _ in glimpses(path, probe(path), 10)]
    assert len(set(times)) == len(times) == min(frames, 10)
    assert min(times) == 0
    assert max(times) >= Fraction(4 * (frames - 1), 100) * Fraction(8, 10)


def test_glimpses_of_a_long_clip_spread_ever_finer(tmp_path: Path) -> None:
    path = tmp_path / "a.mp4"
    film(path, "libx264", [40] * 400, g="10")
    times = [float(at) for at, _ in glimpses(path, probe(path), 16, short=0)]
    assert len(set(times)) == len(times)
    assert times[:4] == pytest.approx([0, 8, 4, 12], abs=0.41)
