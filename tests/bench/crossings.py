#!/usr/bin/env python3
"""Two people cross, one of them kept clear: is the stranger ever exposed?

    python tests/bench/crossings.py [--count N] [--first N]

People of `id_lfw` walk over a street at sizes, heights and speeds of their own; either is in front,
and some pass behind a pillar for up to a second. Each clip is scanned. Then somebody keeps the
first person clear in two ways: "track", the whole track without confirming anything, and "offer",
by a photograph, every offered span confirmed. A stranger is exposed on a frame where over a quarter
of the visible face lies under no cover. Prints such frames, and the share of the first person's
visible face-frames more than a face width away from the stranger that are clear.
"""

from __future__ import annotations

import argparse
import json
from dataclasses import dataclass
from pathlib import Path

import av
import cv2
import numpy as np
import numpy.typing as npt
from paths import FACEDATA, KEPT

from blur.cover.region import Covers
from blur.data.alike import alike
from blur.data.edits import Decision, Edits, TrackEdit
from blur.data.likeness import Descriptor, mean
from blur.data.paths import path_of
from blur.data.plan import Box, Plan, Track
from blur.data.resolve import resolve
from blur.detect.registry import load_recogniser
from blur.scan.scan import scan
from blur.settings import CoverSettings, ScanSettings

WIDTH, HEIGHT, RATE = 640, 360, 25
_EXPOSED = 0.25
"""Share of a visible face under no cover, from which it is exposed."""
FACE = Box(125, 130, 84, 108)
"""The face on a photograph of 250 pixels, and (x, y) radii of the head that is cut out."""
HEAD = (64, 88)

Mask = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class Walk:
    """One person's photographs (one filmed, the rest to know them by) and way through a clip."""

    filmed: npt.NDArray[np.uint8]
    others: list[npt.NDArray[np.uint8]]
    size: float
    start: tuple[float, float]
    step: tuple[float, float]

    def face(self, frame: int) -> Box:
        scale = self.size / FACE.w
        x, y = self.start[0] + self.step[0] * frame, self.start[1] + self.step[1] * frame
        return Box(x, y, self.size, FACE.h * scale)


@dataclass(frozen=True)
class Crossing:
    name: str
    first: Walk
    second: Walk
    second_in_front: bool
    pillar: tuple[int, int] | None
    frames: int


def crossing(number: int, people: dict[str, list[str]], folder: Path) -> Crossing:
    rng = np.random.default_rng(number)
    names = rng.choice(sorted(people), 2, replace=False).tolist()
    frames = int(rng.integers(45, 90))
    meet = (WIDTH / 2 + rng.uniform(-80, 80), HEIGHT / 2 + rng.uniform(-30, 30))
    walks = []
    for side, name in zip((-1, 1), names, strict=True):
        pictures = [cv2.imread(str(folder / file))[..., ::-1] for file in people[name]]
        pictures = [photo for photo in pictures if len(load_recogniser().faces(photo)) == 1]
        size = float(rng.uniform(36, 100))
        way = float(rng.uniform(60, 250)) if side < 0 else float(rng.uniform(200, 320))
        step = (-side * 2 * way / frames, rng.uniform(-0.4, 0.4))
        low = rng.uniform(-0.5, 0.5) * size
        start = (meet[0] + side * way, meet[1] + low - step[1] * frames / 2)
        walks.append(Walk(pictures[0], pictures[1:4], size, start, step))
    pillar = None
    if number % 4 == 3:
        speed = abs(walks[0].step[0]) + abs(walks[1].step[0])
        half = min(120.0, max(walks[0].size, walks[1].size) * 0.7 + speed * rng.uniform(2, 12) / 2)
        pillar = round(meet[0] - half), round(meet[0] + half)
    return Crossing(f"x{number}", walks[0], walks[1], number % 2 == 0, pillar, frames)


def film(case: Crossing, path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    behind = street()
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", RATE)
        stream.width, stream.height, stream.pix_fmt = WIDTH, HEIGHT, "yuv420p"
        stream.options = {"crf": "18", "preset": "veryfast"}
        for frame in range(case.frames):
            picture = behind.copy()
            order = (case.first, case.second) if case.second_in_front else (case.second, case.first)
            for walk in order:
                _paste(picture, walk.filmed, walk.face(frame))
            if case.pillar:
                picture[:, case.pillar[0] : case.pillar[1]] = (96, 90, 84)
            container.mux(stream.encode(av.VideoFrame.from_ndarray(picture, "rgb24")))
        container.mux(stream.encode())


def street() -> npt.NDArray[np.uint8]:
    with av.open(str(FACEDATA / "video" / "opencv_extra" / "768x576.avi")) as container:
        picture = next(container.decode(video=0)).to_ndarray(format="rgb24")
    return cv2.GaussianBlur(picture[:HEIGHT, :WIDTH], (0, 0), 5.0)


def _paste(picture: npt.NDArray[np.uint8], photo: npt.NDArray[np.uint8], face: Box) -> None:
    scale = face.w / FACE.w
    move = np.array([[scale, 0, face.cx - FACE.cx * scale], [0, scale, face.cy - FACE.cy * scale]])
    soft = np.zeros(photo.shape[:2], np.float32)
    cv2.ellipse(soft, (125, 125), HEAD, 0, 0, 360, 1.0, -1)
    soft = cv2.GaussianBlur(soft, (0, 0), 3)
    size = (WIDTH, HEIGHT)
    head = cv2.warpAffine(photo, move, size, flags=cv2.INTER_AREA, borderMode=cv2.BORDER_REPLICATE)
    alpha = cv2.warpAffine(soft, move, size)[..., None]
    picture[:] = (head * alpha + picture * (1 - alpha)).astype(np.uint8)


def visible(case: Crossing, frame: int, second: bool) -> Mask:
    """The part of a face's ellipse that neither the other head nor the pillar hides."""
    own, other = (case.second, case.first) if second else (case.first, case.second)
    mask = ellipse(own.face(frame))
    if case.second_in_front != second:
        head = other.face(frame)
        scale = head.w / FACE.w
        mask &= ~ellipse(Box(head.cx, head.cy - 5 * scale, 128 * scale, 176 * scale))
    if case.pillar:
        mask[:, case.pillar[0] : case.pillar[1]] = False
    return mask


def ellipse(face: Box) -> Mask:
    out = np.zeros((HEIGHT, WIDTH), np.uint8)
    axes = round(face.w / 2), round(face.h / 2)
    cv2.ellipse(out, (round(face.cx), round(face.cy)), axes, face.angle, 0, 360, 1, -1)
    return out.astype(bool)


def keep_track(plan: Plan, case: Crossing) -> Edits:
    """All tracks that begin on the first person, kept as a whole."""
    keeps = [
        TrackEdit(decision=Decision.KEEP, path=path_of(t, t.start, t.end), reason="bench")
        for t in plan.tracks
        if _on(t, case.first)
    ]
    return Edits(fingerprint=plan.fingerprint, tracks=tuple(keeps))


def _on(track: Track, walk: Walk) -> bool:
    rows = np.flatnonzero(track.marks == 0)[:5]
    at = [np.hypot(*(track.boxes[r, :2] - walk.face(track.start + int(r))[:2])) for r in rows]
    return bool(len(at) and np.median(at) < walk.size / 2)


def keep_offers(plan: Plan, case: Crossing, clip: Path) -> Edits:
    """Every span that is offered by photographs, confirmed."""
    recogniser = load_recogniser()
    known = [recogniser.look(photo, FACE) for photo in case.first.others]
    person = mean(found.descriptor for found in known if found is not None)
    with av.open(str(clip)) as container:
        pictures = [frame.to_ndarray(format="rgb24") for frame in container.decode(video=0)]

    def look(track: Track, frame: int) -> Descriptor | None:
        box = track.box(frame)
        found = recogniser.look(pictures[frame], box) if box else None
        return found.descriptor if found and found.width >= 24 else None

    keeps = [
        TrackEdit(decision=Decision.KEEP, path=path_of(track, span.start, span.end), reason="bench")
        for track in plan.tracks
        for span in alike(track, plan.tracks, look, person, RATE)
    ]
    return Edits(fingerprint=plan.fingerprint, tracks=tuple(keeps))


def judged(plan: Plan, edits: Edits, case: Crossing) -> tuple[int, int, int]:
    """Frames with the stranger exposed; frames with the first person clear, of those far away."""
    found = resolve(plan, edits).plan
    covers = Covers(found.tracks, found.shots(), CoverSettings(), WIDTH, HEIGHT)
    exposed = clear = away = 0
    for frame in range(case.frames):
        bare = bare_at(covers, frame)
        stranger, kept = visible(case, frame, True), visible(case, frame, False)
        # A sliver beside the other's head or the frame's edge is no face.
        if stranger.sum() > 0.25 * ellipse(case.second.face(frame)).sum():
            exposed += bool((stranger & bare).sum() > _EXPOSED * stranger.sum())
        a, b = case.first.face(frame), case.second.face(frame)
        if kept.sum() > 0.9 * _area(a) and abs(a.cx - b.cx) > a.w * 2 + b.w:
            away += 1
            clear += bool((kept & bare).sum() > 0.9 * kept.sum())
    return exposed, clear, away


def bare_at(covers: Covers, frame: int) -> Mask:
    """The pixels under no cover."""
    covered = np.zeros((HEIGHT, WIDTH), np.uint8)
    for region in covers.at(frame):
        cv2.fillConvexPoly(covered, region.outline().round().astype(np.int32), 1)
    return covered == 0


def _area(box: Box) -> float:
    return float(np.pi * box.w * box.h / 4)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--count", type=int, default=40)
    parser.add_argument("--first", type=int, default=0)
    given = parser.parse_args()
    folder = FACEDATA / "id_lfw"
    people = json.loads((folder / "gt.json").read_text())["people"]
    total = {way: np.zeros(4, int) for way in ("nobody", "track", "offer")}
    for number in range(given.first, given.first + given.count):
        case = crossing(number, people, folder)
        clip = KEPT / "crossings" / f"{case.name}.mp4"
        if not clip.exists():
            film(case, clip)
        plan = scan(clip, ScanSettings())
        ways = {
            "nobody": Edits(fingerprint=plan.fingerprint),
            "track": keep_track(plan, case),
            "offer": keep_offers(plan, case, clip),
        }
        line = f"{case.name:4} {case.frames:3} frames, {len(plan.tracks)} tracks"
        for way, edits in ways.items():
            exposed, clear, away = judged(plan, edits, case)
            total[way] += (exposed > 0, exposed, clear, away)
            line += f"  {way}: exposed {exposed:2} clear {clear:3}/{away:3}"
        print(line, flush=True)
    for way, (clips, frames, clear, away) in total.items():
        print(f"{way}: exposed in {clips} clips, {frames} frames; clear {clear / max(away, 1):.0%}")


if __name__ == "__main__":
    main()
