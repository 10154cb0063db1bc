"""Attackers: each learns from a gallery of known people and names the people of probes."""

from __future__ import annotations

import hashlib
import importlib.util
from collections.abc import Callable, Sequence
from pathlib import Path

import cv2
import dlib
import numpy as np
import numpy.typing as npt
from attack_people import Picture
from sklearn.decomposition import PCA
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import make_pipeline
from sklearn.svm import LinearSVC

Names = npt.NDArray[np.intp]
Attacker = Callable[[Sequence[Picture], Names, Sequence[Picture]], Names]
"""(gallery, its people, probes) -> the person of each probe."""


def nearest_pixels(gallery: Sequence[Picture], people: Names, probes: Sequence[Picture]) -> Names:
    return _learned(lambda _: KNeighborsClassifier(1), gallery, people, probes)


def pca_lda(gallery: Sequence[Picture], people: Names, probes: Sequence[Picture]) -> Names:
    return _learned(
        lambda n: make_pipeline(PCA(n, random_state=0), LinearDiscriminantAnalysis()),
        gallery,
        people,
        probes,
    )


def pca_svm(gallery: Sequence[Picture], people: Names, probes: Sequence[Picture]) -> Names:
    return _learned(
        lambda n: make_pipeline(
            PCA(n, whiten=True, random_state=0), LinearSVC(C=0.01, random_state=0)
        ),
        gallery,
        people,
        probes,
    )


def gaussian_shape(
    gallery: Sequence[npt.NDArray[np.float64]],
    people: Names,
    probes: Sequence[npt.NDArray[np.float64]],
) -> Names:
    """The likeliest person by an outline's breadths and lopsidedness, one covariance for all."""
    model = LinearDiscriminantAnalysis(solver="lsqr", shrinkage="auto")
    return np.asarray(model.fit(_shapes(gallery), people).predict(_shapes(probes)))


def _shapes(outlines: Sequence[npt.NDArray[np.float64]]) -> npt.NDArray[np.float64]:
    there, back = np.split(np.array(outlines), 2, axis=1)
    breadths = there + back
    return np.hstack([np.log(breadths), (there - back) / breadths])


def _learned(build, gallery, people, probes) -> Names:  # type: ignore[no-untyped-def]
    known, unknown = _vectors(gallery), _vectors(probes)
    rank = np.linalg.matrix_rank(known - known.mean(0))
    if rank == 0:  # all alike: nothing to learn
        return np.full(len(probes), people[0])
    return np.asarray(build(min(60, int(rank))).fit(known, people).predict(unknown))


def _vectors(pictures: Sequence[Picture]) -> npt.NDArray[np.float64]:
    small = [
        cv2.resize(picture, (40, 48), interpolation=cv2.INTER_AREA).astype(np.float64).ravel()
        for picture in pictures
    ]
    return np.array(small) / 255


class Embeddings:
    """dlib's face embeddings of pictures that show an aligned face."""

    def __init__(self) -> None:
        # The package's own loader needs pkg_resources, which setuptools dropped: find its files.
        spec = importlib.util.find_spec("face_recognition_models")
        assert spec is not None
        assert spec.origin is not None
        models = Path(spec.origin).parent / "models"
        weights = models / "dlib_face_recognition_resnet_model_v1.dat"
        self._network = dlib.face_recognition_model_v1(str(weights))
        self._known: dict[bytes, npt.NDArray[np.float64]] = {}

    def __call__(
        self, gallery: Sequence[Picture], people: Names, probes: Sequence[Picture]
    ) -> Names:
        known, unknown = self._of(gallery), self._of(probes)
        distances = np.linalg.norm(unknown[:, None] - known, axis=2)
        return np.asarray(people[distances.argmin(1)])

    def _of(self, pictures: Sequence[Picture]) -> npt.NDArray[np.float64]:
        return np.array([self._one(picture) for picture in pictures])

    def _one(self, picture: Picture) -> npt.NDArray[np.float64]:
        if picture.ndim == 2:
            picture = cv2.cvtColor(picture, cv2.COLOR_GRAY2RGB)
        chip = cv2.resize(picture, (150, 150), interpolation=cv2.INTER_AREA)
        key = hashlib.sha256(chip.tobytes()).digest()
        if key not in self._known:
            self._known[key] = np.array(self._network.compute_face_descriptor(chip))
        return self._known[key]
