#!/usr/bin/env python3
"""Refit the weights that decide which tracklets are covered and which suspects are residual faces.

    python tests/bench/fit.py                        both fits, from 60 photographs
    python tests/bench/fit.py --clips 120 --jobs 2   more photographs, two clips at once
    python tests/bench/fit.py --test FOLDER          tested on other footage with known faces

Data: photographs of wider_train from which no other benchmark's clip was filmed, filmed for two
seconds each (`filmed.known_faces`); every fourth is held out. Tracklets are those that a scan
weeds, suspects those that an audit of the bare clip examines. A wrong tracklet weighs by the area
that it would cover. Faces under 20 pixels, and those without truth, are left out. Needs the
packages of the extra `bench`.

Errors of weights: standard deviation over fits to photographs drawn with replacement.
"""

from __future__ import annotations

import argparse
import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from unittest import mock

import numpy as np
import numpy.typing as npt
import paths
from filmed import FORMS, known_faces
from leak import each
from scipy.special import expit, logit
from score import FACE_SHARE
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import log_loss, roc_auc_score
from truth import OTHER, Case, Face, cases

from blur.audit import judge
from blur.audit.audit import examined
from blur.audit.look import AuditLooks
from blur.data.plan import Plan
from blur.detect.registry import load_detector
from blur.media.open.probe import probe
from blur.media.open.seek import Seeker
from blur.media.open.small_pictures import display_rgb
from blur.scan import weed
from blur.scan.link import Tracklet
from blur.scan.scan import scan
from blur.scan.tracks import tracks_of
from blur.settings import ScanSettings

FORM = next(form for form in FORMS if form.name == "720p-h264")
FRAMES = 60

HELD_OUT = 4
"""One photograph in so many is held out."""

LOOK_EVERY = 20
"""Frames between two looks of an audit; a smaller step adds near copies of each suspect."""

REFITS = 100
"""Fits over which the error of a weight is taken."""

FREEDOM = 100.0
"""Inverse of the penalty on squared weights; a larger one lets weights run away on few data."""


@dataclass(frozen=True)
class Example:
    """One tracklet or suspect: its features, and the name of the face it shows, None if none.

    `sure` ones are covered whatever their log-odds.
    """

    case: str
    features: Mapping[str, float]
    face: str | None
    weight: float = 1.0
    sure: bool = False


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--clips", type=int, default=60, help="photographs to film")
    parser.add_argument("--jobs", type=int, default=1, help="clips at once")
    parser.add_argument("--test", type=Path, metavar="FOLDER", help="test on these cases instead")
    parser.add_argument("--features", type=Path, metavar="FILE", help="kept between calls, JSON")
    given = parser.parse_args(arguments)
    if given.clips < HELD_OUT and given.test is None:
        parser.error(f"--clips must be {HELD_OUT} or more, for some to be held out")
    photographs = paths.FACEDATA / "wider_train"
    if not photographs.exists():
        parser.error(f"no photographs with known faces: {photographs}")
    filmed = list(known_faces(photographs, paths.CLIPS, given.clips, FORM, FRAMES))
    tested = list(cases(given.test)) if given.test else filmed[HELD_OUT - 1 :: HELD_OUT]
    known = kept(given.features)
    due = [case for case in {c.name: c for c in filmed + tested}.values() if case.name not in known]
    for case, found in zip(due, each(examples, due, given.jobs), strict=True):
        known[case.name] = found
        if given.features is not None:
            given.features.write_text(json.dumps(known, default=asdict))
    held_out = {case.name for case in tested}
    fitted = [case.name for case in filmed if case.name not in held_out]
    for kind, title, weights, bias, bar in (
        (0, "tracklets (credence)", weed.WEIGHTS, weed.BIAS, weed.FACE_BAR),
        (1, "suspects (likelihood)", judge.WEIGHTS, judge.BIAS, logit(judge.RESIDUAL_BAR)),
    ):
        train = [e for name in fitted for e in known[name][kind]]
        test = [e for case in tested for e in known[case.name][kind]]
        compare(title, {"bias": bias, **weights}, bar, train, test)


# --- the examples ------------------------------------------------------------------------------


def examples(case: Case) -> tuple[list[Example], list[Example]]:
    """The tracklets that a scan of the case weeds, and the suspects of an audit of its clip."""
    with mock.patch("blur.scan.scan.tracks_of", wraps=tracks_of) as weeding:
        plan = scan(case.file(), ScanSettings())
    return list(tracklets(case, plan, weeding.call_args.args[0])), list(suspects(case, plan))


def tracklets(case: Case, plan: Plan, found: Sequence[Tracklet]) -> Iterator[Example]:
    """An example of each tracklet, but for those on faces that do not count."""
    for tracklet in found:
        rows = np.flatnonzero(tracklet.evidence.any(axis=1))
        held = [on(case, int(tracklet.frames[r]), tracklet.boxes[r, :2].tolist()) for r in rows]
        faces = Counter(f.id for f in held if f is not None and f.kind != OTHER)
        number, hits = faces.most_common(1)[0] if faces else (0, 0)
        span = (tracklet.last - tracklet.start + 1) / plan.frames
        area = float(tracklet.boxes[:, 2:4].prod(axis=1).mean()) / (plan.width * plan.height) * span
        example = partial(Example, case.name, weed.features(tracklet))
        sure = bool(weed.sure(tracklet).any())
        if hits >= FACE_SHARE * len(rows):
            yield example(f"{case.name} {number}", sure=sure)
        elif not any(f is not None and f.kind == OTHER for f in held):
            yield example(None, area, sure)


def suspects(case: Case, plan: Plan) -> Iterator[Example]:
    """An example of each suspect, but for those on faces that do not count."""
    info = probe(case.file())
    looks = AuditLooks(plan.width, plan.height, load_detector)
    with Seeker(case.file(), info, plan.pts) as seeker:
        for frame in range(0, plan.frames, LOOK_EVERY):
            picture = display_rgb(seeker.frame(frame).picture, info.orientation, *looks.size)
            for suspect in looks.everywhere(picture):
                suspect = examined(looks, picture, suspect, lambda box: 1.0)[0]
                face = on(case, frame, suspect.box[:2])
                example = partial(Example, case.name, judge.features(suspect, 1.0))
                if face is None:
                    yield example(None)
                elif face.kind != OTHER:
                    yield example(f"{case.name} {frame} {face.id}")


def on(case: Case, frame: int, point: Sequence[float]) -> Face | None:
    """The face that holds a point; faces that count come first."""
    held = [f for f in case.faces[frame] if f.holds(*point)] if frame < len(case.faces) else []
    return min(held, key=lambda f: f.kind == OTHER, default=None)


def kept(file: Path | None) -> dict[str, tuple[list[Example], list[Example]]]:
    """Examples by case, as an earlier call wrote them."""
    if file is None or not file.exists():
        return {}
    return {
        name: ([Example(**e) for e in parts[0]], [Example(**e) for e in parts[1]])
        for name, parts in json.loads(file.read_text()).items()
    }


# --- the fits ----------------------------------------------------------------------------------


def compare(
    title: str,
    code: Mapping[str, float],
    bar: float,
    train: Sequence[Example],
    test: Sequence[Example],
) -> None:
    """Print the weights of the code beside the fitted ones, and how both do on `test`."""
    names = [n for n in code if n == "bias" or any(e.features.get(n) for e in train)]
    own, fitted = np.array([code[n] for n in names]), fit(names, train)
    counts = [sum(e.face is not None for e in part) for part in (train, test)]
    print(
        f"\n{title}: fitted to {counts[0]} of faces and {len(train) - counts[0]} wrong,"
        f" tested on {counts[1]} and {len(test) - counts[1]}\n{'':20}   code fitted  error"
    )
    for name, *row in zip(names, own, fitted, errors(names, train), strict=True):
        print(f"{name:20}" + "".join(f"{value:7.2f}" for value in row))
    print(f"{'':20} log-loss    AUC  faces lost  wrong kept")
    for which, weights in (("code", own), ("fitted", fitted)):
        print(f"{which:20}{judged(names, weights, bar, test)}")


def matrix(names: Sequence[str], found: Sequence[Example]) -> npt.NDArray[np.float64]:
    """(examples, names) features, 1 for the bias."""
    return np.array(
        [[1.0 if n == "bias" else e.features.get(n, 0.0) for n in names] for e in found]
    )


def weighed(found: Sequence[Example]) -> npt.NDArray[np.float64]:
    """Weights of the examples: 1 for a face, 1 on average for a wrong one."""
    weights = np.array([e.weight for e in found])
    wrong = np.array([e.face is None for e in found])
    weights[wrong] /= weights[wrong].mean()
    return weights


def fit(
    names: Sequence[str], found: Sequence[Example], times: npt.NDArray[np.float64] | float = 1.0
) -> npt.NDArray[np.float64]:
    """Weights in the order of `names`, each example counted `times`."""
    model = LogisticRegression(C=FREEDOM, fit_intercept=False, max_iter=2000)
    truth = [e.face is not None for e in found]
    model.fit(matrix(names, found), truth, sample_weight=weighed(found) * times)
    return np.asarray(model.coef_[0])


def errors(names: Sequence[str], found: Sequence[Example]) -> npt.NDArray[np.float64]:
    """Standard deviation of each weight over photographs drawn with replacement."""
    rng = np.random.default_rng(0)
    of_case, places = np.unique([e.case for e in found], return_inverse=True)
    draws = rng.multinomial(len(of_case), np.full(len(of_case), 1 / len(of_case)), size=REFITS)
    return np.std([fit(names, found, times[places]) for times in draws.astype(float)], axis=0)


def judged(
    names: Sequence[str], weights: npt.NDArray[np.float64], bar: float, found: Sequence[Example]
) -> str:
    """Log-loss and AUC; shares of the faces lost and of the wrong area kept at the bar."""
    odds = matrix(names, found) @ weights
    truth = np.array([e.face is not None for e in found])
    loss = log_loss(truth, expit(odds), sample_weight=weighed(found))
    over = (odds >= bar) | np.array([e.sure for e in found])
    faces = {e.face for e in found} - {None}
    safe = {e.face for e, up in zip(found, over, strict=True) if up}
    area = np.array([e.weight for e in found]) * ~truth
    lost, wrong = len(faces - safe) / len(faces), area[over].sum() / area.sum()
    return f"{loss:9.3f}{roc_auc_score(truth, odds):7.3f}{lost:12.1%}{wrong:12.1%}"


if __name__ == "__main__":
    main()
