"""`blur` with detectors that cost nothing and take green for faces."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from made_clips import GREEN

from blur.cli.main import main
from blur.detect import registry
from blur.detect.detections import Detections

_MEETS = 90
_FEW = 16


class Green:
    """Sees one face where a picture is green."""

    def __init__(self, name: str) -> None:
        self.name = self.family = name

    def detect(self, pictures, threshold):
        return [self._seen(picture) for picture in pictures]

    def close(self) -> None: ...

    def _seen(self, picture):
        rows, columns = np.nonzero(np.abs(picture - GREEN).max(axis=2) < _MEETS)
        if len(rows) < _FEW:
            return Detections.none()
        box = np.mean(columns), np.mean(rows), np.ptp(columns) + 1, np.ptp(rows) + 1, 0
        return Detections.of(np.array([box], np.float32), np.array([0.9], np.float32), self.name)


class Late(Green):
    """Sees nothing as long as it is blind, so that an audit has something to mend."""

    def __init__(self, name: str, blind: Callable[[], bool]) -> None:
        super().__init__(name)
        self._blind = blind

    def _seen(self, picture):
        return super()._seen(picture * 0 if self._blind() else picture)


def see(detector: Callable[[str], Green]) -> None:
    """Let every detector of `blur` in this process be of that kind."""
    registry.BUILDERS.update(dict.fromkeys(registry.BUILDERS, lambda name, *_: detector(name)))


if __name__ in ("__main__", "__mp_main__"):  # worker processes import this file again
    see(Green)
if __name__ == "__main__":
    main()
