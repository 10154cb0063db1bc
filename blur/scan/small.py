"""Small grey pictures, on which faces are followed: decoded again, or kept from the first pass."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack

from blur.data.arrays import Gray
from blur.media.open.clip_info import ClipInfo
from blur.media.open.read import Frame
from blur.media.open.seek import Seeker
from blur.media.open.small_pictures import display_gray
from blur.process.prefetch import ahead

_LONGEST = 960
"""Pixels, longest side of the pictures that faces are followed on; larger keeps the texture of
smaller faces, and memory grows with its square."""

_KEPT = 64_000_000
"""Bytes up to which pictures of a clip are kept: four seconds of 1080p at 30 frames a second.
Larger spares more of the second decoding, a fifth of a scan, and takes as much memory."""

_LONGER = 5
"""Times as much, up to which a clip's beginning is kept; larger holds the memory for a gain under
a twenty-fifth of a scan."""


def follow_scale(info: ClipInfo) -> float:
    """Square pixels of the clip per pixel of `follow_pictures`."""
    return info.square[0] / info.fitted(_LONGEST)[0]


def _small(info: ClipInfo, frame: Frame) -> Gray:
    return display_gray(frame.picture, info.orientation, *info.fitted(_LONGEST))


class Kept:
    """The pictures of a short clip in memory, those of a longer one's beginning, none of a long
    one."""

    def __init__(self, info: ClipInfo) -> None:
        width, height = info.fitted(_LONGEST)
        self._info, self._most = info, _KEPT // (width * height)
        if (info.frames or 0) > _LONGER * self._most:
            self._most = 0
        self._pictures: dict[int, Gray] = {}

    def add(self, frame: Frame) -> None:
        """Keep the picture of a frame, unless memory for pictures is full."""
        if len(self._pictures) < self._most:
            self._pictures[frame.index] = _small(self._info, frame)

    def get(self, index: int) -> Gray | None:
        return self._pictures.get(index)


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
