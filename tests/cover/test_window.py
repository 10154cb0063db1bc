from __future__ import annotations

import av
import cv2
import gate
import numpy as np
import pytest
from gate import covered, noisy
from hypothesis import given, settings
from hypothesis import strategies as st
from test_gate import REGIONS, SIZES

from blur.cover.layout import layout_of
from blur.cover.region import Region
from blur.cover.window import Rect, patches, windows
from blur.data.plan import Box


@given(
    name=st.sampled_from(gate.PAINTED),
    size=SIZES,
    region=REGIONS,
    spot=st.tuples(st.floats(0, 1), st.floats(0, 1)),
)
@settings(max_examples=300, deadline=None)
def test_every_sample_that_a_region_touches_is_covered(name, size, region, spot):
    width, height = size
    x, y = spot[0] * width, spot[1] * height
    outline = region.outline()
    if cv2.pointPolygonTest(outline, (x, y), False) < 0:
        # Most spots fall outside: take the region's own nearest corner instead.
        x, y = outline[np.abs(outline - (x, y)).sum(1).argmin()].tolist()
    if not (0 <= x < width and 0 <= y < height):
        return
    masks = covered(av.VideoFrame(width, height, name), [region])
    for plane, mask in zip(layout_of(name).planes, masks, strict=True):
        assert mask[int(y) // plane.step_y, int(x) // plane.step_x]


@given(name=st.sampled_from(gate.PAINTED), size=SIZES, region=REGIONS)
@settings(deadline=None)
def test_all_planes_are_covered_in_the_same_cells(name, size, region):
    """Where a chroma sample is replaced, so are all the pixels that it colours; and no others."""
    layout = layout_of(name)
    masks = covered(av.VideoFrame(*size, name), [region])
    for plane, mask in zip(layout.planes, masks, strict=True):
        for other, finer in zip(layout.planes, masks, strict=True):
            tall, wide = plane.step_y // other.step_y, plane.step_x // other.step_x
            if tall and wide:
                spread = mask.repeat(tall, 0).repeat(wide, 1)
                assert (spread[: finer.shape[0], : finer.shape[1]] == finer).all()


def test_a_cover_is_no_larger_than_it_must_be():
    region = Region((Box(200, 150, 120, 160, 0),), 1)
    area = cv2.contourArea(region.outline())
    mask = covered(av.VideoFrame(400, 300, "yuv420p"), [region])[0]
    assert area < mask.sum() < cv2.contourArea(region.outline(6))


@pytest.mark.parametrize("size", [1e3, 1e5, 1e6, 1e7, 1e12])
@pytest.mark.parametrize("turn", [0, 45, 90])
def test_a_box_far_larger_than_the_picture_covers_all_of_it(size, turn):
    for x, y in ((32, 24), (32 + size / 4, 24), (32, 24 - size / 4)):
        region = Region((Box(x, y, size, size, turn),), 1)
        assert all(m.all() for m in covered(av.VideoFrame(64, 48, "yuv420p"), [region]))


def test_interlaced_chroma_is_covered_with_both_fields(tmp_path):
    with av.open(tmp_path / "fields.mp4", "w") as container:
        stream = container.add_stream("libx264", rate=25, options={"x264-params": "tff=1"})
        stream.width, stream.height, stream.pix_fmt = 64, 64, "yuv420p"
        for frame in [noisy("yuv420p", 64, 64, np.random.default_rng(0)), None]:
            container.mux(stream.encode(frame))
    with av.open(tmp_path / "fields.mp4") as container:
        picture = next(container.decode(video=0))
    assert picture.interlaced_frame
    layout = layout_of("yuv420p")
    for top in range(20, 25):
        (patch,) = patches(picture, layout, [Region((Box(30, top + 10, 9, 20, 0),), 1)])
        rows = np.flatnonzero(patch.masks[0].any(1)) + patch.rect.y0
        assert rows[0] % 4 == 0
        assert rows[-1] % 4 == 3


def window_rects(regions, width=640, height=480):
    picture = av.VideoFrame(width, height, "yuv420p")
    layout = layout_of("yuv420p")
    covers = patches(picture, layout, regions)
    return list(windows(picture, layout, layout.views(picture), covers))


def test_covers_that_touch_share_a_window_and_others_do_not():
    boxes = [Box(100, 100, 60, 60), Box(150, 100, 60, 60), Box(500, 400, 60, 60)]
    found = window_rects([Region((box,), i) for i, box in enumerate(boxes)])
    assert sorted(sorted(p.seed for p in window.patches) for window in found) == [[0, 1], [2]]


def test_a_window_shows_the_covers_of_other_windows_as_covered():
    boxes = [Box(100, 100, 60, 60), Box(185, 100, 60, 60)]
    first, second = window_rects([Region((box,), i) for i, box in enumerate(boxes)])
    assert first.rect.meets(second.rect)
    picture = av.VideoFrame(640, 480, "yuv420p")
    whole = covered(picture, [Region((box,), 0) for box in boxes])[0]
    for window in (first, second):
        x0, y0, x1, y1 = window.rect
        assert ((window.masks[0] > 0) == whole[y0:y1, x0:x1]).all()


RECTS = st.builds(
    lambda x, y, w, h: Rect(x, y, x + w, y + h),
    *[st.integers(-40, 40)] * 2,
    *[st.integers(1, 30)] * 2,
)


@given(a=RECTS, b=RECTS)
def test_rects_meet_where_they_share_a_pixel(a, b):
    shared = min(a.x1, b.x1) > max(a.x0, b.x0) and min(a.y1, b.y1) > max(a.y0, b.y0)
    assert a.meets(b) == b.meets(a) == shared
    if shared:
        assert a.cut(b).cut(a) == a.cut(b) == b.cut(a)
    both = a.joined(b)
    assert both.cut(a) == a
    assert both.cut(b) == b


@pytest.mark.parametrize("grid", [1, 8])
@given(rect=RECTS)
def test_a_grown_rect_starts_and_ends_on_the_grid(grid, rect):
    grown = rect.grown(5, grid)
    assert all(side % grid == 0 for side in grown)
    assert rect.x0 - 5 - grid < grown.x0 <= rect.x0 - 5
    assert rect.y1 + 5 <= grown.y1 < rect.y1 + 5 + grid
