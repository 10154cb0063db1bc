from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest
from footage import RECIPES, Recipe, make
from passing import heard, likeness, passed_through

from blur.errors import DecodeError
from blur.media.open.probe import probe
from blur.settings import AudioMode, Codec, OutputSettings
from blur.settings.values import parse_spans

LONG = tuple(range(0, 50 * 512, 512))


@pytest.mark.parametrize(
    ("text", "spans"),
    [
        ("", ()),
        ("1:02-1:10", ((62, 70),)),
        ("0-2.5,1:00:00-1:00:01", ((0, 2.5), (3600, 3601))),
    ],
)
def test_spans(text, spans):
    assert parse_spans(text) == tuple((Fraction(a), Fraction(b)) for a, b in spans)


@pytest.mark.parametrize("codec", ["aac", "libmp3lame", "ac3", "pcm_s16le"])
def test_muted_spans_are_silent_and_the_rest_is_untouched(tmp_path, codec):
    suffix = ".mov" if codec.startswith("pcm") else ".mp4"
    source = make(tmp_path / f"clip{suffix}", Recipe(suffix=suffix, pts=LONG, audio=[(codec, 0)]))
    settings = OutputSettings(preset="ultrafast", mute="0.5-0.75,1.2-9")
    done = passed_through(source, tmp_path, settings)
    (old,), (new,) = heard(source), heard(done.written.path)
    at, new_at = round(old[0] * 48000), round(new[0] * 48000)
    edge = 2048  # samples of a window of AAC, which smears silence's edge
    for first, last in ((24000, 36000), (57600, 90000)):
        assert not new[1][:, first + edge - new_at : last - edge - new_at].any()
        assert np.abs(new[1][:, first - new_at : last - new_at]).max(initial=0) < 1500
        assert old[1][:, first - at : last - at].any()
    for first, last in ((1024, 24000 - edge), (36000 + edge, 57600 - edge)):
        before, after = (
            s[:, first - start : last - start] for start, s in ((at, old[1]), (new_at, new[1]))
        )
        assert likeness((Fraction(0), before), (Fraction(0), after)) > 0.99
    assert any("recoded" in note for note in done.written.notes)


def test_sound_that_no_mp4_can_hold_is_recoded_and_said_so(tmp_path):
    source = make(
        tmp_path / "clip.mkv",
        Recipe(
            suffix=".mkv",
            pts=tuple(range(0, 1000, 40)),
            time_base=Fraction(1, 1000),
            audio=[("libopus", 0)],
        ),
    )
    done = passed_through(
        source, tmp_path, OutputSettings(preset="ultrafast", audio=AudioMode.KEEP)
    )
    assert [track.codec for track in probe(done.written.path).audio] == ["aac"]
    assert any("recoded from opus to 256 kbit/s aac" in note for note in done.written.notes)
    (before,), (after,) = heard(source), heard(done.written.path)
    assert after[1].shape[1] > 40000
    assert likeness(before, after) > 0.99


KEEP = OutputSettings(preset="ultrafast", audio=AudioMode.KEEP)


def packets_of(path: Path) -> list[bytes]:
    with av.open(str(path)) as container:
        stream = container.streams.audio[0]
        return [bytes(p) for p in container.demux(stream) if p.size]


@pytest.mark.parametrize("codec", ["libmp3lame", "mp2"])
def test_copied_sound_is_the_same_to_the_sample(tmp_path, codec):
    source = make(tmp_path / "clip.mp4", Recipe(pts=LONG, audio=[(codec, 0)]))
    done = passed_through(source, tmp_path, KEEP)
    sizes = [[len(p) for p in packets_of(path)] for path in (source, done.written.path)]
    assert sizes[0] == sizes[1]
    (before,), (after,) = heard(source), heard(done.written.path)
    assert before[0] == after[0] and np.array_equal(before[1], after[1])
    assert done.written.notes == ()


@pytest.mark.parametrize("codec", ["ac3", "eac3"])
def test_dolby_is_recoded_and_said_so(tmp_path, codec):
    source = make(tmp_path / "clip.mp4", Recipe(pts=LONG, audio=[(codec, 0)]))
    done = passed_through(source, tmp_path, KEEP)
    (before,), (after,) = heard(source), heard(done.written.path)
    assert likeness(before, after) > 0.99
    assert any(f"recoded from {codec} to 256 kbit/s aac" in note for note in done.written.notes)


def test_pcm_of_four_channels_is_kept(tmp_path):
    recipe = Recipe(".mov", pts=LONG, audio=[("pcm_s16le", 0)], audio_layout="quad")
    source = make(tmp_path / "clip.mov", recipe)
    for codec in (Codec.H264, Codec.PRORES, Codec.FFV1):
        settings = OutputSettings(codec=codec, audio=AudioMode.KEEP)
        done = passed_through(source, tmp_path / codec, settings)
        (before,), (after,) = heard(source), heard(done.written.path)
        assert after[1].shape[0] == 4 and likeness(before, after) > 0.99


HIDDEN = b"SECRET-7f3a"


def behind(packet: bytes) -> bytes:
    return packet + HIDDEN


def data_element(packet: bytes) -> bytes:
    """A data stream element of AAC, aligned, before the sound's elements."""
    return bytes([0b100_0000_1, len(HIDDEN)]) + HIDDEN + packet


def second_fill(packet: bytes) -> bytes:
    """Two fill elements of AAC; the second's bytes are shifted by the elements' seven bits."""
    text = int.from_bytes(HIDDEN, "big")
    bits = (
        "110"
        + f"{1:04b}"
        + f"{0:08b}"
        + "110"
        + f"{len(HIDDEN):04b}"
        + f"{text:0{8 * len(HIDDEN)}b}"
    )
    bits += "".join(f"{byte:08b}" for byte in packet)
    bits += "0" * (-len(bits) % 8)
    return int(bits, 2).to_bytes(len(bits) // 8, "big")


def padded(packet: bytes) -> bytes:
    """An Opus packet of a single frame, with padding."""
    assert packet[0] & 3 == 0
    return bytes([packet[0] | 3, 0x41, len(HIDDEN)]) + packet[1:] + HIDDEN


HIDING = {
    "aac-behind": (".mp4", "aac", behind, Codec.H264),
    "aac-element": (".mp4", "aac", data_element, Codec.H264),
    "aac-fill": (".mp4", "aac", second_fill, Codec.H264),
    "aac-mov": (".mov", "aac", data_element, Codec.PRORES),
    "alac": (".mov", "alac", behind, Codec.PRORES),
    "ac3": (".mp4", "ac3", behind, Codec.H264),
    "eac3": (".mkv", "eac3", behind, Codec.H264),
    "mp3": (".mp4", "libmp3lame", behind, Codec.H264),
    "mp2": (".mp4", "mp2", behind, Codec.H264),
    "opus": (".mkv", "libopus", padded, Codec.FFV1),
}


def bits_of(data: bytes) -> str:
    return "".join(f"{byte:08b}" for byte in data)


@pytest.mark.parametrize("name", HIDING)
def test_what_sound_packets_hide_does_not_survive(tmp_path, name):
    suffix, codec, hide, target = HIDING[name]
    plain = make(
        tmp_path / f"plain{suffix}", Recipe(suffix, options={"bf": "0"}, audio=[(codec, 0)])
    )
    path = tmp_path / f"clip{suffix}"
    with av.open(str(plain)) as source, av.open(str(path), "w") as container:
        streams = {s.index: container.add_stream_from_template(s) for s in source.streams}
        for packet in source.demux():
            if not packet.size:
                continue
            carrier = packet
            if packet.stream.type == "audio":
                carrier = av.Packet(hide(bytes(packet)))
                carrier.pts, carrier.dts, carrier.time_base = (
                    packet.pts,
                    packet.dts,
                    packet.time_base,
                )
                carrier.duration = packet.duration
            carrier.stream = streams[packet.stream_index]
            container.mux(carrier)
    before = packets_of(path)
    assert any(bits_of(HIDDEN) in bits_of(packet) for packet in before)
    settings = OutputSettings(codec=target, audio=AudioMode.KEEP)
    if name == "aac-behind":  # no decoder tells where such a packet's sound ends
        with pytest.raises(DecodeError, match="sound cannot be read"):
            passed_through(path, tmp_path / "out", settings)
        return
    done = passed_through(path, tmp_path / "out", settings)
    after = packets_of(done.written.path)
    assert not any(bits_of(HIDDEN) in bits_of(packet) for packet in after)
    assert likeness(heard(plain)[0], heard(done.written.path)[0]) > 0.99
    if "mp" in codec:
        assert [len(p) for p in after] == [len(p) for p in packets_of(plain)]


def test_languages_and_titles_of_sound_go(tmp_path):
    source = make(tmp_path / "clip.mov", RECIPES["mov-keys"])
    done = passed_through(
        source, tmp_path, OutputSettings(preset="ultrafast", audio=AudioMode.KEEP)
    )
    with av.open(str(done.written.path)) as container:
        assert container.streams.audio[0].language in ("und", None)  # QuickTime's is no language
