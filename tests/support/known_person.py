"""An output folder of clips that show one real person, at places that a plan made by hand knows."""

from __future__ import annotations

from pathlib import Path

import av
import cv2
import numpy as np
from made_output import LOSSLESS

from blur.batch.run import run
from blur.data.arrays import Picture
from blur.data.plan import Mark, Plan, Track
from blur.disk.fingerprint import fingerprint
from blur.errors import Exit
from blur.media.open.probe import probe
from blur.media.open.readers import open_reader
from blur.settings import Settings
from blur.store.digests import scan_digest
from blur.store.folder import WorkFolder
from blur.store.plans import save_plan

FRAMES = 40
WIDTH, HEIGHT = 320, 240
_LEFT, _TOP = 90, 20
"""Corner of the window onto the astronaut's photograph on the first frame; it moves a pixel right a
frame."""


def person(track_id: int, start: int = 0, end: int = FRAMES) -> Track:
    """The track of the person's face."""
    return _track(track_id, (224 - _LEFT, 118 - _TOP, 82, 105), start, end)


def elsewhere(track_id: int, start: int = 0, end: int = FRAMES, x: float = 280) -> Track:
    """A track of no face, beside the person's."""
    return _track(track_id, (x, 200, 40, 50), start, end)


def _track(track_id: int, place: tuple[float, float, float, float], start: int, end: int) -> Track:
    boxes = np.tile(np.array([[*place, 0]], np.float32), (end - start, 1))
    boxes[:, 0] -= np.arange(start, end)
    marks = np.full(end - start, Mark.DETECTED, np.uint8)
    return Track(track_id, start, boxes, marks, np.full(end - start, 0.9, np.float32))


def make(folder: Path, photograph: Picture, tracks: dict[str, tuple[Track, ...]]) -> Path:
    """Clips of `photograph` by name, each a little darker than the last, covered on `tracks`."""
    out = folder / "out"
    work = WorkFolder(out)
    work.create()
    for number, (name, planned) in enumerate(tracks.items()):
        clip = folder / "in" / name
        dim = cv2.convertScaleAbs(photograph, alpha=1 - 0.15 * number)
        _film(clip, dim)
        info = probe(clip)
        with open_reader(clip, info) as reader:
            pts = tuple(frame.pts for frame in reader)
        plan = Plan(
            fingerprint=fingerprint(clip),
            width=info.width,
            height=info.height,
            time_base=info.time_base,
            pts=pts,
            tracks=planned,
            scan_digest=scan_digest(Settings().scan),
        )
        save_plan(plan, work.plan_of(plan.fingerprint))
    report = run([folder / "in"], out, LOSSLESS, scan=False, serial=True)
    assert report.exit_code in (Exit.OK, Exit.UNAUDITED), report
    return out


def _film(path: Path, photograph: Picture) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with av.open(path, "w") as container:
        stream = container.add_stream("libx264", 20)
        stream.width, stream.height, stream.pix_fmt = WIDTH, HEIGHT, "yuv420p"
        stream.options = {"preset": "ultrafast", "crf": "16"}
        for index in range(FRAMES):
            left = _LEFT + index
            window = photograph[_TOP : _TOP + HEIGHT, left : left + WIDTH]
            frame = av.VideoFrame.from_ndarray(np.ascontiguousarray(window), "rgb24")
            container.mux(stream.encode(frame))
        container.mux(stream.encode())
