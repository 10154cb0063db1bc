#!/usr/bin/env python3
"""Three people in shots that cut between them: chains a person, and persons a person.

    python tests/bench/persons.py [--minutes N] [--shot SECONDS]

Plays three real videos of one person each in turn, going on where the last shot of each ended and
from its start after its end; every fourth shot shows all three side by side. Scans the clip and
prints for each person the shots, and the plan's tracks and chains over all of them; then groups
the tracks by looks, and prints the groups that each person falls into. A track on hands or
background counts for the person it lies beside; "of nobody" are tracks in no chain. "Strange" are
tracks in a chain or group whose most are another person's.
"""

from __future__ import annotations

import argparse
import itertools
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import av
import cv2
import numpy as np
import numpy.typing as npt
from paths import FACEDATA, KEPT

from blur.data.alike import best_moments
from blur.data.likeness import Descriptor, mean
from blur.data.persons import Face, parted, persons
from blur.data.plan import Plan, Track
from blur.detect.registry import load_recogniser
from blur.scan.scan import scan
from blur.settings import ScanSettings

SOURCES = ("gaze_demo/demo.mp4", "liveportrait/s20.mp4", "dfdc/brtujopkby.mp4")
WIDTH, HEIGHT, RATE = 640, 360, 12
_LEAST = 24.0
"""Pixels from ear to ear and moments of a track, as the list of people takes them."""
_MOMENTS = 4

Picture = npt.NDArray[np.uint8]


def pictures(path: Path) -> Iterator[Picture]:
    """The video's pictures at RATE, without end."""
    while True:
        with av.open(str(path)) as container:
            rate = float(container.streams.video[0].average_rate or RATE)
            shown = -1
            for number, frame in enumerate(container.decode(video=0)):
                if int(number * RATE / rate) > shown:
                    shown = int(number * RATE / rate)
                    yield frame.to_ndarray(format="rgb24")


def film(path: Path, frames: int, shot: int) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    plays = [pictures(FACEDATA / "video" / name) for name in SOURCES]
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", RATE, options={"crf": "18", "preset": "veryfast"})
        stream.width, stream.height, stream.pix_fmt = WIDTH, HEIGHT, "yuv420p"
        for frame in range(frames):
            picture = np.full((HEIGHT, WIDTH, 3), 16, np.uint8)
            for who, (left, right) in shown(frame, shot).items():
                picture[:, left:right] = fitted(next(plays[who]), right - left)
            container.mux(stream.encode(av.VideoFrame.from_ndarray(picture, "rgb24")))
        container.mux(stream.encode())


def shown(frame: int, shot: int) -> dict[int, tuple[int, int]]:
    """The people of a frame, and the columns that each fills."""
    turn = frame // shot % (len(SOURCES) + 1)
    if turn < len(SOURCES):
        return {turn: (0, WIDTH)}
    edges = np.linspace(0, WIDTH, len(SOURCES) + 1).round().astype(int).tolist()
    return dict(enumerate(itertools.pairwise(edges)))


def fitted(picture: Picture, width: int) -> Picture:
    """The upper middle of a picture that fills a place."""
    scale = max(width / picture.shape[1], HEIGHT / picture.shape[0])
    small = cv2.resize(picture, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    left = (small.shape[1] - width) // 2
    top = (small.shape[0] - HEIGHT) // 4
    return small[top : top + HEIGHT, left : left + width]


def owner(track: Track, shot: int) -> int:
    """The person beside whom most of a track's sightings lie."""
    votes: Counter[int] = Counter()
    for frame in track.sightings().tolist():
        box = track.box(frame)
        for who, (left, right) in shown(frame, shot).items():
            votes[who] += bool(box and left <= box.cx < right)
    return votes.most_common(1)[0][0]


def faces(plan: Plan, clip: Path) -> list[Face]:
    """The looks of the plan's tracks, as the list of people finds them."""
    wanted: dict[int, list[Track]] = {}
    for track in plan.tracks:
        for frame in best_moments(track, _MOMENTS):
            wanted.setdefault(frame, []).append(track)
    looks: dict[int, list[Descriptor]] = {track.id: [] for track in plan.tracks}
    with av.open(str(clip)) as container:
        for number, frame in enumerate(container.decode(video=0)):
            for track in wanted.get(number, ()):
                box = track.box(number)
                assert box is not None
                known = load_recogniser().look(frame.to_ndarray(format="rgb24"), box)
                if known is not None and known.width >= _LEAST:
                    looks[track.id].append(known.descriptor)
    return [
        Face("clip", track, mean(looks[track.id][i] for i in part))
        for track in plan.tracks
        for part in parted(looks[track.id])
    ]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--minutes", type=float, default=20.0)
    parser.add_argument("--shot", type=float, default=10.0, metavar="SECONDS")
    given = parser.parse_args()
    frames, shot = round(given.minutes * 60 * RATE), round(given.shot * RATE)
    clip = KEPT / "persons" / f"{frames}-{shot}.mp4"
    if not clip.exists():
        film(clip, frames, shot)
    started = time.process_time()
    plan = scan(clip, ScanSettings())
    each = (time.process_time() - started) / plan.frames * 1000
    print(f"{frames} frames, {len(plan.cuts)} cuts, {len(plan.tracks)} tracks, {each:.0f} ms each")
    numbers = sorted({track.chain for track in plan.tracks if track.chain is not None})
    chains = [[owner(t, shot) for t in plan.tracks if t.chain == n] for n in numbers]
    known = faces(plan, clip)
    groups = [[owner(known[i].track, shot) for i in group] for group in persons(known)]
    for who, name in enumerate(SOURCES):
        shots = len({f // shot for f in range(frames) if who in shown(f, shot)})
        here = [track for track in plan.tracks if owner(track, shot) == who]
        nobody = sum(track.chain is None for track in here)
        chained = sum(Counter(chain).most_common(1)[0][0] == who for chain in chains)
        inside = sum(Counter(group).most_common(1)[0][0] == who for group in groups)
        print(
            f"{name}: {shots} shots, {len(here)} tracks, {nobody} of nobody, "
            f"{chained} chains, {inside} groups"
        )
    for what, parts in ("chains", chains), ("groups", groups):
        strange = sum(len(p) - Counter(p).most_common(1)[0][1] for p in parts)
        sizes = sorted(map(len, parts), reverse=True)
        print(f"{what}: {strange} strange of {sum(sizes)}, {sizes}")


if __name__ == "__main__":
    main()
