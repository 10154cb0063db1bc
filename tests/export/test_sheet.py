from __future__ import annotations

import itertools
import math
import subprocess
import sys
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import av
import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from made_output import make_output, plan_for
from PIL import Image, features

from blur.data.edits import Decision, Edits, Keyframe, TrackEdit
from blur.data.plan import Box, Doubt, Fingerprint, Plan, Reason, Track
from blur.export import sheet
from blur.media.open.probe import probe
from blur.render.fonts import font_for
from blur.render.pictures import DECODED, Pictures
from blur.settings import CoverSettings, FillName

SOLID = CoverSettings(fill=FillName.SOLID)
FACE = Box(156, 117, 78, 96)
"""Where the astronaut's face is on a picture of 320 by 240."""
ALIKE = 0.7
"""Correlation of pixels from which a picture shows the face; covered pages have at most .57."""


@pytest.fixture(scope="module")
def astronaut(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two seconds of a real face that hardly moves."""
    whole = Image.fromarray(astronaut_picture())
    path = tmp_path_factory.mktemp("film") / "in" / "face.mp4"
    path.parent.mkdir()
    with av.open(path, "w") as container:
        stream = container.add_stream("libx264", 30)
        stream.width, stream.height, stream.pix_fmt = 320, 240, "yuv420p"
        stream.options = {"crf": "12", "preset": "ultrafast"}
        for _ in range(60):
            container.mux(stream.encode(av.VideoFrame.from_image(whole)))
        container.mux(stream.encode())
    return path


def faces_on(picture: np.ndarray) -> int:
    """How often the astronaut's face is to be seen, at the sizes that tiles and pages have.

    By the likeness of pixels: detectors take a covered head above shoulders for a face.
    """
    gray = cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY)
    clear = cv2.cvtColor(astronaut_picture(), cv2.COLOR_RGB2GRAY)
    left, top = round(FACE.cx - FACE.w / 2), round(FACE.cy - FACE.h / 2)
    face = clear[top : top + round(FACE.h), left : left + round(FACE.w)]
    most = 0
    for scale in (0.5, 0.75, 1, 1.25, 1.5, 2):
        wanted = cv2.resize(face, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
        if wanted.shape[0] < gray.shape[0] and wanted.shape[1] < gray.shape[1]:
            alike = cv2.matchTemplate(gray, wanted, cv2.TM_CCOEFF_NORMED) > ALIKE
            most = max(most, cv2.connectedComponents(alike.astype(np.uint8))[0] - 1)
    return most


def astronaut_picture() -> np.ndarray:
    data = pytest.importorskip("skimage.data", reason="needs scikit-image's photograph")
    whole = Image.fromarray(data.astronaut()).crop((60, 0, 400, 255)).resize((320, 240))
    return np.array(whole)


def tracked(plan: Plan) -> Plan:
    n = plan.frames
    boxes = np.tile(np.array([FACE], np.float32), (n, 1))
    whole = Track(0, 0, boxes, np.zeros(n, np.uint8), np.ones(n, np.float32))
    return replace(plan, tracks=(whole,), doubts=(), cuts=())


def tiles_of(clip: Path, plan: Plan, edits: Edits | None = None) -> list[sheet.Tile]:
    return sheet.of_plan(Pictures(clip, probe(clip), plan.pts, DECODED), plan, edits, SOLID)


def test_a_covered_face_is_shown_covered(astronaut: Path) -> None:
    plan = tracked(plan_for(astronaut))
    tiles = tiles_of(astronaut, plan)
    assert tiles and all(tile.missed == 0 for tile in tiles)
    assert all(faces_on(tile.picture) == 0 for tile in tiles)
    scale = tiles[0].picture.shape[1] / 320
    middle = tiles[0].picture[round(FACE.cy * scale), round(FACE.cx * scale)]
    assert np.abs(middle.astype(int) - 0x20).max() < 12


def test_a_missed_face_is_told_and_not_shown(astronaut: Path) -> None:
    plan = replace(tracked(plan_for(astronaut)), tracks=())
    shown = Pictures(astronaut, probe(astronaut), plan.pts, DECODED).at(0)
    assert faces_on(shown.to_ndarray(format="rgb24")) == 1
    tiles = tiles_of(astronaut, plan)
    assert all(tile.missed >= 1 for tile in tiles)
    assert all(faces_on(tile.picture) == 0 for tile in tiles)
    page = np.array(sheet.compose("face.mp4", "", tiles))
    assert faces_on(page) == 0


def test_a_face_that_is_kept_clear_is_covered_on_the_sheet(astronaut: Path) -> None:
    plan = tracked(plan_for(astronaut))
    path = (Keyframe(0, FACE), Keyframe(plan.frames - 1, FACE))
    keep = TrackEdit(decision=Decision.KEEP, path=path, reason="agreed")
    edits = Edits(fingerprint=plan.fingerprint, tracks=(keep,))
    tiles = tiles_of(astronaut, plan, edits)
    assert all(tile.missed == 0 and faces_on(tile.picture) == 0 for tile in tiles)


def test_a_doubt_where_nothing_is_covered_is_blotted_out(astronaut: Path) -> None:
    plan = replace(tracked(plan_for(astronaut)), tracks=())
    doubt = Doubt(start=0, end=plan.frames, reason=Reason.WEEDED, weight=1, box=FACE)
    tiles = tiles_of(astronaut, replace(plan, doubts=(doubt,)))
    assert all(tile.doubtful and tile.missed == 0 for tile in tiles)
    assert all(faces_on(tile.picture) == 0 for tile in tiles)


def test_a_clip_that_nobody_scanned_is_sampled_from_end_to_end(astronaut: Path) -> None:
    told: list[int] = []
    tiles, looked = sheet.of_sample(astronaut, probe(astronaut), SOLID, 2.0, told.append)
    assert looked == told[-1] >= 8
    assert tiles[0].seconds < 0.3 and tiles[-1].seconds > 1.5
    assert all("1 face" in tile.caption for tile in tiles)
    assert all(faces_on(tile.picture) == 0 for tile in tiles)


def test_no_image_in_an_output_folder_shows_a_face(astronaut: Path, tmp_path: Path) -> None:
    """Whatever is made there, apart from the covered clips."""
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "face.mp4").write_bytes(astronaut.read_bytes())
    out = make_output(tmp_path)  # its plan misses the face
    for command in (["preview"], ["markers"], ["markers", "--format", "csv"]):
        subprocess.run([sys.executable, "-m", "blur", command[0], out, *command[1:]], check=True)
    images = [p for p in out.rglob("*") if p.suffix.lower() in {".png", ".jpg", ".jpeg", ".webp"}]
    assert [p.relative_to(out).as_posix() for p in images] == ["sheets/face.mp4.png"]
    for path in images:
        with Image.open(path) as image:
            assert image.info == {}
            assert faces_on(np.array(image.convert("RGB"))) == 0
    assert (out / "sheets" / "index.html").read_text().count("face.mp4.png") == 1


def test_frames_are_chosen_by_the_doubts_that_wait_and_each_doubt_is_blotted_out(
    astronaut: Path,
) -> None:
    plan = replace(tracked(plan_for(astronaut)), tracks=())
    settled = Doubt(start=0, end=plan.frames, reason=Reason.WEEDED, weight=1, box=FACE)
    waits = Doubt(start=30, end=40, reason=Reason.DARK, weight=1)
    pictures = Pictures(astronaut, probe(astronaut), plan.pts, DECODED)
    tiles = sheet.of_plan(pictures, replace(plan, doubts=(settled, waits)), None, SOLID, [waits])
    assert any(Reason.DARK.words in tile.caption for tile in tiles)
    assert not any(Reason.WEEDED.words in tile.caption for tile in tiles)
    assert all(tile.doubtful and faces_on(tile.picture) == 0 for tile in tiles)


def title_of(name: str) -> np.ndarray:
    return np.array(sheet.compose(name, "", []))[:34].astype(int)


def test_an_arabic_name_is_drawn_joined_and_from_right_to_left() -> None:
    if not features.check("raqm") or font_for("سلام", 18) is None:
        pytest.skip("needs a font with Arabic letters, and Raqm")
    unwritten = title_of("\U0010fffe")
    name = title_of("سلام.mp4")
    assert np.abs(name - unwritten).max() > 100
    columns = np.flatnonzero((name - sheet._GROUND).max(axis=(0, 2)) > 60)
    whole = columns.max() - columns.min()
    letters = sum(font_for("س", 18).getlength(letter) for letter in "سلام")
    assert whole < letters + font_for("س", 18).getlength(".mp4"), "letters stand alone"


def test_a_name_that_no_font_writes_is_told_in_words() -> None:
    assert font_for("\U0010fffe", 18) is None
    assert np.array_equal(title_of("\U0010fffe"), title_of("\U0010fffe.mp4"))
    assert not np.array_equal(title_of("a.mp4"), title_of("\U0010fffe"))


@st.composite
def plans(draw: st.DrawFn) -> Plan:
    frames = draw(st.integers(1, 4000))
    tracks = []
    for track_id in range(draw(st.integers(0, 40))):
        start = draw(st.integers(0, frames - 1))
        n = draw(st.integers(1, frames - start))
        size = draw(st.floats(4, 300))
        boxes = np.tile(np.array([[50, 50, size, size, 0]], np.float32), (n, 1))
        marks = np.full(n, draw(st.sampled_from([0, 3])), np.uint8)
        tracks.append(Track(track_id, start, boxes, marks, np.ones(n, np.float32)))
    doubts = []
    for _ in range(draw(st.integers(0, 40))):
        start = draw(st.integers(0, frames - 1))
        weight = draw(st.floats(0, 9))
        doubts.append(Doubt(start=start, end=start + 1, reason=Reason.LOST, weight=weight))
    pts = tuple(range(frames))
    return Plan(
        Fingerprint(1, "a"), 100, 100, Fraction(1, 30), pts, (), tuple(tracks), tuple(doubts)
    )


@given(plans())
def test_moments_are_few_apart_in_order_and_hold_what_matters_most(plan: Plan) -> None:
    found = sheet.moments(plan)
    frames = [m.frame for m in found]
    assert 1 <= len(found) <= sheet.MOST
    assert frames == sorted(frames)
    assert all(0 <= f < plan.frames for f in frames)
    apart = max(7, plan.frames // (4 * sheet.MOST))  # a quarter of a second, at least
    assert all(b - a >= apart for a, b in itertools.pairwise(frames))
    if plan.doubts:
        worst = max(doubt.weight for doubt in plan.doubts)
        first = {doubt.start for doubt in plan.doubts if math.isclose(doubt.weight, worst)}
        assert any(m.frame in first for m in found)
    elif plan.tracks:
        largest = max(plan.tracks, key=lambda t: float(t.boxes[:, 2].max()))
        assert any(largest.start <= m.frame < largest.end for m in found)
