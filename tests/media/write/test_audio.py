from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
from footage import RECIPES, Recipe, make
from passing import heard, passed_through

from blur.media.open.probe import probe
from blur.settings import AudioMode, OutputSettings
from blur.values import parse_spans

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
    ((start, before),) = heard(source)
    ((new_start, after),) = heard(done.written.path)
    assert abs(start - new_start) <= Fraction(1, 48000)
    at = round(start * 48000)
    silent = [slice(24000 - at, 36000 - at), slice(57600 - at, None)]
    for span in silent:
        assert not after[:, span].any()
        assert before[:, span].any()
    for kept in (slice(0, 24000 - at), slice(36000 - at, 57600 - at)):
        assert np.abs(before[:, kept].astype(int) - after[:, kept]).max() <= 1
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
    assert [track.codec for track in probe(done.written.path).audio] == ["alac"]
    assert any("recoded from opus to 16-bit alac" in note for note in done.written.notes)
    ((_, before),) = heard(source)
    ((_, after),) = heard(done.written.path)
    length = min(before.shape[1], after.shape[1])
    assert length > 40000
    assert np.abs(before[:, :length].astype(int) - after[:, :length]).max() <= 1


def test_copied_sound_is_the_same_packets(tmp_path):
    source = make(tmp_path / "clip.mp4", RECIPES["late-sound"])
    done = passed_through(
        source, tmp_path, OutputSettings(preset="ultrafast", audio=AudioMode.KEEP)
    )
    import av

    packets = []
    for path in (source, done.written.path):
        with av.open(str(path)) as container:
            stream = container.streams.audio[0]
            packets.append([bytes(p) for p in container.demux(stream) if p.size])
    assert packets[0][1:] == packets[1][1:]
    assert b"Lavc" in packets[0][0] and b"Lavc" not in packets[1][0]
    assert len(packets[0][0]) == len(packets[1][0])


def test_languages_and_titles_of_sound_go(tmp_path):
    source = make(tmp_path / "clip.mov", RECIPES["mov-keys"])
    done = passed_through(
        source, tmp_path, OutputSettings(preset="ultrafast", audio=AudioMode.KEEP)
    )
    import av

    with av.open(str(done.written.path)) as container:
        assert container.streams.audio[0].language == "und"
