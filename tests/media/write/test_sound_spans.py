"""What takes a voice's place: not a sample of it is left, in the span or at its edges."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest
from footage import Recipe, make, tone
from passing import heard

from blur.data.sound import Sounding
from blur.media.open.probe import probe
from blur.media.open.readers import open_reader
from blur.media.write.delivery import Delivery
from blur.media.write.sound_spans import SoundSpans, samples_of
from blur.media.write.writers import open_writer, output_suffix
from blur.settings import AudioMode, Codec, OutputSettings

RATE = 48_000
LONG = tuple(range(0, 50 * 512, 512))
MUTE = ((Fraction(1, 4), Fraction(1, 2)), (Fraction(7, 10), Fraction(11, 10)))
BLEEP = ((Fraction(7, 10), Fraction(1)),)
WINDOW = 2048  # samples of a window of AAC, which smears a span's edge


def rendered(source: Path, folder: Path, codec: Codec, bleep=BLEEP) -> np.ndarray:
    """The sound of an output from second 0 on, as decoders give it out."""
    settings = OutputSettings(codec=codec, preset="ultrafast", audio=AudioMode.KEEP)
    info = probe(source)
    target = folder / f"{source.stem}-{codec}{output_suffix(info, settings)}"
    delivery = Delivery(Sounding(AudioMode.KEEP, MUTE, bleep=bleep))
    with open_reader(source, info) as reader, open_writer(target, info, settings, delivery) as out:
        for frame in reader:
            out.write(frame)
        out.finish()
    ((start, samples),) = heard(target)
    return np.pad(samples.astype(int), ((0, 0), (round(start * RATE), 0)))


def spoken_otherwise(source: Path, path: Path) -> Path:
    """The clip with other samples (PCM of 16 bits) in the spans, and there alone."""
    random = np.random.default_rng(3)
    with av.open(str(source)) as old, av.open(str(path), "w") as new:
        streams = {s.index: new.add_stream_from_template(s) for s in old.streams}
        for packet in old.demux():
            if not packet.size:
                continue
            carrier = packet
            if packet.stream.type == "audio":
                samples = np.frombuffer(bytes(packet), np.int16).reshape(-1, 2).copy()
                at = packet.pts * packet.time_base * RATE + np.arange(len(samples))
                for start, end in MUTE:
                    inside = (at >= start * RATE) & (at < end * RATE)
                    samples[inside] = random.integers(-20000, 20000, (int(inside.sum()), 2))
                carrier = av.Packet(samples.tobytes())
                carrier.pts, carrier.dts = packet.pts, packet.dts
                carrier.time_base, carrier.duration = packet.time_base, packet.duration
            carrier.stream = streams[packet.stream_index]
            new.mux(carrier)
    return path


@pytest.mark.parametrize("codec", [Codec.H264, Codec.PRORES, Codec.FFV1])
def test_no_output_depends_on_a_sample_in_a_span(tmp_path, codec):
    source = make(tmp_path / "a.mov", Recipe(".mov", pts=LONG, audio=[("pcm_s16le", 0)]))
    other = spoken_otherwise(source, tmp_path / "b.mov")
    (_, ours), (_, theirs) = heard(source)[0], heard(other)[0]
    assert (ours != theirs).any()
    assert np.array_equal(rendered(source, tmp_path, codec), rendered(other, tmp_path, codec))


@pytest.mark.parametrize(
    ("codec", "suffix"),
    [("aac", ".mp4"), ("libmp3lame", ".mp4"), ("libopus", ".mkv"), ("pcm_s16le", ".mov")],
)
def test_a_span_holds_the_tone_or_silence_and_nothing_of_the_voice(tmp_path, codec, suffix):
    """With the priming of the source's codec and of AAC: the very samples of the span are gone."""
    clock = {"time_base": Fraction(1, 1000), "pts": tuple(range(0, 2000, 40))}
    timing = clock if suffix == ".mkv" else {"pts": LONG}
    source = make(tmp_path / f"a{suffix}", Recipe(suffix, audio=[(codec, 0)], **timing))
    plain = rendered(source, tmp_path, Codec.H264)
    start, end = (round(t * RATE) for t in BLEEP[0])
    bleep = plain[:, start + WINDOW : end - WINDOW]
    wanted = 0.1 * 32767 * np.sin(2 * np.pi * 1000 / RATE * np.arange(start, end))
    wanted = wanted[WINDOW:-WINDOW]
    assert np.abs(bleep - wanted).max() < 40  # of 3277: what the coding of AAC changes
    voice = samples_of(tone(start, end - start, RATE, "stereo"))[:, WINDOW:-WINDOW]
    rest = (bleep - wanted).ravel()
    assert abs(np.corrcoef(rest, voice.ravel())[0, 1]) < 0.05
    for first, last in (MUTE[0], (BLEEP[0][1], MUTE[1][1])):
        first, last = round(first * RATE), round(last * RATE)
        assert not plain[:, first + WINDOW : last - WINDOW].any()
    exact = rendered(source, tmp_path, Codec.FFV1)  # lossless sound: to the sample
    assert not exact[:, round(MUTE[0][0] * RATE) : round(MUTE[0][1] * RATE)].any()
    assert np.abs(exact[:, start:end]).max() <= 3277 + 1
    assert exact[:, : round(MUTE[0][0] * RATE)].any() and exact[:, round(MUTE[1][1] * RATE) :].any()


def test_sound_that_overlaps_itself_is_taken_out_by_both_its_clocks():
    spans = SoundSpans([(Fraction(1, 10), Fraction(2, 10))], [], RATE, Fraction(0))
    frame = tone(0, RATE, RATE, "mono")
    loud = samples_of(frame) != 0
    late = samples_of(spans.taken_out(frame, 0, -4800))  # each sample's time is 4800 earlier
    gone = loud & (late == 0)
    assert gone[0, 4801:14399].all() and not gone[0, :4799].any() and not gone[0, 14401:].any()
