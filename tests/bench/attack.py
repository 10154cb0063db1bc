#!/usr/bin/env python3
"""People named under a cover: attackers who know the tool, against its fills.

    python tests/bench/attack.py                     some minutes
    python tests/bench/attack.py --json result.json  the figures as well

Needs the packages of the extra `bench`. Three questions, each with its chance level:
  inside    by the inside of a cover, all else equal for everyone (ORL, 40 people)
  outside   by hair, outline, clothes and background around a head-sized cover (LFW)
  geometry  by size and shape of a cover's head, of the whole cover upright and as it is turned (by
            its outline, too), and of the detector's bare box: the mean over offsets of the ladder
            of head sizes

A naive attacker compares covered faces with clear photographs of suspects; a parrot first treats
the photographs as the tool does. Rank-1 with 95 % intervals (Wilson). The run is void, and says
so, unless the attackers name clear and truly blurred faces.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import paths
from attack_models import (
    Attacker,
    Embeddings,
    gaussian_shape,
    nearest_pixels,
    pca_lda,
    pca_svm,
)
from attack_people import (
    Album,
    Picture,
    averaged,
    covered,
    deblurred,
    head,
    lfw,
    mean_colour,
    orl,
    true_blur,
    true_mosaic,
)

from blur.cover.fills import Fill, make_fill
from blur.cover.head import LADDER, head_boxes, quantised
from blur.cover.region import Covers, Outline
from blur.data.plan import Track
from blur.settings import CoverSettings, FillName
from blur.store.plans import coarse

OURS: dict[str, Fill] = {name.value: make_fill(CoverSettings(fill=name)) for name in FillName}
PEERS: dict[str, Fill] = {
    "true blur": true_blur,
    "true mosaic": true_mosaic,
    "mean colour": mean_colour,
}
PARROTS: dict[str, Attacker] = {
    "nearest pixels": nearest_pixels,
    "PCA + LDA": pca_lda,
    "PCA + SVM": pca_svm,
}

CONTROL = 0.9
"""Share of clear, and of truly blurred, faces that attackers must name; less makes a run void."""

OFFSETS = 8
"""Enlargements of all photographs, within a step of the ladder, over which geometry is attacked: by
a single one, where the steps happen to part the people decides. More is calmer and takes longer."""

_FINE = 1
"""Decimals of a pixel in which sizes are compared; finer ones tell covers of one size apart by
rounding errors of their places."""

_MIDDLE = 2000
"""Pixels from the middle of a picture to its edges, which no cover reaches; larger is as good."""

_HALF = 8
"""Directions of half a turn in which an outline is measured; more is as good."""

INSIDE_LIMIT = 12 / 400
"""Share that no attacker may pass by the inside of our covers; chance is 10 in 400."""


@dataclass(frozen=True)
class Score:
    """Pictures that an attacker named rightly, of those `asked`."""

    question: str
    treatment: str
    attacker: str
    right: int
    asked: int
    chance: float

    @property
    def rate(self) -> float:
        return self.right / self.asked

    @property
    def interval(self) -> tuple[float, float]:
        """95 % interval of the rate, by Wilson."""
        n, z = self.asked, 1.96
        middle = (self.rate + z * z / (2 * n)) / (1 + z * z / n)
        reach = z * np.sqrt(self.rate * (1 - self.rate) / n + z * z / (4 * n * n))
        return max(0.0, middle - reach / (1 + z * z / n)), middle + reach / (1 + z * z / n)

    def __str__(self) -> str:
        low, high = self.interval
        what = f"{self.question:9} {self.treatment:15} {self.attacker:23}"
        named = f"{self.right:4}/{self.asked:<4} {self.rate:6.1%}  [{low:5.1%}, {high:5.1%}]"
        return f"{what} {named}  chance {self.chance:.1%}"


class Bench:
    """Runs attacks on an album, each half as the gallery in turn, and prints each score.

    `view` cuts out of a picture what the attacker sees.
    """

    def __init__(self, album: Album, question: str, view: tuple[slice, slice], few: int) -> None:
        self.album, self.question, self.view, self.few = album, question, view, few
        self.scores: list[Score] = []

    def run(
        self,
        treatment: str,
        attacker: str,
        attack: Attacker,
        gallery: Sequence[Picture],
        probes: Sequence[Picture],
        *,
        slow: bool = False,
    ) -> None:
        """Attack every published picture; a `slow` attack takes `few` of one half only."""
        self.note(treatment, attacker, *self.named(attack, gallery, probes, slow=slow))

    def named(
        self,
        attack: Attacker,
        gallery: Sequence[Picture],
        probes: Sequence[Picture],
        *,
        slow: bool = False,
    ) -> tuple[int, int]:
        """Pictures that the attacker names rightly, and all that are asked."""
        right = asked = 0
        people, first = self.album.people, self.album.first_half
        for known in (first,) if slow else (first, ~first):
            unknown = np.flatnonzero(~known)
            if slow:
                unknown = unknown[:: max(1, len(unknown) // self.few)]
            named = attack(
                [gallery[i][self.view] for i in np.flatnonzero(known)],
                people[known],
                [probes[i][self.view] for i in unknown],
            )
            right += int((named == people[unknown]).sum())
            asked += len(unknown)
        return right, asked

    def note(self, treatment: str, attacker: str, right: int, asked: int) -> None:
        """Keep and print a score."""
        chance = 1 / len(np.unique(self.album.people))
        score = Score(self.question, treatment, attacker, right, asked, chance)
        self.scores.append(score)
        print(score, flush=True)


def inside(album: Album, dlib: Attacker, few: int, frames: int) -> list[Score]:
    """Attacks on the inside of the cover."""
    bench = Bench(album, "inside", album.inside, few)
    clear, region = album.pictures, head(album.face)
    bench.run("none", "naive dlib", dlib, clear, clear, slow=True)
    for name, parrot in PARROTS.items():
        bench.run("none", name, parrot, clear, clear)
    for treatment, fill in {**PEERS, **OURS}.items():
        peer = treatment in PEERS
        shown = [covered(picture, region, fill) for picture in clear]
        bench.run(treatment, "naive dlib", dlib, clear, shown, slow=peer)
        bench.run(treatment, "parrot dlib", dlib, shown, shown, slow=peer)
        for name, parrot in PARROTS.items():
            bench.run(treatment, f"parrot {name}", parrot, shown, shown)
        if treatment == "true blur" or not peer:
            sharp = [deblurred(picture, album.inside) for picture in shown]
            bench.run(treatment, "deconvolution, dlib", dlib, clear, sharp, slow=peer)
            bench.run(treatment, "deconvolution, pixels", nearest_pixels, clear, sharp)
        if treatment == "true mosaic" or not peer:
            mean = [averaged(picture, album.face, fill, frames) for picture in clear]
            bench.run(treatment, f"mean of {frames}, dlib", dlib, clear, mean, slow=peer)
            bench.run(treatment, f"mean of {frames}, LDA", pca_lda, mean, mean)
    return bench.scores


def outside(album: Album, dlib: Attacker, few: int) -> list[Score]:
    """Attacks on whole pictures with the head covered."""
    bench = Bench(album, "outside", np.s_[:, :], few)
    face = Bench(album, "outside", album.inside, few)
    clear, region = album.pictures, head(album.face)
    face.run("none", "naive dlib", dlib, clear, clear, slow=True)
    for treatment in ("soft", "solid"):
        shown = [covered(picture, region, OURS[treatment]) for picture in clear]
        face.run(treatment, "naive dlib", dlib, clear, shown, slow=True)
        for name, parrot in PARROTS.items():
            bench.run(treatment, f"parrot {name}", parrot, shown, shown)
    return face.scores + bench.scores


def geometry(album: Album) -> list[Score]:
    """Attacks on the size and shape of a detector's boxes, bare and as covers."""
    from blur.detect.registry import load_detector

    detector = load_detector("centerface")
    sizes: list[npt.NDArray[np.float32]] = []
    for picture in album.pictures:
        colour = picture if picture.ndim == 3 else np.repeat(picture[..., None], 3, 2)
        found = detector.detect([np.ascontiguousarray(colour)], 0.2)[0]
        best = found.boxes[found.scores.argmax()] if len(found) else np.array([*album.face])
        sizes.append(best.astype(np.float32))
    boxes = np.array(sizes)
    upright = boxes * np.array([1, 1, 1, 1, 0], np.float32)
    bench = Bench(album, "geometry", np.s_[:], 0)
    for name, rows, view, attack in (
        ("detector's box", boxes, lambda rows: rows[:, 2:4], _nearest_size),
        ("head", boxes, lambda rows: quantised_alone(rows)[:, 2:4], _nearest_size),
        ("upright cover", upright, extents_alone, _nearest_size),
        ("cover", boxes, extents_alone, _nearest_size),
        ("upright outline", upright, reaches_alone, gaussian_shape),
        ("outline", boxes, reaches_alone, gaussian_shape),
    ):
        counts = []
        for offset in range(OFFSETS):
            larger = rows.copy()
            larger[:, 2:4] *= LADDER ** (offset / OFFSETS)
            views = list(view(larger).round(_FINE))
            counts.append(bench.named(attack, views, views))
        right, asked = np.mean(counts, axis=0).round().astype(int).tolist()
        attacker = "nearest size and shape" if attack is _nearest_size else "Gaussian shape"
        bench.note(name, attacker, right, asked)
    return bench.scores


def extents_alone(boxes: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    """(n, 2) width and height of the covers of (n, 5) boxes, each by itself."""
    return np.array([np.ptp(outline, axis=0) for outline in _outlines(boxes)])


def reaches_alone(boxes: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    """(n, 16) reaches of the same covers from the middle of their faces, in directions all round,
    pixels."""
    turns = np.arange(2 * _HALF) * np.pi / _HALF
    directions = np.stack([np.cos(turns), np.sin(turns)])
    return np.array([((outline - _MIDDLE) @ directions).max(0) for outline in _outlines(boxes)])


def _outlines(boxes: npt.NDArray[np.float32]) -> Iterator[Outline]:
    """The outline of each box's cover, around `_MIDDLE`."""
    for box in coarse(boxes):
        there = np.array([[_MIDDLE, _MIDDLE, *box[2:]]], np.float32)
        track = Track(1, 0, there, np.zeros(1, np.uint8), np.ones(1, np.float32))
        covers = Covers([track], [(0, 1)], CoverSettings(), 2 * _MIDDLE, 2 * _MIDDLE)
        yield covers.at(0)[0].outline()


def quantised_alone(boxes: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    """Covers of boxes, each by itself: those of one track would steady each other."""
    return np.concatenate([head_boxes(quantised(box[None]), 1.0) for box in boxes])


def _nearest_size(gallery, people, probes):  # type: ignore[no-untyped-def]
    """The person with most of the pictures of the nearest size."""
    distance = np.abs(np.array(probes)[:, None] - np.array(gallery)).sum(2)
    nearest = distance <= distance.min(1, keepdims=True) + 1e-6
    return np.array([np.bincount(people[of]).argmax() for of in nearest])


def verdict(scores: Sequence[Score]) -> list[str]:
    """Reasons why the run is void, or our covers too weak; none if all is well."""
    inner = [score for score in scores if score.question == "inside"]
    controls = {
        "naive dlib on clear faces": [
            s for s in inner if (s.treatment, s.attacker) == ("none", "naive dlib")
        ],
        "the best parrot on a true blur": [s for s in inner if s.treatment == "true blur"],
    }
    problems = [
        f"void: {name} names {max(s.rate for s in found):.0%} only"
        for name, found in controls.items()
        if max(s.rate for s in found) < CONTROL
    ]
    return problems + [
        f"above chance: {score}"
        for score in inner
        if score.treatment in OURS and score.rate > INSIDE_LIMIT
    ]


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--data", type=Path, default=paths.FACEDATA)
    parser.add_argument("--frames", type=int, default=16, help="of a track, to be averaged")
    parser.add_argument("--few", type=int, default=60, help="pictures for slow attacks")
    parser.add_argument("--json", type=Path)
    given = parser.parse_args()
    if not (given.data / "id_orl" / "gt.json").exists():
        print(f"skipped: no photographs of known people in {given.data}")
        return 0
    dlib = Embeddings()
    stage, press = orl(given.data / "id_orl"), lfw(given.data / "id_lfw")
    scores = inside(stage, dlib, given.few, given.frames)
    scores += outside(press, dlib, given.few)
    scores += geometry(stage) + geometry(press)
    if given.json:
        rows = [{**asdict(s), "rate": s.rate, "interval": s.interval} for s in scores]
        given.json.write_text(json.dumps(rows, indent=1))
    problems = verdict(scores)
    print(
        "\n".join(problems) or "controls hold; no attack on the inside of our covers beats chance"
    )
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
