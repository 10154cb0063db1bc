#!/usr/bin/env python3
"""Covers on real videos over places that are no face, and seconds that may show a face.

    python tests/bench/excess.py                    the labelled videos
    python tests/bench/excess.py --only night       some of them
    python tests/bench/excess.py --plans FOLDER     plans kept in FOLDER, and read where they are
    python tests/bench/excess.py --nobody           minutes of made footage without people

`labels.json` holds, by video, the tracks of a scan as a person judged them from contact sheets:
face, none or unsure, each as (frame, cx, cy, w, h) in display pixels, a frame in twelve. A track
of a plan is what most of its sightings lie in; of no label: unsure. `none` is the share of the
picture that covers of none hide and no cover of a face does. Crowds are left out: too small to
judge by eye.
"""

from __future__ import annotations

import argparse
import json
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path

import av
import cv2
import numpy as np
import paths

from blur.cover.region import Covers
from blur.data.plan import Kind, Plan, Track
from blur.scan.scan import scan
from blur.settings import CoverSettings, ScanSettings
from blur.store.plans import load_plan, save_plan

LABELS = json.loads(Path(__file__).with_name("labels.json").read_text())
EVERY = 5
"""Frames between two measurements of area."""
_COARSE = 4
"""Pixels a side of a sample of the masks that areas are counted on."""
_SAME_TIME = 8
"""Frames from a label's nearest box within which it tells about a sighting."""
_RATE, _SIZE, _SECONDS = 10, (640, 360), 10
"""Frames per second, size and seconds a shot of footage without people."""
FRAMES = _RATE * _SECONDS


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--only", default="", help="a part of the name")
    parser.add_argument("--plans", type=Path, metavar="FOLDER", help="kept between calls, JSON")
    parser.add_argument("--nobody", action="store_true", help="footage without people instead")
    given = parser.parse_args(arguments)
    if given.nobody:
        nobody(given.plans)
        return
    sums = np.zeros(4)
    for name, labels in LABELS.items():
        clip = paths.FACEDATA / "video" / name
        if given.only not in name:
            continue
        plan = planned(clip, given.plans)
        none, unsure, kinds = areas(plan, labels)
        seconds = plan.seconds(plan.frames)
        shown, excess = plan.doubt_seconds(), plan.doubt_seconds(Kind.EXCESS)
        sums += np.array([none * seconds, shown, excess, seconds])
        print(
            f"{name:50} {seconds:6.1f} s  none {none:6.2%}  unsure {unsure:6.2%}"
            f"  may show {shown / seconds:4.0%}  too much {excess / seconds:4.0%}  {dict(kinds)}"
        )
    none, shown, excess, seconds = sums
    print(
        f"all: {seconds:.0f} s, none {none / seconds:.2%} of the picture, may show a face"
        f" {shown / seconds:.1%}, covers too much {excess / seconds:.1%}"
    )


def planned(clip: Path, kept: Path | None) -> Plan:
    """The plan of a scan; from `kept` if it is there."""
    file = None if kept is None else kept / f"{clip.stem}.json"
    if file is not None and file.exists():
        return load_plan(file)
    started = time.process_time()
    plan = scan(clip, ScanSettings())
    print(f"{(time.process_time() - started) / plan.frames * 1000:.0f} ms of a core a frame")
    if file is not None:
        file.parent.mkdir(exist_ok=True)
        save_plan(plan, file)
    return plan


def areas(
    plan: Plan, labels: dict[str, list[list[list[int]]]]
) -> tuple[float, float, Counter[str]]:
    """Shares of the picture that none and unsure hide, and the tracks of each kind."""
    by_kind: dict[str, list[Track]] = {"face": [], "none": [], "unsure": []}
    for track in plan.tracks:
        if track.source == "scan":
            by_kind[kind_of(track, labels)].append(track)
    shots = list(plan.shots())
    covers = {
        kind: Covers(tracks, shots, CoverSettings(), plan.width, plan.height)
        for kind, tracks in by_kind.items()
    }
    none, unsure, frames = 0.0, 0.0, range(0, plan.frames, EVERY)
    for frame in frames:
        masks = {kind: mask(c, frame, plan) for kind, c in covers.items()}
        none += float((masks["none"] & ~masks["face"] & 1).mean())
        unsure += float((masks["unsure"] & ~masks["face"] & 1).mean())
    kinds = Counter({kind: len(tracks) for kind, tracks in by_kind.items()})
    return none / len(frames), unsure / len(frames), kinds


def kind_of(track: Track, labels: dict[str, list[list[list[int]]]]) -> str:
    votes: Counter[str] = Counter()
    for frame in track.sightings().tolist():
        x, y, *_ = track.box(frame) or (0.0, 0.0)
        for kind in ("face", "none", "unsure"):
            if any(holds(label, frame, x, y) for label in labels[kind]):
                votes[kind] += 1
                break
        else:
            votes["unsure"] += 1
    return votes.most_common(1)[0][0]


def holds(label: list[list[int]], frame: int, x: float, y: float) -> bool:
    """Whether a point lies in a label's ellipse."""
    at = np.array(label, np.float64)
    if not at[0, 0] - _SAME_TIME <= frame <= at[-1, 0] + _SAME_TIME:
        return False
    cx, cy, w, h = (np.interp(frame, at[:, 0], at[:, i]) for i in range(1, 5))
    return bool(((x - cx) / w) ** 2 + ((y - cy) / h) ** 2 < 0.25)


def mask(covers: Covers, frame: int, plan: Plan) -> np.ndarray:
    out = np.zeros((plan.height // _COARSE, plan.width // _COARSE), np.uint8)
    for region in covers.at(frame):
        cv2.fillConvexPoly(out, np.round(region.outline() / _COARSE).astype(np.int32), 1)
    return out


# --- footage without people --------------------------------------------------------------------


def nobody(kept: Path | None) -> None:
    """False tracks on pans and zooms over scenes in which nobody is."""
    tracks, seconds, shown = 0, 0.0, 0.0
    folder = paths.KEPT / "nobody"
    folder.mkdir(parents=True, exist_ok=True)
    for number, (name, picture) in enumerate(scenes()):
        clip = folder / f"{name}.mp4"
        if not clip.exists():
            film(picture, clip, np.random.default_rng(number))
        plan = planned(clip, kept)
        found = [t for t in plan.tracks if t.source == "scan"]
        tracks, seconds = tracks + len(found), seconds + plan.seconds(plan.frames)
        shown += plan.doubt_seconds()
        if found:
            print(name, [(t.start, t.end, round(float(t.scores.max()), 2)) for t in found])
    each = f"one in {seconds / 60 / tracks:.1f} min" if tracks else "none"
    print(
        f"{seconds / 60:.1f} min without people: {tracks} false tracks, {each}; {shown:.0f} s shown"
    )


def scenes() -> Iterator[tuple[str, np.ndarray]]:
    """Photographs that scikit-image and scikit-learn ship, and made cloth, foliage, fireworks."""
    from skimage import data
    from sklearn.datasets import load_sample_image

    for name in ("brick", "grass", "gravel", "coffee", "rocket", "chelsea", "coins", "page"):
        picture = getattr(data, name)()
        yield name, picture if picture.ndim == 3 else cv2.cvtColor(picture, cv2.COLOR_GRAY2RGB)
    for name in ("china.jpg", "flower.jpg"):
        yield name.split(".")[0], np.array(load_sample_image(name))
    rng = np.random.default_rng(0)
    for k in range(4):
        yield f"cloth{k}", cloth(rng)
        yield f"foliage{k}", leaves(rng)
        yield f"fireworks{k}", fireworks(rng)
        yield f"room{k}", room(rng)


def cloth(rng: np.random.Generator) -> np.ndarray:
    """Folds with a woven pattern."""
    y, x = np.mgrid[0:720, 0:1280].astype(np.float32)
    folds = sum(
        np.sin((x * np.cos(a) + y * np.sin(a)) / s + p)
        for a, s, p in rng.uniform([0, 30, 0], [3.1, 120, 6], (6, 3))
    )
    weave = 12 * np.sign(np.sin(x / rng.uniform(3, 9))) * np.sign(np.sin(y / rng.uniform(3, 9)))
    gray = 128 + 18 * folds + weave
    return np.clip(gray[..., None] * rng.uniform(0.5, 1, 3), 0, 255).astype(np.uint8)


def leaves(rng: np.random.Generator) -> np.ndarray:
    """Thousands of ellipses in greens and browns, light from above."""
    out = np.full((720, 1280, 3), 30, np.uint8)
    for _ in range(6000):
        colour = (rng.uniform([20, 60, 10], [120, 190, 60])).tolist()
        centre = rng.integers(0, [1280, 720]).tolist()
        axes = rng.integers([4, 2], [26, 12]).tolist()
        cv2.ellipse(out, centre, axes, float(rng.uniform(0, 180)), 0, 360, colour, -1)
    return out


def fireworks(rng: np.random.Generator) -> np.ndarray:
    """Bursts of light on a night sky."""
    out = np.full((720, 1280, 3), 8, np.uint8)
    for _ in range(12):
        middle, size = rng.uniform([0, 0], [1280, 720]), rng.uniform(30, 200)
        colour = rng.uniform(120, 255, 3).tolist()
        for angle in rng.uniform(0, 6.3, 60):
            ray = size * rng.uniform(0.3, 1) * np.array([np.cos(angle), np.sin(angle)])
            a, b = middle + 0.4 * ray, middle + ray
            cv2.line(out, a.astype(int).tolist(), b.astype(int).tolist(), colour, 2, cv2.LINE_AA)
    return cv2.GaussianBlur(out, (0, 0), 1.2)


def room(rng: np.random.Generator) -> np.ndarray:
    """Walls, frames, shelves, cushions and lamps as soft boxes and discs."""
    out = np.full((720, 1280, 3), rng.uniform(90, 200, 3), np.uint8)
    for _ in range(90):
        x, y = rng.integers(0, [1280, 720]).tolist()
        w, h = rng.integers(12, 160, 2).tolist()
        colour = rng.uniform(20, 235, 3).tolist()
        if rng.random() < 0.6:
            cv2.rectangle(out, (x, y), (x + w, y + h), colour, -1 if rng.random() < 0.7 else 4)
        else:
            cv2.ellipse(out, (x, y), (w // 2, h // 2), 0, 0, 360, colour, -1)
    noise = rng.normal(0, 4, out.shape)
    return np.clip(cv2.GaussianBlur(out, (0, 0), 1.5) + noise, 0, 255).astype(np.uint8)


def film(picture: np.ndarray, clip: Path, rng: np.random.Generator) -> None:
    """A slow pan, zoom and turn over a picture, hand-held."""
    width, height = _SIZE
    wide = picture.shape[1], picture.shape[0]
    least = max(width / wide[0], height / wide[1])
    path = np.cumsum(rng.normal(0, 1, (FRAMES, 2)), axis=0)
    path /= max(1.0, float(np.abs(path).max()))
    with av.open(str(clip), "w") as out:
        stream = out.add_stream("libx264", rate=_RATE, options={"crf": "20", "preset": "veryfast"})
        stream.width, stream.height, stream.pix_fmt = width, height, "yuv420p"
        for number, (x, y) in enumerate(path):
            scale = least * (1.25 + 0.6 * number / len(path))
            room_x, room_y = wide[0] - width / scale, wide[1] - height / scale
            centre = wide[0] / 2 + 0.4 * x * room_x, wide[1] / 2 + 0.4 * y * room_y
            view = np.array(
                [
                    [scale, 0, width / 2 - scale * centre[0]],
                    [0, scale, height / 2 - scale * centre[1]],
                ]
            )
            seen = cv2.warpAffine(picture, view, _SIZE, borderMode=cv2.BORDER_REFLECT)
            for packet in stream.encode(av.VideoFrame.from_ndarray(seen, format="rgb24")):
                out.mux(packet)
        for packet in stream.encode():
            out.mux(packet)


if __name__ == "__main__":
    main()
