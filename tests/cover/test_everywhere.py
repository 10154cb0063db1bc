"""Regions of a whole batch lie where and when they are asked for, on clips of any size."""

from __future__ import annotations

from fractions import Fraction

import cv2
import pytest

from blur.cover.region import Covers
from blur.data.plan import Fingerprint, Plan
from blur.settings import CoverSettings
from blur.settings.values import parse_places


def plan(width: int, height: int, pts: range) -> Plan:
    return Plan(
        fingerprint=Fingerprint(1, "0" * 64, 1),
        width=width,
        height=height,
        time_base=Fraction(1, 10),
        pts=tuple(pts),
        cuts=(),
        tracks=(),
        doubts=(),
        scan_digest="",
    )


@pytest.mark.parametrize(("width", "height"), [(1280, 720), (720, 1280), (64, 48)])
def test_a_region_lies_where_it_was_asked_for(width: int, height: int) -> None:
    covers = Covers.of_plan(plan(width, height, range(20)), CoverSettings(region=("0.6,.9,.4,.1",)))
    for frame in (0, 19):
        (region,) = covers.at(frame)
        x, y, w, h = cv2.boundingRect(region.outline())
        assert (x, y) == pytest.approx((0.6 * width, 0.9 * height), abs=1)
        assert (w, h) == pytest.approx((0.4 * width, 0.1 * height), abs=2)


@pytest.mark.parametrize("origin", [0, 36_000])
def test_a_region_covers_each_frame_that_is_shown_in_its_span(origin: int) -> None:
    made = plan(64, 48, range(origin, origin + 40, 4))  # 0.4 seconds a frame
    covers = Covers.of_plan(made, CoverSettings(region=("0,0,.5,.5@0:01-0:02", "0,0,1,.1")))
    assert [len(covers.at(frame)) for frame in range(10)] == [1, 1, 2, 2, 2, 1, 1, 1, 1, 1]


def test_a_region_after_the_clip_covers_nothing_of_it() -> None:
    settings = CoverSettings(region=("0,0,.5,.5@1:00-1:01",))
    covers = Covers.of_plan(plan(64, 48, range(20)), settings)
    assert not any(covers.at(frame) for frame in range(19))


def test_an_ellipse_lies_within_its_rectangle() -> None:
    settings = CoverSettings(region=("ellipse:.25,.25,.5,.5@0:00-0:01",))
    covers = Covers.of_plan(plan(640, 360, range(20)), settings)
    (region,) = covers.at(0)
    outline = region.outline()
    assert cv2.contourArea(outline) == pytest.approx(3.1416 / 4 * 320 * 180, rel=0.02)
    assert cv2.pointPolygonTest(outline, (320, 92), measureDist=False) > 0
    assert cv2.pointPolygonTest(outline, (165, 95), measureDist=False) < 0
    assert not covers.at(15)


MISPLACED = """1,1,1 | 1.2,0,.1,.1 | 0,0,0,.1 | .9,.9,.2,.1 | 100,50,200,80 | 0,0,.1,.1@ | a,b,c,d
 | 0,0,.1,.1@2-1 | 0,0,.1,.1@0-1,2-3 | ellipse:.9,.9,.2,.1 | circle:0,0,1,1"""


@pytest.mark.parametrize("text", ["", *map(str.strip, MISPLACED.split("|"))])
def test_a_region_that_misses_the_picture_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"must (be|lie|have)"):
        parse_places([text])
