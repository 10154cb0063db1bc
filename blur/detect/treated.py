"""The pictures of a frame that detectors look at, in which they see as much as viewers do."""

from __future__ import annotations

from blur.data.arrays import Picture
from blur.detect.backlight import out_of_backlight
from blur.detect.bars import bridged
from blur.detect.mesh import without_mesh
from blur.detect.noise import without_noise
from blur.detect.stripes import evened_out, stripes_of


def treated(frame: Picture) -> list[Picture]:
    """A whole frame, calmed, and again without a mesh, stripes or bars, or out of the light.

    Each is looked at: who stands before a wall of bricks or blinds shows in the first alone.
    """
    calm = without_noise(frame)
    further = [without_mesh(calm), out_of_backlight(calm)]
    if (stripes := stripes_of(calm)) is not None:
        further += [evened_out(calm, stripes), bridged(calm, stripes)]
    return [calm, *(picture for picture in further if picture is not None)]
