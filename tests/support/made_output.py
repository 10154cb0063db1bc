"""An output folder as a run leaves it, small and made by hand: clips of noise, planned faces."""

from __future__ import annotations

import contextlib
import re
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import av
import numpy as np
import uvicorn

from blur.batch.run import run
from blur.data.plan import Box, Doubt, Mark, Plan, Reason, Track
from blur.disk.fingerprint import fingerprint
from blur.errors import Exit
from blur.media.open.probe import probe
from blur.media.open.readers import open_reader
from blur.review.door import Door
from blur.review.server import Desk, config
from blur.settings import AuditMode, AuditSettings, OutputSettings, Settings
from blur.store.digests import scan_digest
from blur.store.folder import WorkFolder
from blur.store.plans import save_plan
from blur.store.shelf import Shelf

WIDTH, HEIGHT, FRAMES, CUT = 320, 240, 90, 45
GROUP = 24
"""Frames from one keyframe to the next."""
LOSSLESS = Settings(
    output=OutputSettings(crf=0, preset="ultrafast"), audit=AuditSettings(audit=AuditMode.OFF)
)


def film(path: Path, seed: int, frames: int = FRAMES) -> None:
    """A clip of coarse noise that drifts, with a cut in the middle."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with av.open(path, "w") as container:
        stream = container.add_stream("libx264", 30)
        stream.width, stream.height, stream.pix_fmt = WIDTH, HEIGHT, "yuv420p"
        stream.options = {"preset": "ultrafast", "g": str(GROUP)}
        scenes = [
            np.random.default_rng(seed + i).integers(
                30, 220, (HEIGHT // 8, WIDTH // 8, 3), np.uint8
            )
            for i in range(2)
        ]
        for index in range(frames):
            scene = np.kron(scenes[index >= CUT], np.ones((8, 8, 1), np.uint8))
            picture = np.roll(scene, index * 2, axis=1)
            container.mux(stream.encode(av.VideoFrame.from_ndarray(picture, "rgb24")))
        container.mux(stream.encode())


def track(track_id: int, start: int, end: int, x: float, y: float, size: float) -> Track:
    n = end - start
    boxes = np.tile(np.array([[x, y, size, size * 1.3, 0]], np.float32), (n, 1))
    boxes[:, 0] += np.arange(n) * 0.5
    marks = np.full(n, Mark.DETECTED, np.uint8)
    marks[-5:] = Mark.HELD
    return Track(track_id, start, boxes, marks, np.where(marks == 0, 0.9, 0).astype(np.float32))


def plan_for(clip: Path) -> Plan:
    """Three faces and a doubt of each kind."""
    info = probe(clip)
    with open_reader(clip, info) as reader:
        pts = tuple(frame.pts for frame in reader)
    return Plan(
        fingerprint=fingerprint(clip),
        width=info.width,
        height=info.height,
        time_base=info.time_base,
        pts=pts,
        cuts=(CUT,) if len(pts) > CUT else (),
        tracks=(
            track(0, 0, min(CUT, len(pts)), 60, 80, 30),
            track(1, 10, min(40, len(pts)), 200, 150, 20),
            *((track(2, CUT, len(pts), 150, 117, 70),) if len(pts) > CUT else ()),
        ),
        doubts=(
            Doubt(start=12, end=20, reason=Reason.WEAK, weight=0.5, track=1),
            Doubt(start=30, end=33, reason=Reason.WEEDED, weight=0.8, box=Box(270, 40, 20, 26)),
        ),
        scan_digest=scan_digest(Settings().scan),
    )


def make_output(folder: Path, settings: Settings = LOSSLESS) -> Path:
    """Cover the clips of `folder`/in per plans made by hand."""
    out = folder / "out"
    work = WorkFolder(out)
    work.create()
    for clip in (folder / "in").rglob("*.mp4"):
        save_plan(plan_for(clip), work.plan_of(fingerprint(clip)))
    report = run([folder / "in"], out, settings, scan=False, serial=True)
    assert report.exit_code in (Exit.OK, Exit.UNAUDITED), report
    return out


class Served(NamedTuple):
    """A running `blur review`: its port, and the ticket that opens it once."""

    port: int
    token: str
    process: subprocess.Popen[str]

    @property
    def root(self) -> str:
        return f"http://127.0.0.1:{self.port}/"

    @property
    def address(self) -> str:
        return f"{self.root}?token={self.token}"


@contextlib.contextmanager
def review(out: Path) -> Iterator[Served]:
    """`blur review` on an output folder, as a person starts it."""
    command = [sys.executable, "-m", "blur", "review", str(out), "--no-browser"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        found = re.search(r"http://127\.0\.0\.1:(\d+)/\?token=(\S+)", process.stdout.readline())
        assert found
        try:
            yield Served(int(found[1]), found[2], process)
        finally:
            process.send_signal(signal.SIGINT)
            process.wait(120)


@contextlib.contextmanager
def serving(out: Path, door: Door) -> Iterator[None]:
    """The review of an output folder at a door, in a thread of this process."""
    desk = Desk(Shelf(out))
    server = uvicorn.Server(config(desk, door))
    thread = threading.Thread(target=server.run, args=([door.socket],))
    thread.start()
    try:
        yield
    finally:
        server.should_exit = True
        thread.join()
        door.close()
