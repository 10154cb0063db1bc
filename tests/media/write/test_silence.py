"""Silence in the place of sound: layout, rate, start and length of the clip's own."""

from __future__ import annotations

from fractions import Fraction

import av
import pytest
from footage import Recipe, make
from passing import heard, passed_through

from blur.media.open.probe import probe
from blur.settings import AudioMode, Codec, OutputSettings

FAST = {"preset": "ultrafast"}
LONG = tuple(range(0, 50 * 512, 512))


def tracks(path):
    """Codec, channels and rate of each sound track."""
    with av.open(str(path)) as container:
        streams = container.streams.audio
        return [(s.codec_context.name, s.layout.nb_channels, s.rate) for s in streams]


CASES = [
    (".mp4", "aac", "stereo", Codec.H264, "aac"),
    (".mov", "aac", "5.1", Codec.MATCH, "aac"),
    (".mov", "pcm_s24le", "quad", Codec.PRORES, "pcm_s24le"),
    (".mov", "pcm_s16le", "mono", Codec.H264, "pcm_s16le"),
    (".mp4", "libmp3lame", "stereo", Codec.H264, "aac"),
    (".mkv", "libopus", "stereo", Codec.FFV1, "opus"),
    (".mov", "ac3", "5.1", Codec.H264, "ac3"),
]


@pytest.mark.parametrize(("suffix", "codec", "layout", "to", "becomes"), CASES)
def test_silence_has_the_layout_start_and_length_of_the_sound(
    tmp_path, suffix, codec, layout, to, becomes
):
    recipe = Recipe(suffix, pts=LONG, audio=[(codec, 0.2), (codec, 0.0)], audio_layout=layout)
    source = make(tmp_path / f"clip{suffix}", recipe)
    done = passed_through(source, tmp_path, OutputSettings(codec=to, **FAST))
    made = tracks(done.written.path)
    assert [channels for _, channels, _ in made] == [channels for _, channels, _ in tracks(source)]
    assert [rate for *_, rate in made] == [rate for *_, rate in tracks(source)]
    assert {name for name, *_ in made} == {becomes}
    for (begin, old), (start, new) in zip(heard(source), heard(done.written.path), strict=True):
        frame = Fraction(1536, 48000)  # the longest of a coder's frames
        assert old.any() and not new.any()
        assert abs(begin - start) <= frame
        assert (
            abs(begin + Fraction(old.shape[1], 48000) - start - Fraction(new.shape[1], 48000))
            <= frame
        )
    assert any(text.startswith("sound, silence in its place") for text in done.written.dropped)


def test_no_track_is_left_where_none_is_asked_for(tmp_path):
    source = make(tmp_path / "clip.mp4", Recipe(pts=LONG, audio=[("aac", 0)]))
    done = passed_through(source, tmp_path, OutputSettings(audio=AudioMode.NONE, **FAST))
    assert probe(done.written.path).audio == ()
    assert any(text.startswith("sound (") for text in done.written.dropped)


def test_damaged_sound_hinders_no_silence(tmp_path):
    source = make(tmp_path / "clip.mp4", Recipe(pts=LONG, audio=[("aac", 0)]))
    raw = bytearray(source.read_bytes())
    with av.open(str(source)) as container:
        places = [(p.pos, p.size) for p in container.demux(container.streams.audio[0]) if p.size]
    for at, size in places:
        raw[at : at + size] = b"\xff" * size
    source.write_bytes(raw)
    done = passed_through(source, tmp_path, OutputSettings(**FAST))
    ((_, new),) = heard(done.written.path)
    assert new.shape[1] > 90_000 and not new.any()
