"""A clip's streams, timing, geometry and colour, as data."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

from blur.media.open.clock import Move
from blur.media.open.geometry import Orientation
from blur.media.open.shape import Crop, Shape


@dataclass(frozen=True, slots=True)
class Colour:
    """Colour as ISO/IEC 23091-2 code points; `range` as in FFmpeg's AVColorRange.

    `mastering` and `light` are HDR10's static metadata in x265's notation, "" without any.
    """

    primaries: int = 2
    transfer: int = 2
    matrix: int = 2
    range: int = 0
    mastering: str = ""
    light: str = ""


@dataclass(frozen=True, slots=True)
class AudioTrack:
    """A sound track: its stream index in the container, its codec, its rate in Hz, its channels."""

    index: int
    codec: str
    rate: int
    channels: int = 0


@dataclass(frozen=True, slots=True)
class ClipInfo:
    """One input file, moving or still, as `probe` found it.

    `size` is in bytes, `duration` in seconds, `rate` in frames a second, `time_base` in seconds a
    tick. `width` and `height` are the display size in pixels; `orientation` leads to the stored
    one, which `crop` has left of the first picture's `coded` shape. `display_matrix` is the
    container's own, None without one. `moves` bring the parts of a joined recording to a single
    clock; then `shift`, in ticks, is added to every pts so that none is negative. `frames` is the
    container's count, None if it has none. `dropped` lists, in words, the content left out of every
    output; `notes` go into the report. `reel` is the tape's name.
    `profile` names a photograph's colour space.
    """

    path: Path
    container: str
    codec: str
    orientation: Orientation
    pix_fmt: str
    size: int
    stream: int = 0
    coded: Shape | None = None
    crop: Crop | None = None
    display_matrix: tuple[int, ...] | None = None
    colour: Colour = Colour()
    sample_aspect_ratio: Fraction = Fraction(1)
    time_base: Fraction = Fraction(1, 25)
    rate: Fraction = Fraction(25)
    shift: int = 0
    moves: tuple[Move, ...] = ()
    frames: int | None = None
    duration: Fraction | None = None
    interlaced: bool = False
    top_field_first: bool = True
    timecode: str = ""
    reel: str = ""
    audio: tuple[AudioTrack, ...] = ()
    dropped: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    still: bool = False
    profile: str = "sRGB"

    @property
    def width(self) -> int:
        return self.orientation.width

    @property
    def height(self) -> int:
        return self.orientation.height

    @property
    def likely_frames(self) -> int:
        """The container's count of frames, else its length times its rate; 0 if it has neither."""
        return self.frames or int((self.duration or 0) * self.rate)

    @property
    def pixel(self) -> tuple[float, float]:
        """Width and height of a display pixel as it is seen; the shorter is 1."""
        aspect = float(self.sample_aspect_ratio)
        aspect = 1 / aspect if self.orientation.transposed else aspect
        return max(1.0, aspect), max(1.0, 1 / aspect)

    @property
    def square(self) -> tuple[int, int]:
        """Width and height of the picture as it is seen, in square pixels."""
        across, down = self.pixel
        return round(self.width * across), round(self.height * down)

    def fitted(self, longest: int) -> tuple[int, int]:
        """The size in square pixels, scaled down to a longest side where it is larger."""
        width, height = self.square
        scale = max(1.0, max(width, height) / longest)
        return max(1, round(width / scale)), max(1, round(height / scale))
