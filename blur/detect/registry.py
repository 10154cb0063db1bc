"""Detectors by name, each built once per process."""

from __future__ import annotations

import atexit
import threading
from typing import Protocol

from blur.detect.detections import Detector
from blur.errors import SetupError
from blur.process import memory


class _Closable(Detector, Protocol):
    def close(self) -> None: ...


DETECTORS = ("centerface", "yunet", "blazeface-short", "blazeface-full")
"""Names of all detectors; the weights they use have the same names."""

_loaded: dict[str, _Closable] = {}
_device = "CPU"
_lock = threading.Lock()

# MediaPipe's tasks complain when they live on while the interpreter takes its modules apart.
atexit.register(_loaded.clear)


def load_detector(name: str, *, threads: int | None = None) -> Detector:
    """The detector called `name`, built when it is first asked for.

    `threads` bounds the cores it uses and counts on the first call only; None takes all cores of
    this process. Raises SetupError when the name is unknown or the weights or the library are
    missing, and UsageError when the device is.
    """
    with _lock:
        if name not in _loaded:
            _loaded[name] = _build(name, threads)
        return _loaded[name]


def use_device(name: str) -> None:
    """Build detectors for this device, in any case of letters, from now on; none may be in use.

    `network.devices` lists what there is. BlazeFace always runs on the CPU.
    """
    global _device
    if name.upper() != _device:
        unload_detectors()
        _device = name.upper()


def unload_detectors() -> None:
    """Free every detector of this process, and give its memory back to the system; none may be
    in use."""
    with _lock:
        while _loaded:
            _loaded.popitem()[1].close()
    memory.give_back()


def _build(name: str, threads: int | None) -> _Closable:
    # Imported here: their libraries take long to load, and most commands need only some.
    try:
        if name == "centerface":
            from blur.detect.centerface import CenterFace

            return CenterFace(threads=threads, device=_device)
        if name == "yunet":
            from blur.detect.yunet import YuNet

            return YuNet(threads=threads, device=_device)
        if name.startswith("blazeface"):
            from blur.detect.blazeface import BlazeFace

            return BlazeFace(name, threads=threads)
    except ImportError as error:
        raise SetupError(
            f"the library behind the detector {name} does not load: {error}"
        ) from error
    raise SetupError(f"no detector is called {name!r}", remedy=f"known: {', '.join(DETECTORS)}")
