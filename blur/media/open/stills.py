"""Photographs as clips of one frame: probed, read, turned upright."""

from __future__ import annotations

import glob
from collections.abc import Generator, Iterator
from fractions import Fraction
from pathlib import Path

import av

from blur.media.open.clip_info import ClipInfo
from blur.media.open.geometry import Orientation
from blur.media.open.read import Frame, FrameReader
from blur.media.open.samples import Photograph, read_photograph
from blur.media.traces.image_parts import traces_of_still


def probe_still(path: Path) -> ClipInfo:
    """Decode a photograph and describe it; raises NotAClip or DecodeError."""
    photograph = read_photograph(path)
    height, width = photograph.samples.shape[:2]
    return ClipInfo(
        path=path,
        container="image",
        codec=photograph.codec,
        orientation=Orientation(width, height),
        pix_fmt=photograph.pix_fmt,
        size=path.stat().st_size,
        colour=photograph.colour,
        frames=1,
        duration=Fraction(1, 25),
        dropped=tuple(dict.fromkeys(str(t.kind) for t in traces_of_still(path))),
        notes=(*photograph.notes, *_notes(path)),
        profile=photograph.profile,
        still=True,
    )


def live_partner(path: Path) -> Path | None:
    """The film of a Live Photo beside it: iPhones name them IMG_0001.HEIC and IMG_0001.MOV."""
    if path.suffix.lower() not in (".heic", ".heif", ".jpg", ".jpeg"):
        return None
    beside = path.parent.glob(f"{glob.escape(path.stem)}.*")
    return next((other for other in beside if other.suffix.lower() == ".mov"), None)


class StillReader(FrameReader):
    """The single frame of a photograph: at pts 0, upright, as RGB or grey of 8 or 16 bits."""

    def __init__(self, path: Path) -> None:
        super().__init__(_frame(path))


def _frame(path: Path) -> Generator[Frame, None, None]:
    yield Frame(0, 0, 1, _picture(read_photograph(path)))


def _picture(photograph: Photograph) -> av.VideoFrame:
    picture = av.VideoFrame.from_ndarray(photograph.samples, photograph.pix_fmt)
    picture.color_range = 2
    picture.color_primaries = photograph.colour.primaries
    picture.color_trc = photograph.colour.transfer
    return picture


def _notes(path: Path) -> Iterator[str]:
    film = live_partner(path)
    if film is not None:
        yield f"Live Photo: its film {film.name} is a clip of its own, to be covered as well"
