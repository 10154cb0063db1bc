"""Headers that promise more than the file holds, or less, or at another rate."""

from __future__ import annotations

import io
from fractions import Fraction
from pathlib import Path

import av
import pytest
from footage import Recipe, make, picture, tone
from passing import decoded, passed_through
from PIL import Image

from blur.media.open.probe import probe
from blur.media.open.read import Reader
from blur.media.open.seek import Seeker, glimpses
from blur.media.open.timetable import timetable
from blur.media.traces.file_traces import traces_in_file
from blur.settings import AudioMode, Codec, OutputSettings

FAST = OutputSettings(preset="ultrafast", audio=AudioMode.KEEP)


def read_through(path: Path) -> tuple[list[Fraction], list[str]]:
    """Seconds of all frames, and the reader's notes."""
    info = probe(path)
    with Reader(path, info) as reader:
        return [frame.pts * info.time_base for frame in reader], reader.notes


def piped_avi(path: Path, frames: int, promised: int) -> Path:
    """An AVI file as a program writes it that cannot go back to fill in its header."""
    recipe = Recipe(
        ".avi", "mjpeg", "yuvj420p", time_base=Fraction(1, 25), pts=tuple(range(frames))
    )
    data = bytearray(make(path, recipe).read_bytes())
    data[4:8] = b"\xff\xff\xff\xff"
    at = data.index(b"avih") + 8 + 16
    data[at : at + 4] = promised.to_bytes(4, "little")
    at = data.index(b"strh") + 8 + 32
    data[at : at + 4] = promised.to_bytes(4, "little")
    path.write_bytes(data[: data.rindex(b"idx1")])
    return path


@pytest.mark.parametrize("promised", [1 << 30, 100_000, 600])
def test_a_count_beyond_the_files_size_is_counted_again(tmp_path, promised):
    info = probe(piped_avi(tmp_path / "clip.avi", 12, promised))
    assert info.frames == 12
    assert info.duration == Fraction(12, 25)


def digital_video(path: Path, frames: int) -> Path:
    """A raw DV stream, as camcorders gave it over a wire."""
    recipe = Recipe(width=720, height=576)
    with av.open(str(path), "w", format="dv") as container:
        stream = container.add_stream("dvvideo", rate=25)
        stream.width, stream.height, stream.pix_fmt = 720, 576, "yuv420p"
        sound = container.add_stream("pcm_s16le", rate=48000, layout="stereo")
        resampler = av.AudioResampler("s16", "stereo", 48000)
        for index in range(frames):
            frame = picture(recipe, index)
            frame.pts = index
            container.mux(stream.encode(frame))
            for heard in resampler.resample(tone(index * 1920, 1920, 48000, "stereo")):
                heard.pts = index * 1920
                container.mux(sound.encode(heard))
        container.mux(stream.encode(None))
    return path


def test_the_rate_of_raw_dv_is_its_pictures(tmp_path):
    path = digital_video(tmp_path / "clip.dv", 8)
    assert probe(path).rate == 25
    done = passed_through(path, tmp_path / "out", FAST)
    assert [f.pts * f.time_base for f in decoded(done.written.path)] == [
        Fraction(i, 25) for i in range(8)
    ]


def test_a_raw_stream_has_the_rate_of_its_own_headers(tmp_path):
    recipe = Recipe(".h264", time_base=Fraction(1, 30), rate=30, pts=tuple(range(9)))
    path = make(tmp_path / "clip.h264", recipe)
    assert read_through(path)[0] == [Fraction(i, 30) for i in range(9)]


def parameter_sets_first(path: Path) -> Path:
    """A film whose first packet holds SPS and PPS alone, as some Xperia phones write it."""
    source = make(path.with_name("plain.h264"), Recipe(".h264", options={"bf": "0"}))
    with av.open(str(source)) as container:
        packets = [bytes(p) for p in container.demux() if p.size]
    first = packets[0]
    slice_at = first.index(b"\0\0\1\x65")
    start = slice_at - (first[slice_at - 1] == 0)
    packets[:1] = [first[:start], first[start:]]
    with av.open(str(path), "w") as container:
        stream = container.add_mux_stream("h264", rate=25, width=64, height=48)
        stream.time_base = Fraction(1, 12800)
        for index, data in enumerate(packets):
            packet = av.Packet(data)
            packet.stream, packet.time_base = stream, Fraction(1, 12800)
            packet.pts = packet.dts = 512 * index
            packet.is_keyframe = index < 2
            container.mux(packet)
    return path


@pytest.mark.parametrize("suffix", [".mkv", ".mp4", ".avi"])
def test_a_packet_without_samples_is_no_lost_picture(tmp_path, suffix):
    path = parameter_sets_first(tmp_path / f"clip{suffix}")
    times, notes = read_through(path)
    assert len(times) == 12 and notes == [] and times[0] == 0
    info = probe(path)
    table = timetable(path, info, lambda _: None)
    if table is not None:
        assert [pts * info.time_base for pts in table.pts] == times
    with Seeker(path, info, [round(t / info.time_base) for t in times]) as seeker:
        assert seeker.frame(7).index == 7
    assert len(list(glimpses(path, info, 3, short=0))) >= 1


def test_fragments_that_no_player_shows_are_said(tmp_path):
    """FFmpeg discards a fragment whose decode time is that of the first."""
    muxer = {"movflags": "frag_keyframe+empty_moov+default_base_moof"}
    options = {"bf": "0", "g": "4", "sc_threshold": "0"}
    path = make(tmp_path / "clip.mp4", Recipe(options=options, muxer=muxer))
    assert len(read_through(path)[0]) == 12
    data = bytearray(path.read_bytes())
    at = data.find(b"tfdt")
    while at >= 0:
        data[at + 8 : at + 16] = bytes(8)
        at = data.find(b"tfdt", at + 4)
    path.write_bytes(data)
    times, notes = read_through(path)
    assert len(times) == 4 and notes == ["8 frames lie behind the clip's clock"]


def exif_film(path: Path, frames: int) -> Path:
    """JPEGs with EXIF as a film, as cameras write time lapses."""
    exif = Image.Exif()
    exif[0x010F] = "maker"
    with av.open(str(path), "w") as container:
        stream = container.add_mux_stream("mjpeg", rate=12, width=64, height=48)
        stream.time_base = Fraction(1, 12288)
        for index in range(frames):
            buffer = io.BytesIO()
            picture(Recipe(), index).to_image().save(buffer, "JPEG", exif=exif)
            packet = av.Packet(buffer.getvalue())
            packet.stream, packet.time_base = stream, Fraction(1, 12288)
            packet.pts = packet.dts = 1024 * index
            packet.is_keyframe = True
            container.mux(packet)
    return path


def test_data_of_unknown_kind_is_named_by_number(tmp_path):
    info = probe(exif_film(tmp_path / "clip.mov", 3))
    assert [note for note in info.notes if "unknown kind" in note and "31" in note]
    assert len(read_through(info.path)[0]) == 3


def without_first_sync(path: Path) -> Path:
    """An MP4 whose table of key frames begins at a later one: players cannot seek to its start."""
    data = bytearray(
        make(path, Recipe(options={"bf": "0", "g": "6", "sc_threshold": "0"})).read_bytes()
    )
    at = data.index(b"stss") + 8
    assert data[at : at + 12] == bytes.fromhex("00000002 00000001 00000007")
    data[at : at + 12] = bytes.fromhex("00000001 00000007 00000007")
    path.write_bytes(data)
    return path


@pytest.mark.parametrize("name", ["raw", "late key"])
def test_a_film_that_cannot_be_sought_in_is_read_from_its_start(tmp_path, name):
    if name == "raw":
        path = make(tmp_path / "clip.h264", Recipe(".h264", time_base=Fraction(1, 25)))
    else:
        path = without_first_sync(tmp_path / "clip.mp4")
    info = probe(path)
    with Reader(path, info) as reader:
        expected = [(f.pts, f.picture.to_ndarray().tobytes()) for f in reader]
    assert len(expected) == 12
    with Seeker(path, info, [pts for pts, _ in expected]) as seeker:
        for index in (11, 3, 0, 7):
            frame = seeker.frame(index)
            assert (frame.pts, frame.picture.to_ndarray().tobytes()) == expected[index]
    assert [time for time, _ in glimpses(path, info, 4, short=0)]
    assert traces_in_file(path).tracks


@pytest.mark.parametrize(
    ("suffix", "codec", "rate"),
    [(".avi", "mpeg4", 24), (".mxf", "mpeg2video", 24), (".avi", "mjpeg", 30)],
)
def test_archive_files_take_any_clock(tmp_path, suffix, codec, rate):
    """Matroska counts milliseconds; a clock of frames is coarser, and fits it as little."""
    times = tuple(range(12))
    full = "yuvj420p" if codec == "mjpeg" else "yuv420p"
    path = make(
        tmp_path / f"clip{suffix}",
        Recipe(suffix, codec, full, 128, 96, times, Fraction(1, rate), rate),
    )
    done = passed_through(path, tmp_path / "out", OutputSettings(codec=Codec.FFV1))
    assert any("rounded" in note for note in done.written.notes)
    shown = [f.pts * f.time_base for f in decoded(done.written.path)]
    assert all(abs(t - Fraction(i, rate)) <= Fraction(1, 2000) for i, t in enumerate(shown))
