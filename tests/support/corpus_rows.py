"""The rows of the corpus: a file, and the result that it must give."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

Maker = Callable[[Path], Path]
"""Writes a row's file into a folder; returns its path."""


@dataclass(frozen=True)
class Film:
    """A film that comes out with `frames` frames. Each note of `says` comes, and no unusual one."""

    make: Maker
    frames: int
    says: Sequence[str] = ()
    drops: Sequence[str] = ()
    suffix: str = ".mp4"
    read_on: dict[str, int] = field(default_factory=dict)
    """Options of the reader, for damaged films."""


@dataclass(frozen=True)
class Still:
    """A photograph that comes out as `suffix`, in `pix_fmt`, with the notes `says` and no other."""

    make: Maker
    suffix: str
    pix_fmt: str = "rgb24"
    says: Sequence[str] = ()
    like: np.ndarray | None = None
    """Samples of the output, where its format is exact."""


@dataclass(frozen=True)
class Fails:
    """A file that fails; its error matches `problem`, its remedy `remedy`."""

    make: Maker
    problem: str
    remedy: str = ""


Row = Film | Still | Fails


def saved(name: str, write: Callable[[Path], object]) -> Maker:
    """A maker of the file `name`, which `write` fills."""

    def maker(folder: Path) -> Path:
        write(folder / name)
        return folder / name

    return maker
