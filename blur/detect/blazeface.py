"""BlazeFace through MediaPipe's Tasks API: the audit's own family, which no scan uses.

Bazarevsky et al., "BlazeFace: Sub-millisecond Neural Face Detection on Mobile GPUs", 2019
(arXiv:1907.05047).
"""

from __future__ import annotations

import queue
import sys
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from types import ModuleType
from typing import Any

import numpy as np
import numpy.typing as npt

from blur.data.arrays import Picture
from blur.data.plan import Boxes
from blur.detect import weights
from blur.detect.detections import NMS_IOU, Detections
from blur.detect.quiet import native_chatter_dropped
from blur.errors import DetectorError
from blur.settings.cores import cpu_count

FLOOR = 0.1
"""Lowest score that MediaPipe reports, fixed before the first picture; larger hides weak faces."""
_TIGHT = {"blazeface-short": (0.87, 1.13, -0.09), "blazeface-full": (0.87, 1.13, -0.03)}
"""Width, height and shift down of a tight box in sides of BlazeFace's square: medians against
CenterFace's boxes on photographs; larger makes larger or lower boxes."""


class BlazeFace:
    """`blazeface-short` finds faces within two metres of a phone, `blazeface-full` within five.

    MediaPipe scales each picture down to 128 or 192 pixels, so small faces need crops or tiles.
    Boxes are tight, like the other detectors'; scores below 0.1 are never reported.
    """

    family = "blazeface"

    def __init__(self, name: str, *, threads: int | None = None) -> None:
        self.name = name
        self._weight = weights.read(name)
        self._mediapipe = _mediapipe()
        # A MediaPipe task takes one picture at a time: every thread has its own.
        self._threads = ThreadPoolExecutor(threads or cpu_count(), thread_name_prefix=name)
        self._idle: queue.SimpleQueue[Any] = queue.SimpleQueue()
        self._idle.put(self._build())

    def detect(self, pictures: Sequence[Picture], threshold: float) -> list[Detections]:
        try:
            answers = list(self._threads.map(self._look, pictures))
        except (RuntimeError, ValueError) as error:
            raise DetectorError(f"{self.name} failed: {error}") from error
        found = [self.decode(answer, self.name) for answer in answers]
        return [each.take(each.scores >= threshold) for each in found]

    def close(self) -> None:
        """Free the native tasks; the detector cannot be used afterwards."""
        self._threads.shutdown()
        while not self._idle.empty():
            self._idle.get().close()

    @staticmethod
    def decode(answer: Any, name: str) -> Detections:
        """Detections from MediaPipe's answer, its square boxes made tight."""
        squares = np.array(
            [
                (box.origin_x, box.origin_y, box.width, box.height)
                for box in (detection.bounding_box for detection in answer.detections)
            ],
            np.float32,
        ).reshape(-1, 4)
        scores = np.array([each.categories[0].score for each in answer.detections], np.float32)
        return Detections.of(tight(squares, name), scores.clip(0, 1), name)

    def _look(self, picture: Picture) -> Any:
        try:
            task = self._idle.get_nowait()
        except queue.Empty:
            task = self._build()
        try:
            return task.detect(self._image(picture))
        finally:
            self._idle.put(task)

    def _build(self) -> Any:
        tasks = self._mediapipe.tasks
        options = tasks.vision.FaceDetectorOptions(
            base_options=tasks.BaseOptions(model_asset_buffer=self._weight),
            min_detection_confidence=FLOOR,
            min_suppression_threshold=NMS_IOU,
        )
        nothing = self._image(np.zeros((32, 32, 3), np.uint8))
        with native_chatter_dropped():
            task = tasks.vision.FaceDetector.create_from_options(options)
            task.detect(nothing)  # its chatter ends with its first picture
        return task

    def _image(self, picture: Picture) -> Any:
        srgb = self._mediapipe.ImageFormat.SRGB
        return self._mediapipe.Image(srgb, np.ascontiguousarray(picture))


def tight(squares: npt.NDArray[np.float32], name: str) -> Boxes:
    """(n, 5) tight boxes of BlazeFace's (n, 4) x, y, width, height."""
    wide, high, down = _TIGHT[name]
    x, y, width, height = squares.T
    centres = x + width / 2, y + height * (0.5 + down)
    return np.stack([*centres, width * wide, height * high, np.zeros_like(x)], axis=1)


def _mediapipe() -> Any:
    """The package, without its drawing and recording.

    Those write a font cache under the home folder, run a compiler in search of an audio library,
    and take half a second.
    """
    unused = ("matplotlib", "matplotlib.pyplot", "sounddevice")
    empty = {name: ModuleType(name) for name in unused if name not in sys.modules}
    sys.modules.update(empty)
    try:
        import mediapipe
    finally:
        for name in empty:
            del sys.modules[name]
    return mediapipe
