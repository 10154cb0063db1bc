"""Frames of MPEG audio keep every sample, and lose whatever lies between their sounds."""

from fractions import Fraction

import av
import numpy as np
import pytest

from blur.media.write.mpeg_audio import _check, frames
from blur.media.write.sound_frames import FramesAlone

KINDS = [
    ("mp2", 48000, "stereo", 192), ("mp2", 44100, "stereo", 384), ("mp2", 32000, "mono", 48),
    ("mp2", 44100, "mono", 64), ("mp2", 22050, "stereo", 64), ("libmp3lame", 44100, "stereo", 320),
    ("libmp3lame", 48000, "mono", 64), ("libmp3lame", 22050, "stereo", 64),
    ("libmp3lame", 8000, "mono", 16),
]  # fmt: skip


def coded(encoder: str, rate: int, layout: str, kilobits: int) -> list[bytes]:
    """Packets of a rising tone, with noise and a silence in it."""
    coder = av.CodecContext.create(encoder, "w")
    coder.sample_rate, coder.layout, coder.bit_rate = rate, layout, 1000 * kilobits
    coder.format = coder.codec.audio_formats[0]
    coder.time_base = Fraction(1, rate)
    times = np.arange(40 * 1152) / rate
    tone = 12000 * np.sin(2 * np.pi * (300 + 400 * times) * times)
    tone += np.random.default_rng(0).normal(0, 3000, len(tone)) * (times % 0.2 < 0.05)
    tone[len(tone) // 3 : len(tone) // 2] = 0
    channels = coder.layout.nb_channels
    frame = av.AudioFrame.from_ndarray(
        np.tile(tone.astype(np.int16), (channels, 1)), "s16p", layout
    )
    frame.sample_rate = rate
    size = coder.frame_size or 1152
    found = []
    for part in av.AudioResampler(coder.format, layout, rate, size).resample(frame):
        found += coder.encode(part)
    return [bytes(packet) for packet in found + list(coder.encode(None))]


def samples(packets: list[bytes], codec: str) -> bytes:
    coder = av.CodecContext.create(codec, "r")
    return b"".join(f.to_ndarray().tobytes() for p in packets for f in coder.decode(av.Packet(p)))


def alone(packets: list[bytes], codec: str) -> list[bytes]:
    cleaner = FramesAlone(codec)
    ready = [pair for n, packet in enumerate(packets) for pair in cleaner.put(packet, n)]
    ready += cleaner.end()
    assert [number for number, _ in ready] == list(range(len(packets)))
    return [sound for _, sound in ready]


@pytest.mark.parametrize("kind", KINDS, ids=str)
def test_every_sample_stays_and_nothing_else(kind):
    codec = kind[0].replace("libmp3lame", "mp3")
    before = coded(*kind)
    after = alone(before, codec)
    assert samples(before, codec) == samples(after, codec)
    assert [len(p) for p in before] == [len(p) for p in after]
    assert alone(after, codec) == after
    if codec == "mp3":
        assert b"LAME" in b"".join(before) and b"LAME" not in b"".join(after)


def test_what_lies_behind_the_samples_of_layer_two_goes():
    before = coded("mp2", 24000, "mono", 160)  # more bits than its finest samples take
    assert not any(before[0][-8:])
    hidden = [p[:-6] + b"hidden" for p in before]
    assert alone(hidden, "mp2") == alone(before, "mp2") == alone(hidden, "mp3")


@pytest.mark.parametrize("kind", [KINDS[0], KINDS[5]], ids=str)
def test_packets_of_several_frames_stay_so(kind):
    codec = kind[0].replace("libmp3lame", "mp3")
    packets = coded(*kind)[:20]
    pairs = [a + b for a, b in zip(packets[::2], packets[1::2], strict=True)]
    assert b"".join(alone(pairs, codec)) == b"".join(alone(packets, codec))


@pytest.mark.parametrize("kind", [KINDS[0], KINDS[5]], ids=str)
def test_private_bits_go_and_the_check_sum_follows(kind):
    """Neither encoder writes check sums: frames get one, in place of their last two bytes."""
    codec = kind[0].replace("libmp3lame", "mp3")
    before = []
    for packet in coded(*kind):
        checked = bytes([packet[0], packet[1] & ~1, packet[2] | 1, packet[3] | 12])
        before.append(checked + b"??" + packet[4:-2])
    after = alone(before, codec)
    for packet in after:
        ((header, frame),) = frames(packet)
        assert header.checked and not frame[2] & 1 and not frame[3] & 12
    if codec == "mp3":
        side = after[0][6:38]
        assert _check(f"{int.from_bytes(after[0][2:4] + side, 'big'):0272b}") == after[0][4:6]
        assert not side[1] & 0x70
