"""Detectors by name, and the networks for landmarks, descriptors and heads, each built once per
process."""

from __future__ import annotations

import atexit
import importlib.util
import threading
from collections.abc import Callable
from typing import TYPE_CHECKING, Protocol

from blur.detect.detections import Detector
from blur.errors import SetupError, missing_library
from blur.process import memory

if TYPE_CHECKING:
    from blur.detect.landmarks import Landmarks
    from blur.detect.recogniser import Recogniser
    from blur.detect.shoulders import Shoulders


class ClosableDetector(Detector, Protocol):
    def close(self) -> None: ...


Builder = Callable[[str, int | None, str], ClosableDetector]
"""Builds a detector from its name, its bound of threads (None: all cores) and its device."""


# Imports are local: each library takes long to load, and most commands need a single one.
def _centerface(name: str, threads: int | None, device: str) -> ClosableDetector:
    from blur.detect.centerface import CenterFace

    return CenterFace(threads=threads, device=device)


def _yunet(name: str, threads: int | None, device: str) -> ClosableDetector:
    from blur.detect.yunet import YuNet

    return YuNet(threads=threads, device=device)


def _blazeface(name: str, threads: int | None, device: str) -> ClosableDetector:
    if not has_mediapipe():
        from blur.detect.blazeface_openvino import BlazeFaceOpenVino

        return BlazeFaceOpenVino(name, threads=threads)
    from blur.detect.blazeface import BlazeFace

    return BlazeFace(name, threads=threads)


def has_mediapipe() -> bool:
    """Whether MediaPipe is installed; pyproject.toml names the machines that it has no wheel for.

    An installed MediaPipe that does not load is an error, never a reason to do without.
    """
    return importlib.util.find_spec("mediapipe") is not None


BUILDERS: dict[str, Builder] = {
    "centerface": _centerface,
    "yunet": _yunet,
    "blazeface-short": _blazeface,
    "blazeface-full": _blazeface,
}
"""A builder for every detector; the weights have the detectors' names."""

DETECTORS = tuple(BUILDERS)

_loaded: dict[str, ClosableDetector] = {}
_landmarks: list[Landmarks] = []  # none or one
_recogniser: list[Recogniser] = []  # none or one
_shoulders: list[Shoulders] = []  # none or one
_device = "CPU"
_lock = threading.Lock()

# MediaPipe's tasks print errors if they outlive the interpreter's modules.
atexit.register(_loaded.clear)


def load_detector(name: str, *, threads: int | None = None) -> Detector:
    """The detector called `name`, built on the first call.

    `threads` bounds its cores and counts on the first call only; None takes all cores of this
    process. Raises SetupError for an unknown name, a missing weight or library, and UsageError for
    a missing device.
    """
    with _lock:
        if name not in _loaded:
            _loaded[name] = _built(name, threads)
        return _loaded[name]


def load_landmarks() -> Landmarks:
    """The landmark network, built on the first call; always on the CPU. Raises SetupError."""
    from blur.detect.landmarks import Landmarks

    with _lock:
        if not _landmarks:
            _landmarks.append(Landmarks())
        return _landmarks[0]


def load_recogniser() -> Recogniser:
    """The recogniser, built on the first call; always on the CPU. Raises SetupError."""
    from blur.detect.recogniser import Recogniser

    with _lock:
        if not _recogniser:
            _recogniser.append(Recogniser())
        return _recogniser[0]


def load_shoulders() -> Shoulders:
    """The detector of heads, built on the first call; always on the CPU. Raises SetupError."""
    from blur.detect.shoulders import Shoulders

    with _lock:
        if not _shoulders:
            _shoulders.append(Shoulders())
        return _shoulders[0]


def use_device(name: str) -> None:
    """Build detectors for this device, in upper or lower case, from now on; none may be in use.

    `devices.devices` lists the choices. BlazeFace always runs on the CPU.
    """
    global _device
    if name.upper() != _device:
        unload_detectors()
        _device = name.upper()


def unload_detectors() -> None:
    """Free every network and return its memory to the system; none may be in use."""
    with _lock:
        while _loaded:
            _loaded.popitem()[1].close()
        while _landmarks:
            _landmarks.pop().close()
        while _recogniser:
            _recogniser.pop().close()
        while _shoulders:
            _shoulders.pop().close()
    memory.give_back()


def _built(name: str, threads: int | None) -> ClosableDetector:
    if name not in BUILDERS:
        raise SetupError(f"no detector is called {name!r}", remedy=f"known: {', '.join(DETECTORS)}")
    try:
        return BUILDERS[name](name, threads, _device)
    except (ImportError, OSError) as error:  # a native library's loader raises OSError
        raise missing_library(error) from error
