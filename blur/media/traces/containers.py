"""Containers that are read by readers of their own, beyond the metadata that FFmpeg shows."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

from blur.media.traces.ebml import traces_of_matroska
from blur.media.traces.isobmff import traces_of_mp4
from blur.media.traces.metadata import Trace

_READERS: dict[str, Callable[[Path], Iterator[Trace]]] = {
    "mov": traces_of_mp4,
    "matroska": traces_of_matroska,
}
"""By the first of FFmpeg's names of a container."""


def traces_in_container(path: Path, name: str) -> Iterator[Trace] | None:
    """Every trace in a file outside its samples, None where its container has no reader.

    `name` is FFmpeg's of the container, as `mov,mp4,m4a` or `matroska,webm`. Raises OSError.
    """
    reader = _READERS.get(name.split(",")[0])
    return None if reader is None else reader(path)
