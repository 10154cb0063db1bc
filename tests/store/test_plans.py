"""Plans and edits survive being written down; damaged ones are refused, never half read."""

from __future__ import annotations

import dataclasses
import json
import os
import stat
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from blur.data.boxes import wrapped
from blur.data.edits import Decision, Edits, Keyframe, RegionEdit, TrackEdit
from blur.data.plan import PLAN_VERSION, Box, Doubt, Fingerprint, Mark, Plan, Reason, Track
from blur.disk import atomic
from blur.errors import DiskFull, OutputError, PlanMismatch
from blur.store.plans import load_edits, load_plan, save_edits, save_plan

FINGERPRINT = Fingerprint(1234, "ab" * 32)

finite = {"allow_nan": False, "allow_infinity": False, "width": 32}
coordinates = st.floats(-5000, 20000, **finite)
lengths = st.floats(0.0009765625, 8000, **finite)
turns = st.floats(-180, 179.5, **finite)
boxes = st.builds(Box, coordinates, coordinates, lengths, lengths, turns)


@st.composite
def tracks(draw: st.DrawFn) -> Track:
    rows = draw(st.lists(boxes, min_size=1, max_size=8))
    count = len(rows)
    marks = draw(st.lists(st.sampled_from(Mark), min_size=count, max_size=count))
    scores = draw(st.lists(st.floats(0, 1, width=32), min_size=count, max_size=count))
    return Track(
        id=draw(st.integers(1, 10**6)),
        start=draw(st.integers(0, 10**7)),
        boxes=np.array(rows, np.float32).reshape(-1, 5),
        marks=np.array(marks, np.uint8),
        scores=np.array(scores, np.float32),
        source=draw(st.sampled_from(["scan", "audit", "edit", "person"])),
        chain=draw(st.none() | st.integers(1, 100)),
    )


doubts = st.builds(
    Doubt,
    start=st.integers(0, 1000),
    end=st.integers(1001, 2000),
    reason=st.sampled_from(Reason),
    weight=st.floats(0, 10, allow_nan=False),
    track=st.none() | st.integers(1, 100),
    box=st.none() | boxes,
)


@st.composite
def plans(draw: st.DrawFn) -> Plan:
    steps = draw(st.lists(st.integers(1, 100_000), max_size=40))
    pts = np.cumsum([draw(st.integers(0, 2**40)), *steps]).tolist()
    return Plan(
        fingerprint=FINGERPRINT,
        width=draw(st.integers(1, 16384)),
        height=draw(st.integers(1, 16384)),
        time_base=draw(st.fractions(min_value=Fraction(1, 10**9), max_value=1)),
        pts=tuple(pts),
        cuts=tuple(sorted(draw(st.sets(st.integers(1, len(pts)), max_size=5)))),
        tracks=tuple(draw(st.lists(tracks(), max_size=4))),
        doubts=tuple(draw(st.lists(doubts, max_size=4))),
        scan_digest=draw(st.text(max_size=20)),
        notes=tuple(draw(st.lists(st.text(max_size=40), max_size=3))),
    )


@settings(max_examples=50, deadline=None)
@given(plan=plans())
def test_a_plan_reads_back_as_it_was_written(
    tmp_path_factory: pytest.TempPathFactory, plan: Plan
) -> None:
    path = tmp_path_factory.mktemp("plan") / "plan.json"
    save_plan(plan, path)
    read = load_plan(path)
    bare = {"tracks": (), "doubts": ()}
    assert dataclasses.replace(read, **bare) == dataclasses.replace(plan, **bare)
    assert [d.reason for d in read.doubts] == [d.reason for d in plan.doubts]
    assert read.doubts == plan.doubts
    assert len(read.tracks) == len(plan.tracks)
    for a, b in zip(read.tracks, plan.tracks, strict=True):
        assert (a.id, a.start, a.source, a.chain) == (b.id, b.start, b.source, b.chain)
        assert (a.marks == b.marks).all()
        assert (a.boxes == a.boxes.round()).all()  # tells no motion finer than a pixel
        reach = np.abs(a.boxes[:, :2] - b.boxes[:, :2]) + b.boxes[:, 2:4] / 2
        assert (a.boxes[:, 2:4] / 2 >= reach - 2e-3).all()  # around the box that was found
        assert (a.boxes[:, 2:4] - b.boxes[:, 2:4]).max() <= 2 + 2e-3
        assert np.abs(wrapped(a.boxes[:, 4] - b.boxes[:, 4])).max() <= 0.5 + 2e-3
        assert np.abs(a.scores - b.scores).max() <= 0.001
    again = path.with_name("again.json")
    save_plan(read, again)
    assert again.read_bytes() == path.read_bytes()  # boxes do not grow from save to save


def small() -> Plan:
    track = Track(
        id=1,
        start=2,
        boxes=np.array([[10, 20, 4, 5, 0]] * 3, np.float32),
        marks=np.array([Mark.HELD, Mark.DETECTED, Mark.HELD], np.uint8),
        scores=np.array([0, 0.9, 0], np.float32),
    )
    return Plan(
        fingerprint=FINGERPRINT,
        width=64,
        height=48,
        time_base=Fraction(1, 25),
        pts=tuple(range(10)),
        cuts=(4,),
        tracks=(track,),
    )


Spoil = Callable[[dict[str, Any]], object]

DAMAGE: dict[str, Spoil] = {
    "a column is shorter": lambda r: r["tracks"][0]["scores"].pop(),
    "a mark has no name": lambda r: r["tracks"][0]["marks"][0].__setitem__(0, "guessed"),
    "a box has no size": lambda r: r["tracks"][0]["boxes"][0].__setitem__(2, 0.0),
    "a box is not finite": lambda r: r["tracks"][0]["boxes"][0].__setitem__(0, None),
    "a box is short": lambda r: r["tracks"][0]["boxes"][0].pop(),
    "a track starts before the clip": lambda r: r["tracks"][0].__setitem__("start", -1),
    "a chain has no number": lambda r: r["tracks"][0].__setitem__("chain", 0),
    "a field is missing": lambda r: r.pop("pts_steps"),
    "a field is unknown": lambda r: r.__setitem__("pixels", []),
    "time stands still": lambda r: r.__setitem__("time_base", [1, 0]),
    "a reason is unknown": lambda r: r.__setitem__(
        "doubts", [{"start": 0, "end": 1, "reason": "mood", "weight": 1}]
    ),
}


@pytest.mark.parametrize("damage", DAMAGE)
def test_a_damaged_plan_is_refused_by_name(tmp_path: Path, damage: str) -> None:
    path = tmp_path / "clip.plan.json"
    save_plan(small(), path)
    record = json.loads(path.read_text())
    DAMAGE[damage](record)
    path.write_text(json.dumps(record))
    with pytest.raises(PlanMismatch) as refused:
        load_plan(path)
    assert refused.value.subject == "clip.plan.json"
    assert "damaged" in refused.value.problem
    assert refused.value.remedy


def test_a_plan_from_before_chains_reads_as_one_in_which_nobody_can_be_told(tmp_path: Path) -> None:
    path = tmp_path / "plan.json"
    save_plan(small(), path)
    assert "chain" not in json.loads(path.read_text())["tracks"][0]
    assert [track.chain for track in load_plan(path).tracks] == [None]


def test_a_plan_cut_off_anywhere_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "plan.json"
    save_plan(small(), path)
    whole = path.read_bytes()
    for length in range(0, len(whole), 5):
        path.write_bytes(whole[:length])
        with pytest.raises(PlanMismatch):
            load_plan(path)


@pytest.mark.parametrize("version", [0, PLAN_VERSION + 1])
def test_another_version_is_refused_with_both_numbers(tmp_path: Path, version: int) -> None:
    path = tmp_path / "plan.json"
    save_plan(dataclasses.replace(small(), version=version), path)
    with pytest.raises(PlanMismatch, match=rf"version {version}.*version {PLAN_VERSION}"):
        load_plan(path)


def test_a_plan_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(PlanMismatch, match="not scanned"):
        load_plan(tmp_path / "plan.json")


@pytest.mark.skipif(os.name != "posix", reason="modes are POSIX")
def test_work_files_are_private_even_over_an_open_one(tmp_path: Path) -> None:
    path = tmp_path / "work" / "plan.json"
    save_plan(small(), path)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    path.chmod(0o644)
    save_plan(small(), path)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_a_failed_write_leaves_the_old_file_and_no_other(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "plan.json"
    atomic.write(path, b"old")

    def full(handle: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(DiskFull):
        atomic.write(path, b"new")
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]


def test_a_folder_in_the_way_is_an_output_error(tmp_path: Path) -> None:
    (tmp_path / "plan.json").mkdir()
    with pytest.raises(OutputError):
        save_plan(small(), tmp_path / "plan.json")


@settings(max_examples=30, deadline=None)
@given(st.lists(boxes, min_size=1, max_size=5), st.sampled_from(Decision), st.text(max_size=30))
def test_edits_read_back_as_they_were_written(
    tmp_path_factory: pytest.TempPathFactory, path: list[Box], decision: Decision, reason: str
) -> None:
    file = tmp_path_factory.mktemp("edits") / "edits.json"
    keys = tuple(Keyframe(3 * i, box) for i, box in enumerate(path))
    edits = Edits(
        fingerprint=FINGERPRINT,
        splits=keys[:1],
        tracks=(TrackEdit(decision=decision, path=keys, reason=reason),),
        regions=(RegionEdit(id=4, keyframes=keys, reason=reason),),
    )
    save_edits(edits, file)
    assert load_edits(file) == edits
    assert stat.S_IMODE(file.stat().st_mode) == 0o600


@pytest.mark.parametrize("frames", [(3, 3), (5, 2), (-1, 4)])
def test_keyframes_that_do_not_ascend_are_refused(tmp_path: Path, frames: tuple[int, int]) -> None:
    box = Box(1, 2, 3, 4)
    with pytest.raises(ValueError, match="ascend"):
        RegionEdit(id=1, keyframes=tuple(Keyframe(f, box) for f in frames))
    file = tmp_path / "edits.json"
    good = RegionEdit(id=1, keyframes=(Keyframe(0, box), Keyframe(1, box)))
    save_edits(Edits(fingerprint=FINGERPRINT, regions=(good,)), file)
    record = json.loads(file.read_text())
    for key, frame in zip(record["regions"][0]["keyframes"], frames, strict=True):
        key[0] = frame
    file.write_text(json.dumps(record))
    with pytest.raises(PlanMismatch):
        load_edits(file)


@pytest.mark.parametrize(
    "keyframes",
    [[[5, [1, 1, 0, 1, 0]]], [[5, [1, 1, 2, 1, 0]], [5, [1, 1, 2, 1, 0]]], []],
)
def test_damaged_keyframes_are_refused(tmp_path: Path, keyframes: list) -> None:
    record = {
        "fingerprint": {"size": 1, "sampled": "a"},
        "regions": [{"id": 1, "keyframes": keyframes}],
        "version": 1,
    }
    path = tmp_path / "e.json"
    path.write_bytes(msgspec.json.encode(record))
    with pytest.raises(PlanMismatch, match="damaged"):
        load_edits(path)
