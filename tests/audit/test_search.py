"""An audit's search in parts: the pictures and glances of a search in one piece."""

from __future__ import annotations

import itertools
from collections.abc import Iterable
from pathlib import Path

import av
import numpy as np
import pytest
from made_output import plan_for

from blur.audit import search as searching
from blur.audit.itinerary import Again, route
from blur.audit.search import Search, Seen
from blur.data.frame_map import frame_map
from blur.data.placement import Placement
from blur.media.open.probe import probe

FRAMES, FLASHES = 120, (3, 29, 30, 59, 60, 61, 90, 117)
BLIND = range(34, 56)
"""Frames without motion to be measured: more than twice `REACH` before a bound of parts."""


@pytest.fixture(scope="module")
def film(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A drifting scene in which a patch shows on single frames; for a time it is not to be seen
    at all."""
    path = tmp_path_factory.mktemp("film") / "a.mp4"
    rng = np.random.default_rng(5)
    scene = np.kron(rng.integers(60, 190, (60, 160, 3), np.uint8), np.ones((8, 8, 1), np.uint8))
    with av.open(path, "w") as container:
        stream = container.add_stream("libx264", 30)
        stream.width, stream.height, stream.pix_fmt = 640, 480, "yuv420p"
        stream.options = {"crf": "12", "preset": "ultrafast", "g": "24"}
        for index in range(FRAMES):
            left = index + (300 if index in BLIND else 0)
            picture = scene[:, left : left + 640].copy()
            if index in BLIND:
                picture[:] = rng.integers(0, 255)  # no motion to be measured
            if index in FLASHES:
                picture[200:280, 300:370] = rng.integers(0, 255, (80, 70, 3))
            container.mux(stream.encode(av.VideoFrame.from_ndarray(picture, "rgb24")))
        container.mux(stream.encode())
    return path


def search_of(film: Path, again: Again | None = None, rate: str = "") -> Search:
    info, plan = probe(film), plan_for(film)
    held = frame_map(plan, Placement(rate=rate))
    looks = route(plan.shots(), (), 12, again)
    return Search(
        film, info, info, held, list(plan.pts), looks, again, lambda frame: (), (320, 240)
    )


def content(seen: Iterable[Seen]) -> tuple[list[tuple[int, bytes]], list[tuple[int, object]]]:
    """Pictures and glances, each by its frame."""
    rows = list(seen)
    pictures = [(item.frame, item.picture.tobytes()) for item in rows if item.picture is not None]
    glances = [(glance.frame, glance.places) for item in rows for glance in item.glances]
    return pictures, sorted(glances)


@pytest.mark.parametrize("count", [2, 3, 5, 13])
def test_parts_see_what_a_whole_sees(count, film, monkeypatch):
    search = search_of(film)
    [whole] = search.parts(count)
    pictures, glances = content(search.seen(whole))
    assert {frame for frame, _ in glances} >= {3, 30, 60, 90, 117} and len(pictures) > FRAMES // 12
    monkeypatch.setattr(searching, "_PART", FRAMES // count)
    parts = search.parts(count)
    assert [*itertools.chain(*parts)] == list(range(FRAMES)) and len(parts) == count
    assert search.parts(1) == [whole]
    seen = [list(search.seen(part)) for part in parts]
    assert content(itertools.chain(*seen)) == (pictures, glances)
    assert [items[-1].after for items in seen] == [part.stop for part in parts]


def test_a_later_audit_has_one_part(film, monkeypatch):
    monkeypatch.setattr(searching, "_PART", 1)
    search = search_of(film, Again([30], [(11, 26)]))
    [part] = search.parts(8)
    pictures, glances = content(search.seen(part))
    assert {frame for frame, _ in pictures} == {12, 24, 30}
    assert {frame for frame, _ in glances} & set(FLASHES) <= {3, 29, 30}
