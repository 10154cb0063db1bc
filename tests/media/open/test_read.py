from __future__ import annotations

import dataclasses
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest
from footage import RECIPES, Recipe, make, picture
from passing import decoded, passed_through

from blur.errors import BlurError, DecodeError
from blur.media.atoms import atoms
from blur.media.open.probe import probe
from blur.media.open.read import Reader
from blur.settings import AudioMode, OnResize, OutputSettings
from blur.settings.cores import ALLOTTED_CORES


def frames_of(path: Path, **options) -> tuple[list, Reader]:
    with Reader(path, probe(path), **options) as reader:
        return [(f.index, f.pts, f.duration) for f in reader], reader


def mux_packets(path: Path, times: list[int | None], codec: str = "mjpeg") -> Path:
    """A Matroska file with packets at these times, in milliseconds."""
    recipe = Recipe(pix_fmt="yuvj420p")
    encoder = av.CodecContext.create(codec, "w")
    encoder.width, encoder.height, encoder.pix_fmt = 64, 48, "yuvj420p"
    encoder.time_base = Fraction(1, 1000)
    with av.open(str(path), "w") as container:
        stream = container.add_mux_stream(codec, rate=25, width=64, height=48)
        stream.time_base = Fraction(1, 1000)
        for index, pts in enumerate(times):
            frame = picture(recipe, index)
            frame.pts = index
            (packet,) = encoder.encode(frame)
            packet.stream, packet.time_base = stream, Fraction(1, 1000)
            packet.pts, packet.dts = pts, min(index, pts or 0)
            container.mux(packet)
    return path


def test_doubled_and_backward_times_are_moved_on_and_reported(tmp_path):
    path = mux_packets(tmp_path / "clip.mkv", [0, 40, 40, 80, 60, 120])
    found, reader = frames_of(path)
    assert [pts for _, pts, _ in found] == [0, 40, 41, 80, 81, 120]
    assert reader.notes == ["2 frames were doubled or out of order in time: moved on"]


def test_missing_times_are_filled_in_and_reported(tmp_path):
    path = make(tmp_path / "clip.h264", dataclasses.replace(RECIPES["raw"], options={"bf": "2"}))
    found, _ = frames_of(path)
    info = probe(path)
    seconds = [pts * info.time_base for _, pts, _ in found]
    assert seconds == [Fraction(i, 25) for i in range(6)]


def test_frames_that_an_edit_list_hides_stay_hidden(tmp_path):
    path = make(tmp_path / "clip.mp4", dataclasses.replace(RECIPES["plain"], options={"bf": "0"}))
    data = bytearray(path.read_bytes())
    with path.open("rb") as file:
        at, end = 0, len(data)
        for name in ("moov", "trak", "edts", "elst"):
            at, end = next((a.start, a.end) for a in atoms(file, at, end) if a.type == name)
    entry = at + 8  # one edit of version 0: how long, from where, how fast
    data[entry + 4 : entry + 8] = (3 * 512).to_bytes(4, "big")
    path.write_bytes(data)
    found, reader = frames_of(path)
    assert len(found) == 9 and reader.damaged == 0
    assert reader.notes == ["3 frames are hidden by the clip's edit list"]
    shown = [p.to_ndarray(format="gray") for p in _pictures(path)]
    assert np.abs(shown[0].astype(int) - _luma(Recipe(), 3)).mean() < 8


def _pictures(path: Path) -> list[av.VideoFrame]:
    with Reader(path, probe(path)) as reader:
        return [f.picture for f in reader]


def _luma(recipe: Recipe, index: int) -> np.ndarray:
    return picture(recipe, index).to_ndarray(format="gray").astype(int)


def test_negative_times_are_shifted_to_zero(tmp_path):
    path = tmp_path / "clip.mkv"
    make(path, dataclasses.replace(RECIPES["vfr-mkv"], options={"bf": "0"}))
    info = dataclasses.replace(probe(path), shift=50)
    with Reader(path, info) as reader:
        assert next(reader).pts == 50


def test_what_is_left_of_a_clip_can_be_had_on_request(tmp_path):
    recipe = dataclasses.replace(
        RECIPES["plain"], muxer={"movflags": "faststart"}, options={"bf": "0", "g": "4"}
    )
    path = make(tmp_path / "clip.mp4", recipe)
    data = path.read_bytes()
    path.write_bytes(data[: int(len(data) * 0.7)])
    found, reader = frames_of(path, max_damaged=12)
    assert 0 < len(found) < 12
    assert reader.damaged >= 12 - len(found)
    assert any("LOST" in note or "DAMAGED" in note for note in reader.notes)


def _corrupt(path: Path, tmp_path: Path) -> Path:
    """A copy with zeros over the middle of the coded pictures."""
    data = bytearray(path.read_bytes())
    middle = len(data) // 2
    data[middle : middle + 3000] = bytes(3000)
    broken = tmp_path / f"broken{path.suffix}"
    broken.write_bytes(data)
    return broken


def test_damage_in_the_middle_is_counted_against_the_limit(tmp_path):
    recipe = dataclasses.replace(
        RECIPES["plain"], width=160, height=120, options={"g": "4", "bf": "0"}
    )
    broken = _corrupt(make(tmp_path / "clip.mp4", recipe), tmp_path)
    with pytest.raises(DecodeError, match="damaged or lost") as caught:
        frames_of(broken)
    assert "--max-damaged" in caught.value.remedy
    found, reader = frames_of(broken, max_damaged=12)
    assert 12 - len(found) <= reader.damaged <= 12
    with pytest.raises(DecodeError):
        frames_of(broken, max_damaged=reader.damaged - 1)


@pytest.mark.parametrize("codec", ["libx264", "libvpx"])
def test_a_damaged_clip_shows_the_same_pictures_on_any_machine(codec, tmp_path, monkeypatch):
    """Decoders guess at what is damaged, by what their threads have finished at that moment."""
    times = tuple(range(0, 36 * 512, 512))
    recipe = Recipe(".mkv", codec, width=320, height=240, pts=times, options={"g": "12"})
    data = make(tmp_path / "clip.mkv", recipe).read_bytes()
    rng = np.random.default_rng(7)
    monkeypatch.setattr("blur.settings.cores._machine_cores", lambda: 64)
    broken, differ = tmp_path / "broken.mkv", 0
    for _ in range(6):
        at = int(rng.integers(len(data) // 4, len(data) * 3 // 4))
        broken.write_bytes(data[:at] + rng.bytes(80) + data[at + 80 :])
        shown = []
        for cores in (1, 2, 4):
            monkeypatch.setenv(ALLOTTED_CORES, str(cores))
            with Reader(broken, probe(broken), max_damaged=36) as reader:
                pictures = [f.picture.to_ndarray() for f in reader]
            shown.append((hash(b"".join(p.tobytes() for p in pictures)), reader.damaged))
        differ += len(set(shown)) > 1
    assert not differ


def test_a_clip_cut_from_the_middle_of_an_open_gop(tmp_path):
    """Pictures that refer to frames cut away are noted, not counted as damage."""
    source = make(tmp_path / "whole.mp4", RECIPES["open-gop"])
    path = tmp_path / "cut.mkv"
    with av.open(str(source)) as whole, av.open(str(path), "w") as container:
        stream = container.add_stream_from_template(whole.streams.video[0])
        keys = 0
        for packet in whole.demux(whole.streams.video[0]):
            keys += packet.is_keyframe
            if packet.size and keys >= 4:
                packet.stream = stream
                container.mux(packet)
    found, reader = frames_of(path)
    assert reader.damaged == 0
    assert len(found) == 2
    assert reader.notes == ["2 frames before the first key frame cannot be decoded"]


def test_a_picture_that_changes_its_size_is_refused_on_request(tmp_path):
    small = make(tmp_path / "small.h264", RECIPES["raw"])
    large = make(tmp_path / "large.h264", dataclasses.replace(RECIPES["raw"], width=96, height=64))
    both = tmp_path / "both.h264"
    both.write_bytes(small.read_bytes() + large.read_bytes())
    with pytest.raises(DecodeError, match="changes from 64x48"):
        frames_of(both, on_resize=OnResize.FAIL)
    found, reader = frames_of(both)
    assert len(found) == 12 and any("fitted to the first" in note for note in reader.notes)


def test_deinterlacing_keeps_frames_and_times(tmp_path):
    path = make(tmp_path / "clip.mp4", RECIPES["interlaced"])
    plain, _ = frames_of(path)
    with Reader(path, probe(path), deinterlace=True) as reader:
        frames = list(reader)
    assert [(f.index, f.pts, f.duration) for f in frames] == plain
    assert not any(f.picture.interlaced_frame for f in frames)
    assert "deinterlaced" in reader.notes


def test_a_zero_sized_packet_is_not_the_end(tmp_path):
    """An empty chunk of an AVI holds the last picture."""
    path = tmp_path / "clip.avi"
    recipe = Recipe(codec="mpeg4")
    encoder = av.CodecContext.create("mpeg4", "w")
    encoder.width, encoder.height, encoder.pix_fmt = 64, 48, "yuv420p"
    encoder.time_base = Fraction(1, 25)
    with av.open(str(path), "w") as container:
        stream = container.add_mux_stream("mpeg4", rate=25, width=64, height=48)
        stream.time_base = Fraction(1, 25)
        for index, dts in enumerate([0, 1, 4, 5]):  # the muxer fills the gap with empty chunks
            frame = picture(recipe, index)
            frame.pts = index
            for packet in encoder.encode(frame):
                packet.stream, packet.time_base = stream, Fraction(1, 25)
                packet.pts = packet.dts = dts
                container.mux(packet)
    found, reader = frames_of(path)
    assert [pts for _, pts, _ in found] == [0, 1, 4, 5]
    assert reader.damaged == 0


@pytest.mark.parametrize(
    ("name", "offset", "bit"),
    [
        pytest.param("vfr-mkv", 4, 3, id="H.264, a delimiter's type"),
        pytest.param("hlg", 4, 6, id="HEVC, a parameter set's type"),
        pytest.param("vfr-mkv", -7, 2, id="Matroska, another element's id"),
        pytest.param("mpeg4-avi", 5, 5, id="MPEG-4, not coded"),
    ],
)
def test_a_picture_that_a_turned_bit_hides_is_a_loss(name, offset, bit, tmp_path):
    recipe = RECIPES[name]
    path = make(tmp_path / f"clip{recipe.suffix}", recipe)
    with av.open(str(path)) as container:
        packet = [bytes(p) for p in container.demux(video=0) if p.size][4]
    data = bytearray(path.read_bytes())
    data[data.index(packet) + offset] ^= 1 << bit
    path.write_bytes(data)
    with pytest.raises(DecodeError):
        frames_of(path)


@pytest.mark.slow
@pytest.mark.parametrize("name", ["plain", "vfr-mkv", "mpeg4-avi"])
@pytest.mark.parametrize("harm", ["cut", "flip"])
def test_no_damage_goes_unseen_hangs_or_crashes(name, harm, tmp_path):
    """Cut at 200 places or with one bit of 200 turned: whole, or a clear failure."""
    recipe = RECIPES[name]
    source = make(tmp_path / f"clip{recipe.suffix}", recipe)
    data = source.read_bytes()
    rng = np.random.default_rng(7)
    broken = tmp_path / f"broken{recipe.suffix}"
    outcomes = []
    for _ in range(200):
        harmed = bytearray(data)
        at = int(rng.integers(1, len(data)))
        if harm == "cut":
            del harmed[at:]
        else:
            harmed[at] ^= 1 << int(rng.integers(8))
        broken.write_bytes(harmed)
        try:
            found, reader = frames_of(broken)
        except BlurError as error:
            assert broken.name in str(error) and error.remedy
            outcomes.append("failed")
        else:
            assert reader.damaged == 0
            assert len(found) == len(recipe.pts) or reader.notes
            outcomes.append("whole")
    assert outcomes.count("failed") >= (190 if harm == "cut" else 10)


@pytest.mark.slow
def test_a_damaged_clip_gives_a_whole_output_or_none(tmp_path):
    recipe = dataclasses.replace(RECIPES["late-sound"], muxer={"movflags": "faststart"})
    data = make(tmp_path / "clip.mp4", recipe).read_bytes()
    rng = np.random.default_rng(11)
    settings = OutputSettings(preset="ultrafast", audio=AudioMode.KEEP)
    broken, out = tmp_path / "broken.mp4", tmp_path / "out.mp4"
    for _ in range(80):
        harmed = bytearray(data)
        harmed[int(rng.integers(len(data)))] ^= 1 << int(rng.integers(8))
        broken.write_bytes(harmed)
        out.unlink(missing_ok=True)
        try:
            done = passed_through(broken, tmp_path, settings)
        except BlurError as error:
            assert error.remedy and not out.exists()
        else:
            assert len(decoded(out)) == done.written.frames
        assert not list(tmp_path.glob(".*.part"))
