"""The pictures of a frame that detectors look at, in which they see as much as viewers do."""

from __future__ import annotations

from blur.data.arrays import Picture
from blur.detect.backlight import out_of_backlight
from blur.detect.mesh import without_mesh
from blur.detect.noise import without_noise
from blur.detect.stripes import without_stripes


def treated(frame: Picture) -> list[Picture]:
    """A whole frame, calmed, and again without a mesh or stripes over it, or out of the light.

    Each is looked at: who stands before a wall of bricks or blinds shows in the first alone.
    """
    calm = without_noise(frame)
    further = (without_mesh(calm), without_stripes(calm), out_of_backlight(calm))
    return [calm, *(picture for picture in further if picture is not None)]
