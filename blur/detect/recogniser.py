"""SFace: a descriptor of a face that is alike for pictures of one person.

Zhong et al., "SFace: Sigmoid-Constrained Hypersphere Loss for Robust Face Recognition", 2021
(doi:10.1109/TIP.2020.3048632). Descriptors stay in memory: see `data.likeness`.
"""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Iterator
from typing import Any, NamedTuple

import cv2
import numpy as np
import numpy.typing as npt

from blur.data.arrays import Floats, Picture
from blur.data.likeness import Descriptor
from blur.data.plan import Box
from blur.detect import weights
from blur.detect.blockwise import dequantized
from blur.detect.network_openvino import compiled, core, digest_of
from blur.detect.views import crop, lifted
from blur.detect.yunet import FacePoints, YuNet
from blur.errors import DetectorError

NAME = "sface"
SIDE = 112
"""Pixels of the network's square input: fixed."""
_CLOSEUP = 192
"""Pixels of the close-up on which the five points are sought; larger is dearer."""
_REACH = 2.2
"""Face sizes on the close-up's side; larger shows the face smaller, smaller loses points of faces
whose box is off."""
_SEEN = 0.5
"""YuNet's score from which its points count; larger answers about fewer faces, more alike."""
_NEAR = 0.6
"""Face sizes between a face's box and the points' middle, at most; larger takes neighbours."""
_PLACES = np.array(
    [
        (38.2946, 51.6963),
        (73.5318, 51.5014),
        (56.0252, 71.7366),
        (41.5493, 92.3655),
        (70.7299, 92.2041),
    ]
)
"""Pixels of the input on which eyes, nose and corners of the mouth lie, left ones of the picture
first: where SFace was trained to expect them."""


class Known(NamedTuple):
    """A face with its descriptor: `score` of its five points, 0 to 1, and `width`, the pixels
    between its ears that the picture shows."""

    descriptor: Descriptor
    score: float
    width: float


class Recogniser:
    """Always on the processor: 15 ms of a core for each face. Safe to share between threads."""

    def __init__(self, *, threads: int | None = None) -> None:
        self._eyes = YuNet(threads=threads)
        content = weights.read(NAME)
        # In less than f32 a face's likeness to itself would depend on the processor.
        config: dict[str, Any] = {"INFERENCE_PRECISION_HINT": "f32"}
        if threads is not None:
            config["INFERENCE_NUM_THREADS"] = threads

        def network() -> Any:
            return core().read_model(dequantized(content), b"")

        # Each clip builds it anew, and reading it takes longer than all its faces.
        key = NAME, digest_of(content)
        self._request = compiled(key, network, "CPU", config).create_infer_request()
        self._lock = threading.Lock()

    def look(self, picture: Picture, box: Box) -> Known | None:
        """The face in `box`, or None where its eyes, nose and mouth are not to be made out.

        `picture` is RGB, `box` in its pixels. Raises DetectorError.
        """
        view = crop(picture, box, _CLOSEUP, _REACH)
        found = self._eyes.points([lifted(view.picture)], _SEEN)[0]
        face = _nearest(found, box.w / max(box.w, box.h) * _CLOSEUP / _REACH)
        if face is None:
            return None
        spots = face.points @ view.to_frame[:2, :2].T + view.to_frame[:2, 2]
        aligned = lifted(cv2.warpAffine(picture, _onto_places(spots), (SIDE, SIDE)))
        scale = float(np.hypot(*view.to_frame[:2, 0]))
        return Known(self._described(aligned), face.score, face.box.w * scale)

    def faces(self, picture: Picture) -> list[tuple[Box, Known]]:
        """Every face of a photograph that can be described, the largest first."""
        found = self._eyes.points([_fitting(picture)], _SEEN)[0]
        scale = max(picture.shape[:2]) / max(_fitting(picture).shape[:2])
        boxes = [Box(*(v * scale for v in face.box[:4])) for face in found]
        boxes.sort(key=lambda box: -box.w * box.h)
        known = [(box, self.look(picture, box)) for box in boxes]
        return [(box, face) for box, face in known if face is not None]

    def close(self) -> None:
        self._eyes.close()

    def _described(self, aligned: Picture) -> Descriptor:
        """The mean over the face and its mirror image, which errs less than either."""
        total: Floats = np.zeros(0)
        with self._lock, _answering():
            for side in (aligned, aligned[:, ::-1]):
                given = np.ascontiguousarray(side.transpose(2, 0, 1)[None], np.float32)
                answer = np.array(next(iter(self._request.infer([given]).values())), np.float64)
                total = answer.ravel() if not total.size else total + answer.ravel()
        return _finite(total)


@contextlib.contextmanager
def _answering() -> Iterator[None]:
    try:
        yield
    except RuntimeError as error:
        raise DetectorError(f"{NAME} failed: {error}") from error


def _finite(values: Floats) -> Descriptor:
    try:
        return Descriptor(values)
    except ValueError as error:
        raise DetectorError(f"{NAME} answered with numbers that are not finite") from error


def _nearest(found: list[FacePoints], width: float) -> FacePoints | None:
    """The face nearest to the close-up's middle, if it is near; `width` is the expected face's."""
    middle = np.full(2, _CLOSEUP / 2)
    near = [
        (float(np.linalg.norm(face.points.mean(axis=0) - middle)), face)
        for face in found
        if 0.5 < face.box.w / width < 2
    ]
    away, face = min(near, key=lambda pair: pair[0], default=(np.inf, None))
    return face if away < _NEAR * width else None


def _onto_places(spots: npt.NDArray[np.floating]) -> Floats:
    """(2, 3) similarity that brings five points onto `_PLACES` with the least squared error."""
    source, target = spots - spots.mean(axis=0), _PLACES - _PLACES.mean(axis=0)
    a, b = source @ (1, 1j), target @ (1, 1j)
    turn = np.vdot(a, b) / np.vdot(a, a).real
    linear = np.array([[turn.real, -turn.imag], [turn.imag, turn.real]])
    shift = _PLACES.mean(axis=0) - linear @ spots.mean(axis=0)
    return np.column_stack([linear, shift])


def _fitting(picture: Picture) -> Picture:
    """The picture with its longest side at most 640 pixels, which shows a portrait's faces."""
    scale = min(1.0, 640 / max(picture.shape[:2]))
    if scale == 1:
        return picture
    return np.asarray(cv2.resize(picture, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA))
