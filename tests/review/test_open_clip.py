from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest
from msgspec.structs import replace

from blur.batch.status import status
from blur.data.answers import Said
from blur.data.edits import Decision, Edits, Keyframe
from blur.data.plan import Box
from blur.disk.fingerprint import file_sha256
from blur.errors import ClipChanged, DecodeError, PlanMismatch, UsageError
from blur.review.acts import CoverPath, DrawRegion, EraseRegion, KeepOrCover, MoveRegion
from blur.review.open_clip import OpenClip, Outdated
from blur.store.checks import signatures, watched
from blur.store.plans import load_edits, load_plan, save_edits, save_plan
from blur.store.report import load_report
from blur.store.shelf import Shelf

BOX = Box(250, 180, 40, 40)
DRAW = DrawRegion((Keyframe(50, BOX), Keyframe(69, BOX)))


def opened(out: Path, name: str = "a.mp4") -> OpenClip:
    shelf = Shelf(out)
    return OpenClip(shelf, shelf.find(name))


def keep(lane: int) -> KeepOrCover:
    return KeepOrCover([lane], Decision.KEEP, "agreed", 0, 90)


def edits_file(out: Path, clip: OpenClip) -> Path:
    return Shelf(out).folder.edits_of(clip.now.plan.fingerprint)


def picture(coded: bytes) -> np.ndarray:
    return cv2.imdecode(np.frombuffer(coded, np.uint8), cv2.IMREAD_COLOR).astype(int)


def test_acts_are_saved_undone_and_done_again(out: Path) -> None:
    clip = opened(out)
    clip.perform(keep(0), clip.revision)
    clip.perform(DRAW, clip.revision)
    assert load_edits(edits_file(out, clip)) == clip.now.edits
    assert [d.kind for d in clip.view().decisions] == ["keep", "draw"]
    clip.undo(clip.revision)
    assert load_edits(edits_file(out, clip)).regions == ()
    clip.undo(clip.revision)
    assert clip.view().decisions == []
    assert not edits_file(out, clip).exists()
    with pytest.raises(UsageError):
        clip.undo(clip.revision)
    clip.redo(clip.revision)
    clip.redo(clip.revision)
    assert [d.kind for d in clip.view().decisions] == ["keep", "draw"]
    clip.undo(clip.revision)
    clip.perform(keep(1), clip.revision)
    with pytest.raises(UsageError):
        clip.redo(clip.revision)


def test_a_frame_shows_the_rendered_file_until_edits_change_it(out: Path) -> None:
    clip = opened(out)
    assert clip.view().rendered
    rendered = picture(clip.frame(60, False, 320))
    beneath = picture(clip.frame(60, True, 320))
    hidden = np.abs(rendered - beneath).max(axis=2) > 60
    assert hidden[80:120, 140:170].mean() > 0.3
    clip.perform(DRAW, clip.revision)
    assert not clip.view().rendered
    drawn = picture(clip.frame(60, False, 320))
    changed = np.abs(drawn - rendered).max(axis=2) > 60
    assert changed[165:195, 235:265].mean() > 0.3
    changed[150:210, 220:280] = False
    assert not changed.any()
    clip.undo(clip.revision)
    assert clip.view().rendered


def test_pictures_and_outlines_are_of_the_version_that_is_asked_for(out: Path) -> None:
    clip = opened(out)
    before = clip.view().version
    clip.perform(DRAW, clip.revision)
    now = clip.view().version
    assert clip.frame(60, False, 320, now) and clip.marks(60, 61, now)
    for ask in (
        lambda: clip.frame(60, False, 320, before),
        lambda: clip.marks(60, 61, before),
        lambda: clip.video(before),
    ):
        with pytest.raises(Outdated):
            ask()
    assert clip.frame(60, True, 320, before)  # what lies beneath never changes
    clip.undo(clip.revision)
    assert clip.view().version == before


def test_a_cover_that_looks_otherwise_by_now_is_another_version(out: Path) -> None:
    """A batch that runs meanwhile may have other settings."""
    shelf = Shelf(out)
    clip = OpenClip(shelf, shelf.find("a.mp4"))
    clip.perform(DRAW, clip.revision)
    before, shown = clip.view().version, picture(clip.frame(60, False, 320))
    report = out / "report.json"
    told = json.loads(report.read_bytes())
    told["settings"]["cover"] = {"fill": "solid", "colour": "#ff0000"}
    report.write_text(json.dumps(told))
    shelf.refresh()
    assert (picture(clip.frame(60, False, 320)) == shown).all()
    assert clip.view().version != before
    assert picture(clip.frame(60, False, 320))[180, 250].tolist() == pytest.approx(
        [0, 0, 255], abs=40
    )


def test_marks_tell_what_is_covered_and_what_is_kept_clear(out: Path) -> None:
    clip = opened(out)
    clip.perform(keep(1), clip.revision)
    (marks,) = clip.marks(20, 21)
    assert {m.lane: m.clear for m in marks} == {0: False, 1: True}
    (x, y, *_rest) = marks[0].box
    outline = np.array(marks[0].outline)
    assert outline[:, 0].min() < x < outline[:, 0].max()
    assert outline[:, 1].min() < y < outline[:, 1].max()
    assert clip.marks(89, 99) and len(clip.marks(89, 99)) == 1


def test_a_doubt_that_is_covered_is_settled(out: Path) -> None:
    clip = opened(out)
    (doubt,) = [d for d in clip.view().doubts if d.lane is None]
    clip.perform(CoverPath((Keyframe(30, doubt.box), Keyframe(32, doubt.box))), clip.revision)
    assert [d.reason for d in clip.view().doubts] == ["weak"]
    assert [n.source for n in clip.view().lanes] == ["scan", "scan", "scan", "edit"]


@pytest.mark.parametrize(
    "act",
    [
        keep(77),
        EraseRegion(5),
        DrawRegion((Keyframe(90, BOX),)),
        DrawRegion((Keyframe(9, BOX), Keyframe(9, BOX))),
        DrawRegion((Keyframe(9, BOX._replace(w=0)),)),
        MoveRegion(1, 3, BOX),
    ],
)
def test_an_act_that_cannot_be_done_changes_nothing(out: Path, act) -> None:
    clip = opened(out)
    revision = clip.revision
    with pytest.raises((UsageError, PlanMismatch)):
        clip.perform(act, revision)
    assert clip.revision == revision
    assert not edits_file(out, clip).exists()


def test_what_was_changed_elsewhere_is_not_overwritten(out: Path) -> None:
    clip, other = opened(out), opened(out)
    seen = clip.revision
    other.perform(DRAW, other.revision)
    with pytest.raises(UsageError, match="changed elsewhere"):
        clip.perform(keep(0), seen)
    assert [d.kind for d in clip.view().decisions] == ["draw"]
    clip.perform(keep(0), clip.revision)
    assert [d.kind for d in opened(out).view().decisions] == ["keep", "draw"]


def test_edits_survive_a_rescan_that_numbers_faces_anew(out: Path) -> None:
    clip = opened(out)
    clip.check("AB", clip.revision)
    assert clip.view().checked_by == "AB"
    clip.perform(keep(0), clip.revision)
    plan_file = Shelf(out).folder.plan_of(clip.now.plan.fingerprint)
    plan = load_plan(plan_file)
    renumbered = [type(t)(9 - t.id, t.start, t.boxes, t.marks, t.scores) for t in plan.tracks]
    save_plan(plan.with_tracks(renumbered, plan.doubts), plan_file)
    view = clip.view()
    assert [(n.id, n.clear) for n in view.lanes if n.clear] == [(9, [(0, 45)])]
    assert view.checked_by is None  # nobody watched what the new scan covers


def test_a_clip_that_changed_is_refused_and_its_edits_kept(out: Path) -> None:
    clip = opened(out)
    clip.perform(DRAW, clip.revision)
    source = out.parent / "in" / "a.mp4"
    source.write_bytes((out.parent / "in" / "day 1" / "c.mp4").read_bytes())
    with pytest.raises(ClipChanged, match="no longer the file"):
        clip.perform(keep(0), clip.revision)
    with pytest.raises(ClipChanged):
        opened(out)
    assert load_edits(edits_file(out, clip)).regions
    source.unlink()
    with pytest.raises(DecodeError, match="cannot be read"):
        opened(out)


def test_a_check_holds_until_the_edits_change(out: Path) -> None:
    clip = opened(out)
    clip.check(" AB ", clip.revision)
    assert opened(out).view().checked_by == "AB"
    assert [r.checked_by for r in Shelf(out).rows() if r.name == "a.mp4"] == ["AB"]
    assert clip.view().rendered  # a check is no edit: nothing is to be rendered
    clip.perform(DRAW, clip.revision)
    assert clip.view().checked_by is None
    with pytest.raises(UsageError, match="not rendered"):
        clip.check("AB", clip.revision)  # nobody can have watched it
    clip.check("", clip.revision)
    assert opened(out).view().checked_by is None


def test_a_check_names_the_output_that_was_watched_in_every_record(out: Path) -> None:
    clip = opened(out)
    assert clip.watch([(0, 30), (20, 45)], [], clip.view().version).watched == [(0, 45)]
    clip.check("AB", clip.revision)
    clip.check("CD", clip.revision)
    report = load_report(out)
    assert report is not None
    (line,) = [c for c in report.clips if c.checks]
    assert line.sha256_out == file_sha256(out / "a.mp4")
    assert [(s.by, s.watched, s.seconds) for s in line.checks] == [
        ("AB", 1.5, 3.0),
        ("CD", 1.5, 3.0),
    ]
    assert "AB on 20" in (out / "report.html").read_text()
    assert status(out).checked == 1
    entry = clip.now.entry
    other = replace(entry, report=replace(entry.report, sha256_out="of another render"))
    assert signatures(clip._shelf.folder, other, None) == ()
    assert watched(clip._shelf.folder, other) == ([], [])


def test_following_moves_a_region_with_what_it_covers(out: Path) -> None:
    clip = opened(out)
    clip.perform(
        DrawRegion((Keyframe(50, Box(100, 120, 60, 60)), Keyframe(64, Box(100, 120, 60, 60)))),
        clip.revision,
    )
    (lane,) = [n.id for n in clip.view().lanes if n.region]
    assert clip.follow(lane, 50, clip.revision) is None
    (track,) = [n.track for n in clip.now.resolved.lanes if n.region]
    assert track.box(64).cx == pytest.approx(128, abs=3)  # the noise drifts by two pixels a frame
    assert track.box(64).cy == pytest.approx(120, abs=3)
    with pytest.raises(UsageError):
        clip.follow(lane, 64, clip.revision)


_SAVER = """
import sys
from pathlib import Path
from blur.data.edits import Edits, Keyframe, RegionEdit
from blur.data.plan import Box, Fingerprint
from blur.store.plans import save_edits
box = Box(1, 1, 1, 1)
for count in range(100000):
    keys = tuple(Keyframe(i, box) for i in range(500 + count % 7))
    region = RegionEdit(id=1, keyframes=keys, reason=str(count))
    save_edits(Edits(fingerprint=Fingerprint(1, "a"), regions=(region,)), Path(sys.argv[1]))
    print(flush=True)
"""


@pytest.mark.parametrize("moment", range(4))
def test_a_crash_in_the_middle_of_a_save_loses_at_most_that_save(
    tmp_path: Path, moment: int
) -> None:
    path = tmp_path / "edits.json"
    process = subprocess.Popen([sys.executable, "-c", _SAVER, str(path)], stdout=subprocess.PIPE)
    assert process.stdout is not None
    saved = 0
    for _ in range(5 + moment):
        process.stdout.readline()
        saved += 1
    time.sleep(0.003 * moment)
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    found = load_edits(path)
    assert int(found.regions[0].reason) >= saved - 1
    assert len(found.regions[0].keyframes) == 500 + int(found.regions[0].reason) % 7


def test_edits_that_cannot_be_read_are_named_and_left_alone(out: Path) -> None:
    clip = opened(out)
    save_edits(Edits(fingerprint=clip.now.plan.fingerprint), edits_file(out, clip))
    edits_file(out, clip).write_bytes(b"{")
    with pytest.raises(PlanMismatch, match="damaged"):
        opened(out)
    assert edits_file(out, clip).read_bytes() == b"{"


def test_without_the_original_a_covered_clip_is_looked_at_answered_and_checked(out: Path) -> None:
    away = out.parent / "in"
    away.rename(away.with_name("disk"))
    with pytest.raises(DecodeError):
        opened(out)  # commands change covers
    shelf = Shelf(out)
    clip = OpenClip(shelf, shelf.find("a.mp4"), alone=True)
    view = clip.view()
    assert (view.original, view.rendered, len(view.lanes)) == (False, True, 3)
    assert picture(clip.frame(20, False, 320)).shape[:2] == (240, 320)
    refused: list[Callable[[], object]] = [
        lambda: clip.frame(20, True, 320),
        lambda: clip.thumbnail(20, BOX),
        lambda: clip.perform(DRAW, clip.revision),
        lambda: clip.answer([view.doubts[0].id], Said.COVER, clip.revision),
    ]
    for refuse in refused:
        with pytest.raises(DecodeError) as error:
            refuse()
        assert "disk" in error.value.remedy
    clip.answer([view.doubts[0].id], Said.OK, clip.revision)
    assert clip.view().doubts[0].said is Said.OK
    clip.undo(clip.revision)
    clip.check("AB", clip.revision)
    assert clip.view().checked_by == "AB"
    away.with_name("disk").rename(away)
    assert clip.view().original
    clip.perform(DRAW, clip.revision)
    assert picture(clip.frame(55, False, 320)).shape[:2] == (240, 320)


def test_without_the_original_nothing_else_passes_for_it(out: Path) -> None:
    shelf = Shelf(out)
    clip = OpenClip(shelf, shelf.find("a.mp4"))
    clip.perform(DRAW, clip.revision)
    clip.close()
    (out.parent / "in" / "a.mp4").unlink()
    with pytest.raises(DecodeError):  # its covered clip is not what the edits say
        OpenClip(shelf, shelf.find("a.mp4"), alone=True)
    (out / "day 1" / "c.mp4").unlink()
    (out.parent / "in" / "day 1" / "c.mp4").unlink()
    with pytest.raises(DecodeError):
        OpenClip(shelf, shelf.find("c.mp4"), alone=True)
