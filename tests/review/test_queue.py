"""The doubts of all clips, one after the other: without a browser."""

from __future__ import annotations

from pathlib import Path

import pytest

from blur.data.answers import Said
from blur.data.plan import Reason
from blur.errors import UsageError
from blur.review.history import History
from blur.review.open_clip import OpenClip
from blur.review.queue import Queue
from blur.store.plans import load_plan
from blur.store.shelf import Shelf


def clip_of(shelf: Shelf, name: str = "a.mp4", history: History | None = None) -> OpenClip:
    return OpenClip(shelf, shelf.find(name), history)


def waiting(queue: Queue) -> list[tuple[str, str]]:
    return [(item.key, item.reason) for item in queue.view().items if item.said is None]


def answer(clip: OpenClip, reason: Reason, said: Said) -> int | None:
    doubt = next(d for d in clip.view().doubts if d.reason is reason)
    return clip.answer([doubt.id], said, clip.revision)


def test_faces_that_may_show_come_first_and_clips_stay_together(shared_out: Path) -> None:
    view = Queue(Shelf(shared_out)).view()
    assert (view.looked, view.total) == (3, 3)
    assert [item.group for item in view.items] == ["exposed"] * 3 + ["excess"] * 3
    assert view.items[0].at == pytest.approx(1.0) and view.items[0].seconds == pytest.approx(0.1)


def test_every_answer_settles_and_counts_go_to_zero(out: Path) -> None:
    shelf = Shelf(out)
    queue = Queue(shelf)
    for name, said in [("a.mp4", Said.OK), ("b ü.mp4", Said.COVER), ("c.mp4", Said.TRACK)]:
        clip = clip_of(shelf, name)
        for reason in (Reason.WEEDED, Reason.WEAK):
            answer(clip, reason, said)
    assert waiting(queue) == []
    assert waiting(Queue(Shelf(out))) == []  # and stay settled


def test_ok_changes_no_picture_and_no_render_is_due(out: Path) -> None:
    clip = clip_of(Shelf(out))
    version = clip.view().version
    answer(clip, Reason.WEEDED, Said.OK)
    assert clip.view().version == version
    assert not any(row.renderable for row in Shelf(out).rows())


def test_an_uncovered_doubt_is_covered_where_the_detectors_saw_it(out: Path) -> None:
    """Not where it began: what moves is followed."""
    from msgspec.structs import replace

    from blur.data.plan import Box, Keyframe
    from blur.store.plans import save_plan

    shelf = Shelf(out)
    clip = clip_of(shelf)
    plan_file = shelf.folder.plan_of(clip.now.plan.fingerprint)
    plan = load_plan(plan_file)
    path = (Keyframe(30, Box(270, 40, 20, 26)), Keyframe(32, Box(210, 60, 20, 26)))
    doubts = [replace(d, path=path) if d.reason is Reason.WEEDED else d for d in plan.doubts]
    save_plan(plan.with_tracks(plan.tracks, doubts), plan_file)
    clip.view()
    answer(clip, Reason.WEEDED, Said.COVER)
    boxes = [mark.box for frame in clip.marks(30, 33) for mark in frame if mark.lane > 2]
    assert [(box.cx, box.cy) for box in boxes] == [(270, 40), (240, 50), (210, 60)]
    assert Reason.WEEDED not in [doubt.reason for doubt in clip.view().doubts]
    marks = [mark for frame in (29, 44) for mark in clip.marks(frame, frame + 1)[0]]
    held = [(mark.box.cx, mark.box.cy) for mark in marks if mark.lane > 2]
    assert held == [(270, 40), (210, 60)]  # a second before and after, up to the cut


def test_more_is_covered_around_a_track_that_is_doubted(out: Path) -> None:
    clip = clip_of(Shelf(out))
    answer(clip, Reason.WEAK, Said.COVER)
    (region,) = clip.now.edits.regions
    assert (region.keyframes[0].frame, region.keyframes[-1].frame) == (12, 19)
    assert region.keyframes[0].box.w > 30


def test_undo_takes_an_answer_back_after_the_clip_was_closed(out: Path) -> None:
    shelf, history = Shelf(out), History()
    queue = Queue(shelf)
    clip = clip_of(shelf, history=history)
    before = waiting(queue)
    answer(clip, Reason.WEEDED, Said.TRACK)
    clip.close()
    assert len(waiting(queue)) == len(before) - 1
    again = clip_of(shelf, history=history)
    again.undo(again.revision)
    assert waiting(queue) == before
    again.redo(again.revision)
    assert len(waiting(queue)) == len(before) - 1


def test_an_answer_to_a_doubt_that_is_gone_is_refused(out: Path) -> None:
    clip = clip_of(Shelf(out))
    with pytest.raises(UsageError, match="settled"):
        clip.answer(["none"], Said.OK, clip.revision)
    stale = clip.revision
    answer(clip, Reason.WEAK, Said.OK)
    with pytest.raises(UsageError, match="changed elsewhere"):
        clip.answer([clip.view().doubts[0].id], Said.OK, stale)
