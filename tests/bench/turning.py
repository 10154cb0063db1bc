#!/usr/bin/env python3
"""Heads that turn away: a face is seen, then the back of the head for k frames, or for good.

    python tests/bench/turning.py                      scan 18 clips, print the covered shares
    python tests/bench/turning.py --only k75 --sheet FOLDER   some, with contact sheets of the turns

A virtual hand-held camera films a real person, standing or walking across, in front of a shelf or a
table; the face is replaced by the back of a real head over the same shoulders. `back` counts frames
with a turned head, `face` those with a face; a frame is covered if at most a quarter of the face's
ellipse, or of the place where it would be, is clear. `after` is the seconds that a turned head
stays covered without a break.
"""

from __future__ import annotations

import argparse
import itertools
import math
import tempfile
from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import av
import cv2
import numpy as np
import paths
from appearances import FORMS, SHIPPED, WIDER, boxes, cloth, hidden, oval
from filmed import RATE, camera, loaded
from leak import each
from score import Raster
from truth import CLEAR, OTHER, Face

from blur.cover.region import Covers
from blur.data.arrays import Picture
from blur.media.open.probe import probe
from blur.media.open.readers import open_reader
from blur.media.open.small_pictures import display_rgb
from blur.scan.scan import scan
from blur.settings import Level, ScanSettings, Settings

STREET = paths.FACEDATA / "video" / "openpose" / "video.avi"
DANCE = "4--Dancing/4_Dancing_Dancing_4_355.jpg"
BACKS = (
    (None, (700, 232, 155, 130)),
    (101, (687, 120, 52, 52)),
    (149, (52, 134, 25, 34)),
    (173, (19, 135, 29, 36)),
)
"""Frames of `STREET`, or None for `DANCE`, and a head seen from behind there: x, y, w, h from crown
to nape."""
_INTERVIEW = "13--Interview/13_Interview_Interview"
PEOPLE = (
    "1--Handshaking/1_Handshaking_Handshaking_1_682.jpg",
    f"{_INTERVIEW}_On_Location_13_1000.jpg",
    f"{_INTERVIEW}_Sequences_13_51.jpg",
    f"{_INTERVIEW}_On_Location_13_889.jpg",
    f"{_INTERVIEW}_On_Location_13_970.jpg",
    "20--Family_Group/20_Family_Group_Family_Group_20_873.jpg",
    f"{_INTERVIEW}_On_Location_13_211.jpg",
    f"{_INTERVIEW}_Sequences_13_957.jpg",
    f"{_INTERVIEW}_On_Location_13_7.jpg",
    "4--Dancing/4_Dancing_Dancing_4_826.jpg",
    "1--Handshaking/1_Handshaking_Handshaking_1_409.jpg",
    "4--Dancing/4_Dancing_Dancing_4_913.jpg",
)
"""Photographs of a person with shoulders in the picture: the largest face, 38 to 184 pixels."""
KS = (15, 30, 45, 75, 60, 0)
"""Frames for which the head is turned away; 0: for good, which lasts `_FOR_GOOD` frames."""
SPEEDS = (1.0, 0.0)
"""Face widths a second that the person walks."""
GROUNDS = ("motorcycle_left.png", "coffee.png")
_FOR_GOOD = 180
_SEEN = 20  # frames with a face before the turn, and after it
_TURN = 4  # frames of a turn, on which nothing counts
_EXPOSED = 0.25  # share of an ellipse that is clear on an exposed frame


class Turning(NamedTuple):
    """A clip to be made."""

    number: int
    k: int
    person: str
    speed: float

    @property
    def name(self) -> str:
        k = f"k{self.k}" if self.k else "good"
        return f"{k}-v{self.speed}-n{self.number}"

    @property
    def away(self) -> int:
        return self.k or _FOR_GOOD

    def turned(self, frame: int) -> float:
        """0 on frames with a face, 1 with the back of the head."""
        since = (frame - _SEEN) / _TURN
        until = math.inf if not self.k else (_SEEN + self.k + 2 * _TURN - frame) / _TURN
        return min(max(0.0, min(since, until)), 1.0)

    @property
    def frames(self) -> int:
        return _SEEN + self.away + (2 * _TURN + _SEEN if self.k else _TURN)


def clips(count: int) -> Iterator[Turning]:
    """Every length of a turn, with the next person each."""
    for number in range(count):
        speed = SPEEDS[(number // len(KS)) % len(SPEEDS)]
        person = PEOPLE[(number + number // len(PEOPLE)) % len(PEOPLE)]
        yield Turning(number, KS[number % len(KS)], person, speed)


def back_of_head(number: int) -> tuple[Picture, tuple[int, int, int, int]]:
    """A picture, and a head seen from behind on it."""
    at, box = BACKS[number % len(BACKS)]
    if at is None:
        return loaded(WIDER / DANCE), box
    with av.open(str(STREET)) as street:
        frame = next(itertools.islice(street.decode(video=0), at, None))
        return frame.to_ndarray(format="rgb24"), box


def turned_away(picture: Picture, face: Sequence[float], number: int) -> Picture:
    """The picture with a face's head replaced by a back of a head."""
    x, y, w, h = face
    source, (left, top, wide, tall) = back_of_head(number)
    across, down = 1.35 * w / wide, 1.25 * h / tall
    move = np.array(
        [[across, 0, x + w / 2 - across * (left + wide / 2)], [0, down, y - 0.3 * h - down * top]]
    )
    under = cv2.warpAffine(source, move, picture.shape[1::-1], flags=cv2.INTER_CUBIC)
    mask = oval(picture.shape, x + w / 2, y + 0.38 * h, 0.68 * w, 0.72 * h)
    mask = cv2.GaussianBlur(mask, (0, 0), max(1.0, 0.04 * w))[..., None]
    return np.asarray(picture * (1 - mask) + under * mask, np.uint8)


def make(clip: Turning, file: Path) -> list[Face]:
    """Write the clip; the face, or its place, on each frame."""
    grain = np.random.default_rng(clip.number)
    form = FORMS[1]
    picture = loaded(WIDER / clip.person)
    face, *others = sorted(boxes()[clip.person], key=lambda box: -box[2])
    for other in others:
        picture = hidden(picture, other, cloth(*picture.shape[:2], grain))
    back = turned_away(picture, face, clip.number)
    x, y, w, h = face
    alpha = oval(picture.shape, x + w / 2, y + 0.4 * h, 0.8 * w, 0.95 * h)
    alpha = np.maximum(alpha, oval(picture.shape, x + w / 2, y + 3.3 * h, 1.7 * w, 2.2 * h))
    alpha = cv2.GaussianBlur(alpha, (0, 0), 0.06 * w, borderType=cv2.BORDER_CONSTANT)
    ground = loaded(SHIPPED / GROUNDS[clip.number % len(GROUNDS)])
    base = np.linalg.inv(camera(0, ground, form))
    scale = min(1.0, form.height / 4 / h) * math.hypot(*base[0, :2])
    middle = np.array([x + w / 2, y + h / 2])
    faces: list[Face] = []
    size = form.width, form.height
    edges: Any = {"flags": cv2.INTER_CUBIC, "borderMode": cv2.BORDER_REFLECT}
    with av.open(str(file), "w", format="mp4") as out:
        stream: Any = out.add_stream(form.encoder, RATE, options=form.options)
        stream.width, stream.height, stream.pix_fmt = form.width, form.height, form.pix_fmt
        for i in range(clip.frames):
            to_view = camera(i / RATE, ground, form)
            walked = clip.speed * w * scale * (i - clip.frames / 2) / RATE
            place = (base @ [form.width * 0.5, form.height * 0.35, 1])[:2]
            place[0] += walked
            move = np.column_stack([scale * np.eye(2), place - scale * middle])
            matrix = to_view @ np.vstack([move, [0, 0, 1]])
            share = clip.turned(i)
            look = cv2.addWeighted(back, share, picture, 1 - share, 0)
            view = cv2.warpAffine(ground, to_view[:2], size, **edges)
            cut = cv2.warpAffine(look, matrix[:2], size, flags=cv2.INTER_CUBIC)
            opaque = cv2.warpAffine(alpha, matrix[:2], size)[..., None]
            view = np.asarray(view * (1 - opaque) + cut * opaque, np.uint8)
            cx, cy = (matrix @ [*middle, 1])[:2]
            grown, turn = math.hypot(*matrix[:2, 0]), math.atan2(matrix[1, 0], matrix[0, 0])
            kind = CLEAR if share == 0 else "back" if share == 1 else OTHER
            faces.append(Face(0, kind, cx, cy, w / 2 * grown, h / 2 * grown, turn))
            noise = grain.integers(-4, 5, view.shape, np.int8)
            noisy = cv2.add(view, noise, dtype=cv2.CV_8U)
            out.mux(stream.encode(av.VideoFrame.from_ndarray(noisy, "rgb24")))
        out.mux(stream.encode(None))
    return faces


class Score(NamedTuple):
    """Covered and counted frames with the back of a head and with a face, seconds that a turned
    head stays covered, and the share of the pictures under covers."""

    clip: Turning
    back: tuple[int, int]
    face: tuple[int, int]
    after: float
    area: float


def measure(options: argparse.Namespace, folder: Path, clip: Turning) -> Score:
    """Make, scan and score a clip, and draw its covers."""
    file = folder / f"{clip.name}.mp4"
    faces = make(clip, file)
    plan = scan(file, ScanSettings(level=options.level))
    covers = Covers(plan.tracks, plan.shots(), Settings().cover, plan.width, plan.height)
    raster = Raster(plan.width, plan.height)
    masks = [raster.covered(covers.at(frame)) for frame in range(plan.frames)]
    kinds = np.array([face.kind for face in faces])
    clear = [raster.uncovered(face, mask) or 0.0 for face, mask in zip(faces, masks, strict=True)]
    hidden_well = np.array(clear) <= _EXPOSED
    counts = [
        (int(hidden_well[kinds == kind].sum()), int((kinds == kind).sum()))
        for kind in ("back", CLEAR)
    ]
    turned = hidden_well[kinds == "back"]
    after = int(np.argmin(turned)) if not turned.all() else len(turned)
    if options.sheet is not None:
        sheet(file, covers, faces, options.sheet / f"{clip.name}.png")
    area = float(np.mean([mask.mean() for mask in masks]))
    return Score(clip, counts[0], counts[1], after / RATE, area)


def sheet(file: Path, covers: Covers, faces: Sequence[Face], picture: Path) -> None:
    """Write twelve frames of the turn, with the outlines of the covers."""
    chosen = np.linspace(_SEEN - 4, min(len(faces) - 1, _SEEN + 90), 12).astype(int).tolist()
    rows, info = [], probe(file)
    with open_reader(file, info) as reader:
        for frame in reader:
            if frame.index not in chosen:
                continue
            view = display_rgb(frame.picture, info.orientation, info.width, info.height)
            for region in covers.at(frame.index):
                points = np.round(region.outline()).astype(np.int32)
                cv2.polylines(view, [points], True, (0, 255, 0), 2)
            at = round(faces[frame.index].cx), round(faces[frame.index].cy)
            middle = [
                min(max(value, 100), side - 100) for value, side in zip(at, (960, 540), strict=True)
            ]
            part = view[middle[1] - 100 : middle[1] + 100, middle[0] - 100 : middle[0] + 100]
            rows.append(part)
    both = [np.hstack(rows[i : i + 6]) for i in (0, 6)]
    cv2.imwrite(str(picture), np.vstack(both)[..., ::-1])


def report(scores: Sequence[Score]) -> None:
    print(f"{'clip':26}{'back':>10}{'face':>9}{'after s':>9}{'area':>8}")
    for s in scores:
        back, face = (f"{covered}/{counted}" for covered, counted in (s.back, s.face))
        print(f"{s.clip.name:26}{back:>10}{face:>9}{s.after:9.1f}{s.area:8.2%}")
    for name, chosen in (
        ("turned for 2.5 s at most", [s for s in scores if s.clip.k]),
        ("turned for good", [s for s in scores if not s.clip.k]),
    ):
        if chosen:
            back, face = (
                np.sum([counts[i] for counts in (s[1:3] for s in chosen)], axis=0) for i in (0, 1)
            )
            print(
                f"{name}: {back[0] / back[1]:.1%} of {back[1]} frames with the back of a head "
                f"covered, {face[0] / face[1]:.1%} of {face[1]} with a face"
            )


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--level", type=Level, default=Level.BALANCED, choices=list(Level))
    parser.add_argument("--only", nargs="+", default=[""], metavar="PART", help="parts of names")
    parser.add_argument("--count", type=int, default=18, help="clips to make")
    parser.add_argument("--jobs", type=int, default=1, help="clips at once")
    parser.add_argument("--sheet", type=Path, metavar="FOLDER", help="pictures of the turns")
    given = parser.parse_args()
    if not STREET.exists() or not WIDER.exists():
        parser.error(f"no real people: {paths.FACEDATA}")
    if given.sheet is not None:
        if given.sheet.resolve().is_relative_to(paths.ROOT):
            parser.error("--sheet shows real people's faces: name a folder outside the repository")
        given.sheet.mkdir(mode=0o700, parents=True, exist_ok=True)
    chosen = [c for c in clips(given.count) if any(part in c.name for part in given.only)]
    with tempfile.TemporaryDirectory(prefix="blur-bench-") as folder:
        report(list(each(partial(measure, given, Path(folder)), chosen, given.jobs)))


if __name__ == "__main__":
    main()
