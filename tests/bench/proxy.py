#!/usr/bin/env python3
"""The cost of a proxy: CPU time of a render with it beside that without, in turns on one machine.

    python tests/bench/proxy.py CLIP... [--whole]

Plans are made up. With `--whole`, scan and audit are measured, too, and the ratio is that of all.
"""

from __future__ import annotations

import statistics
import sys
import tempfile
import time
from pathlib import Path

import paths  # noqa: F401  makes blur importable
from made_output import plan_for

from blur.audit.audit import audit_with_faints
from blur.data.plan import Plan
from blur.media.open.probe import probe
from blur.media.write.writers import output_suffix, proxy_suffix
from blur.process.progress import silent
from blur.render.render import render
from blur.scan.scan import scan
from blur.settings import Codec, OutputSettings, Proxy, Settings

PAIRS = [
    (Codec.H264, Proxy.H264),
    (Codec.H264, Proxy.DNXHR),
    (Codec.H264, Proxy.PRORES),
    (Codec.HEVC, Proxy.H264),
    (Codec.PRORES, Proxy.PRORES),
    (Codec.DNXHR, Proxy.DNXHR),
]
ROUNDS = 3


Cost = tuple[float, int, int]
"""CPU seconds, bytes of master and proxy."""


def rendered(clip: Path, plan: Plan, folder: Path, output: OutputSettings) -> Cost:
    info = probe(clip)
    out = folder / f"out{output_suffix(info, output)}"
    suffix = proxy_suffix(info, output)
    proxy = folder / f"proxy{suffix}" if suffix else None
    began = time.process_time()
    done = render(clip, plan, out, Settings(output=output), proxy=proxy)
    taken = time.process_time() - began
    return taken, done.bytes_out, proxy.stat().st_size if proxy else 0


def searched(clip: Path, folder: Path) -> float:
    """CPU seconds of scan and audit under default settings."""
    settings = Settings()
    began = time.process_time()
    plan = scan(clip, settings.scan, silent)
    out = folder / "whole.mp4"
    render(clip, plan, out, settings)
    audit_with_faints(out, plan, settings, None, None, silent)
    taken = time.process_time() - began
    return taken - rendered(clip, plan, folder, settings.output)[0]


def main(clips: list[Path], *, whole: bool) -> None:
    for clip in clips:
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name)
            plan = plan_for(clip)
            besides = searched(clip, folder) if whole else 0.0
            for codec, proxy in PAIRS:
                lone, both = [], []
                for _ in range(ROUNDS):
                    lone.append(rendered(clip, plan, folder, OutputSettings(codec=codec)))
                    with_proxy = OutputSettings(codec=codec, proxy=proxy)
                    both.append(rendered(clip, plan, folder, with_proxy))
                one, two = (statistics.median(row[0] for row in rows) for rows in (lone, both))
                share = both[0][2] / both[0][1]
                told = f"whole run x {(besides + two) / (besides + one):.3f}" if whole else ""
                print(
                    f"{clip.stem:12} {codec:6} + {proxy:6} {one:6.2f} s, with its proxy"
                    f" {two:6.2f}: x {two / one:.2f}, proxy {share:.0%} of the bytes {told}",
                    flush=True,
                )


if __name__ == "__main__":
    main([Path(a) for a in sys.argv[1:] if a != "--whole"], whole="--whole" in sys.argv)
