"""A soft cover shows a head's shading, by its place and the colours around it alone."""

from __future__ import annotations

import av
import numpy as np
import pytest

from blur.cover.fills import make_fill
from blur.cover.paint import paint
from blur.cover.region import Region
from blur.data.plan import Box
from blur.settings import CoverSettings

HEAD = Box(160, 120, 100, 145)


def covered(colour: tuple[int, int, int], tone: str = "auto", **region: object) -> np.ndarray:
    """(240, 320, 3) RGB of a flat picture with a soft cover over `HEAD`."""
    flat = np.full((240, 320, 3), colour, np.uint8)
    frame = av.VideoFrame.from_ndarray(flat, "rgb24").reformat(format="yuv444p")
    boxes = (HEAD._replace(angle=float(region.pop("angle", 0))),)
    done = paint(frame, [Region(boxes, 1, **region)], make_fill(CoverSettings(tone=tone)))
    return done.to_ndarray(format="rgb24").astype(int)


def patch(picture: np.ndarray, across: float, down: float) -> np.ndarray:
    """Mean colour of 9 by 9 pixels at a place on the upright head, in half sides."""
    x, y = round(HEAD.cx + across * HEAD.w / 2), round(HEAD.cy + down * HEAD.h / 2)
    return picture[y - 4 : y + 5, x - 4 : x + 5].mean((0, 1))


def test_a_chosen_tone_is_the_middle_of_a_face_and_fades_to_the_rim() -> None:
    picture = covered((60, 120, 60), "#c08060")
    middle, rim, outside = patch(picture, 0, 0.15), patch(picture, 0.95, 0), picture[5, 5]
    assert np.abs(middle - (0xC0, 0x80, 0x60)).max() < 30
    assert np.abs(rim - outside).max() < 12


def test_a_crown_is_darker_than_a_chin_whatever_the_turn() -> None:
    upright, turned = covered((150, 150, 150)), covered((150, 150, 150), angle=180)
    crown, chin = patch(upright, 0, -0.6), patch(upright, 0, 0.6)
    assert crown.mean() < chin.mean() - 8
    assert patch(turned, 0, 0.6).mean() == pytest.approx(crown.mean(), abs=3)


@pytest.mark.parametrize("light", [20, 128, 230])
def test_a_grey_picture_gets_no_colour(light: int) -> None:
    picture = covered((light, light, light))
    assert np.ptp(picture, axis=2).max() <= 3


def test_a_shirt_does_not_colour_the_chin() -> None:
    picture = np.full((240, 320, 3), (150, 140, 130), np.uint8)
    picture[150:, 60:260] = 20, 140, 40
    frame = av.VideoFrame.from_ndarray(picture, "rgb24").reformat(format="yuv420p")
    done = paint(frame, [Region((HEAD,), 1)], make_fill(CoverSettings()))
    chin = patch(done.to_ndarray(format="rgb24").astype(int), 0, 0.45)
    assert chin[0] > chin[1] - 8


@pytest.mark.parametrize("name", ["yuv420p", "rgb24"])
def test_dark_cloth_leaves_a_head_in_a_light_room_its_skin(name: str) -> None:
    picture = np.full((240, 320, 3), (150, 145, 140), np.uint8)
    picture[80:, 60:] = 16, 16, 18
    frame = av.VideoFrame.from_ndarray(picture, "rgb24").reformat(format=name)
    done = paint(frame, [Region((HEAD,), 1)], make_fill(CoverSettings()))
    skin = patch(done.to_ndarray(format="rgb24").astype(int), 0, 0.15)
    assert skin.mean() > 60
    assert skin[0] > skin[2] + 4


def test_a_head_on_another_is_not_drawn_and_its_neighbour_is() -> None:
    def drawn_by(second: Box) -> np.ndarray:
        flat = av.VideoFrame.from_ndarray(np.full((240, 320, 3), 128, np.uint8), "rgb24")
        regions = [Region((HEAD,), 1), Region((second,), 2)]
        fill = make_fill(CoverSettings(tone="#c08060"))
        done = paint(flat.reformat(format="yuv444p"), regions, fill).to_ndarray(format="rgb24")
        return np.abs(done.astype(int) - covered((128, 128, 128), "#c08060")).max(axis=2)

    small = Box(HEAD.cx, HEAD.cy + 50, 40, 55)
    assert drawn_by(small).max() <= 6
    assert drawn_by(small._replace(cx=60)).max() >= 12


def test_a_dark_picture_gets_no_bright_heads() -> None:
    assert covered((14, 10, 8)).max() < 30
    assert covered((3, 3, 3)).max() < 8


@pytest.mark.parametrize("region", [{"drawn": True}, {"dark": True, "drawn": True}])
def test_a_drawn_region_gets_no_head(region: dict[str, object]) -> None:
    picture = covered((60, 120, 60), "#c08060", **region)
    wanted = (0, 0, 0) if region.get("dark") else (60, 120, 60)
    assert np.abs(patch(picture, 0, 0) - wanted).max() < 6
