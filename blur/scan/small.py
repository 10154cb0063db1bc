"""Small grey pictures, on which faces are followed: decoded again, or kept from the first pass."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack

from blur.data.arrays import Gray
from blur.media.open.clip_info import ClipInfo
from blur.media.open.read import Frame
from blur.media.open.seek import Seeker
from blur.media.open.small_pictures import display_gray
from blur.media.packing import Packer
from blur.process.prefetch import ahead

_LONGEST = 960
"""Pixels, longest side of the pictures that faces are followed on; larger keeps the texture of
smaller faces, and memory grows with its square."""

_KEPT = 64_000_000
"""Bytes up to which pictures of a clip are kept: four seconds of 1080p at 30 frames a second as
they are, 8 to 14 packed. Larger spares more of the second decoding, a fifth of a scan, and takes as
much memory."""

_PACKED = 0.5
"""Share of their bytes that packed pictures take, with much grain; larger keeps fewer clips'
beginnings."""

_LONGER = 5
"""Times as much, up to which a clip's beginning is kept; larger holds the memory for a gain under
a twenty-fifth of a scan."""


def follow_scale(info: ClipInfo) -> float:
    """Square pixels of the clip per pixel of `follow_pictures`."""
    return info.square[0] / info.fitted(_LONGEST)[0]


def _small(info: ClipInfo, frame: Frame) -> Gray:
    return display_gray(frame.picture, info.orientation, *info.fitted(_LONGEST))


class Kept:
    """The pictures of a short clip in memory, packed where they would not fit as they are; those of
    a longer one's beginning, none of a long one."""

    def __init__(self, info: ClipInfo) -> None:
        width, height = info.fitted(_LONGEST)
        whole = (info.frames or 0) * width * height
        self._info = info
        self._left = _KEPT if whole * _PACKED <= _LONGER * _KEPT else 0
        self._packer = None if 0 < whole <= _KEPT else Packer(width, height)
        self._pictures: dict[int, Gray | bytes] = {}

    def add(self, frame: Frame) -> None:
        """Keep the picture of a frame, unless memory for pictures is full."""
        if self._left > 0:
            picture = _small(self._info, frame)
            kept = picture if self._packer is None else self._packer.pack(picture)
            self._left -= len(kept) if isinstance(kept, bytes) else kept.nbytes
            self._pictures[frame.index] = kept

    def get(self, index: int) -> Gray | None:
        kept = self._pictures.get(index)
        if not isinstance(kept, bytes):
            return kept
        assert self._packer is not None
        return self._packer.unpack(kept)


def follow_pictures(
    info: ClipInfo, pts: Sequence[int], wants: Callable[[int], bool], kept: Kept | None = None
) -> Iterator[tuple[int, Gray]]:
    """Index and gray picture of each frame that `wants` asks for, made ahead in a thread: `kept`,
    else decoded.

    `pts` holds the timestamps of all frames. Raises DecodeError.
    """

    def pictures() -> Iterator[tuple[int, Gray]]:
        with ExitStack() as stack:
            seeker: Seeker | None = None
            for index in filter(wants, range(len(pts))):
                gray = None if kept is None else kept.get(index)
                if gray is None:
                    seeker = seeker or stack.enter_context(Seeker(info.path, info, pts))
                    gray = _small(info, seeker.frame(index))
                yield index, gray

    return ahead(pictures())
