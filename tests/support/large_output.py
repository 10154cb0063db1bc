"""An output folder as large as they come: a thousand clips, one of two hours and 5,000 tracks."""

from __future__ import annotations

from contextlib import closing
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
from made_output import film

from blur.data.plan import Doubt, Plan, Reason, Track
from blur.disk.fingerprint import fingerprint
from blur.media.open.probe import probe
from blur.store.folder import WorkFolder
from blur.store.ledger import Entry, Ledger
from blur.store.plans import save_plan
from blur.store.report import ClipReport, State

CLIPS, FRAMES, TRACKS = 1_000, 216_000, 5_000
LONG = "long.mp4"
"""The only clip that is there; the others are lines in the ledger."""


def make_large_output(folder: Path) -> Path:
    clip, out = folder / "in" / LONG, folder / "out"
    _two_hours(clip)
    content = fingerprint(clip)
    work = WorkFolder(out)
    work.create()
    save_plan(_plan(clip), work.plan_of(content))
    report = ClipReport(name=LONG, state=State.SCANNED, tracks=TRACKS, doubt_seconds=9)
    long = Entry(
        place=f"../in/{LONG}", name=LONG, size=content.size, sampled=content.sampled,
        state=State.SCANNED, report=report, sha256=content.sha256,
    )  # fmt: skip
    names = [f"day {i // 50}/IMG_{i:04}.MOV" for i in range(1, CLIPS)]
    others = [
        Entry(
            place=f"../in/{name}", name=name, size=i, sampled=str(i), state=State.DONE,
            report=ClipReport(name=name, state=State.DONE, doubt_seconds=float(i % 9)),
        )
        for i, name in enumerate(names)
    ]  # fmt: skip
    with closing(Ledger(work)) as ledger:
        ledger.put([long, *others])
    return out


def _two_hours(path: Path) -> None:
    """The packets of some seconds, again and again."""
    film(path.with_name("once.mp4"), 1)
    with av.open(path.with_name("once.mp4")) as source, av.open(path, "w") as container:
        once = source.streams.video[0]
        packets = [(bytes(p), p.dts, p.pts, p.is_keyframe) for p in source.demux(once) if p.size]
        stream = container.add_stream_from_template(once)
        step = int(Fraction(1, 30) / once.time_base)
        for turn in range(FRAMES // len(packets)):
            shift = turn * len(packets) * step
            for data, dts, pts, key in packets:
                packet = av.Packet(data)
                packet.dts, packet.pts, packet.duration = dts + shift, pts + shift, step
                packet.time_base, packet.stream, packet.is_keyframe = once.time_base, stream, key
                container.mux_one(packet)


def _plan(clip: Path) -> Plan:
    info = probe(clip)
    step = int(Fraction(1, 30) / info.time_base)
    rng = np.random.default_rng(1)
    tracks = tuple(_walk(i, rng) for i in range(TRACKS))
    doubts = tuple(
        Doubt(start=t.start, end=t.start + 9, reason=Reason.WEAK, weight=1, track=t.id)
        for t in tracks[::3]
    )
    pts = tuple(range(0, FRAMES * step, step))
    content = fingerprint(clip)
    return Plan(content, info.width, info.height, info.time_base, pts, (), tracks, doubts)


def _walk(track_id: int, rng: np.random.Generator) -> Track:
    n = int(rng.integers(30, 300))
    start = int(rng.integers(0, FRAMES - n))
    centre = rng.uniform(20, 220, 2) + np.cumsum(rng.normal(0, 0.5, (n, 2)), axis=0)
    size = np.full(n, rng.uniform(8, 30))
    boxes = np.column_stack([centre, size, size * 1.3, np.zeros(n)]).astype(np.float32)
    marks = (np.arange(n) % 7 == 0).astype(np.uint8)
    return Track(track_id, start, boxes, marks, np.where(marks == 0, 0.8, 0).astype(np.float32))
