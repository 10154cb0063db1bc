#!/usr/bin/env python3
"""Cost, size and likeness of encoder settings, beside x264 medium at crf 18.

    python tests/bench/encoders.py CLIP...                     the candidates of `CANDIDATES`
    python tests/bench/encoders.py CLIP... --settings libx264:veryfast:17:subme=4,ref=2
    python tests/bench/encoders.py CLIP... --reference libx265:medium:20 --settings libx265:fast:20

The fourth part of a setting, if any, goes to the encoder itself.

CPU is that of the encoder alone, on one core; size and CPU are ratios to the reference, SSIM is
FFmpeg's mean over all planes against the clip's decoded frames. A setting may be a default if it
costs less than the reference, loses .001 of SSIM at most and is 5 % larger at most.
"""

from __future__ import annotations

import argparse
import statistics
import time
from fractions import Fraction
from pathlib import Path
from typing import NamedTuple

import av
import paths  # noqa: F401  makes blur importable

REFERENCE = "libx264:medium:18"
CANDIDATES = (
    *(f"libx264:fast:{crf}" for crf in (18, 19)),
    *(f"libx264:faster:{crf}" for crf in (17, 18, 19)),
    *(f"libx264:veryfast:{crf}" for crf in (16, 17, 18)),
    *(f"libx264:superfast:{crf}" for crf in (15, 16, 17)),
    *(f"libx264:ultrafast:{crf}" for crf in (14, 16)),
)

_LOOKS_AHEAD = {"veryfast": 10, "superfast": 0, "ultrafast": 0}
_LOOKAHEAD = 20
"""Frames that x264 looks ahead at most, as in a render of 1080p; larger makes smaller files."""


class Outcome(NamedTuple):
    """CPU in seconds, size in bytes, SSIM from 0 to 1."""

    cpu: float
    size: int
    ssim: float


def decoded(clip: Path, frames: int) -> tuple[list[av.VideoFrame], Fraction]:
    """The first frames of a clip as yuv420p, and frames a second."""
    with av.open(str(clip)) as container:
        stream = container.streams.video[0]
        taken = [
            frame.reformat(format="yuv420p") if frame.format.name != "yuv420p" else frame
            for _, frame in zip(range(frames), container.decode(stream), strict=False)
        ]
        return taken, stream.average_rate or Fraction(30)


def encoded(frames: list[av.VideoFrame], rate: Fraction, setting: str) -> Outcome:
    """Encode `frames` under ENCODER:PRESET:CRF[:NAME=VALUE,...], decode the packets, compare."""
    name, preset, crf, *own = setting.split(":")
    encoder = av.CodecContext.create(name, "w")
    encoder.width, encoder.height = frames[0].width, frames[0].height
    encoder.pix_fmt, encoder.time_base, encoder.framerate = "yuv420p", 1 / rate, rate
    encoder.thread_count = 1
    encoder.options = options(name, preset, crf, own, round(2 * rate))
    began = time.process_time()
    packets = []
    for number, frame in enumerate(frames):
        frame.pts, frame.time_base, frame.pict_type = number, 1 / rate, 0
        packets += encoder.encode(frame)
    packets += encoder.encode(None)
    cpu = time.process_time() - began
    names = {"libx265": "hevc", "libsvtav1": "libdav1d"}
    decoder = av.CodecContext.create(names.get(name, "h264"), "r")
    if encoder.extradata:
        decoder.extradata = encoder.extradata
    back = [f for packet in [*packets, None] for f in decoder.decode(packet)]
    assert len(back) == len(frames), (setting, len(back))
    return Outcome(cpu, sum(p.size for p in packets), likeness(frames, back))


def options(name: str, preset: str, crf: str, own: list[str], keys: int) -> dict[str, str]:
    """FFmpeg's options, a render's for this encoder; `own` goes to the encoder itself."""
    fixed = {
        "libx264": [f"rc-lookahead={min(_LOOKAHEAD, _LOOKS_AHEAD.get(preset, _LOOKAHEAD))}"],
        "libx265": ["log-level=error", "open-gop=0", "pools=1"],
        "libsvtav1": ["lp=1"],
    }[name]
    parameters = ":".join(fixed + own[0].split(",") if own else fixed)
    return {"preset": preset, "crf": crf, "g": str(keys), f"{name[3:]}-params": parameters}


def likeness(before: list[av.VideoFrame], after: list[av.VideoFrame]) -> float:
    """FFmpeg's SSIM over all planes, the mean of all frames."""
    graph = av.filter.Graph()
    sides = [
        graph.add_buffer(
            template=None,
            width=f.width,
            height=f.height,
            format=f.format,
            time_base=Fraction(1, 25),
        )
        for f in (after[0], before[0])
    ]
    measure, sink = graph.add("ssim"), graph.add("buffersink")
    for place, side in enumerate(sides):
        side.link_to(measure, 0, place)
    measure.link_to(sink)
    graph.configure()
    found = []
    for number, pair in enumerate(zip(after, before, strict=True)):
        for side, frame in zip(sides, pair, strict=True):
            frame.pts, frame.time_base = number, Fraction(1, 25)
            side.push(frame)
        found.append(float(sink.pull().metadata["lavfi.ssim.All"]))
    return statistics.fmean(found)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("clips", type=Path, nargs="+")
    parser.add_argument("--frames", type=int, default=90)
    parser.add_argument("--reference", default=REFERENCE)
    parser.add_argument("--settings", nargs="+", default=CANDIDATES)
    given = parser.parse_args()
    gathered: dict[str, list[Outcome]] = {}
    for clip in given.clips:
        frames, rate = decoded(clip, given.frames)
        best = encoded(frames, rate, given.reference)
        print(f"{clip.name}: {best.cpu / len(frames) * 1000:.1f} ms a frame, SSIM {best.ssim:.5f}")
        for setting in given.settings:
            one = encoded(frames, rate, setting)
            told = Outcome(one.cpu / best.cpu, one.size, one.ssim - best.ssim)
            gathered.setdefault(setting, []).append(told._replace(size=one.size / best.size))
            print(
                f"  {setting:32} CPU {told.cpu:5.2f}  size {one.size / best.size:5.2f}"
                f"  SSIM {told.ssim:+.5f}",
                flush=True,
            )
    print("\nmedian (worst) over the clips: CPU, size, SSIM lost")
    for setting, all_of in gathered.items():
        cpu, size, ssim = ([o[i] for o in all_of] for i in range(3))
        print(
            f"{setting:32} {statistics.median(cpu):5.2f} ({max(cpu):4.2f})"
            f" {statistics.median(size):5.2f} ({max(size):4.2f})"
            f" {statistics.median(ssim):+.5f} ({min(ssim):+.5f})"
        )


if __name__ == "__main__":
    main()
