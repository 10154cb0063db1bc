"""An output that covers less than its plan and edits want leaves its name before work starts."""

import contextlib
import io
import os
import signal
from pathlib import Path

import fake_corridor
import numpy as np
import pytest
from batch_fixtures import states
from msgspec.structs import replace

from blur.batch.display import Lines
from blur.data.edits import Decision, Edits, Keyframe, RegionEdit, TrackEdit
from blur.data.plan import Box, Track
from blur.disk.fingerprint import fingerprint
from blur.errors import DiskFull, Exit
from blur.settings import ScanSettings, Settings
from blur.store.folder import WorkFolder
from blur.store.plans import load_plan, save_edits
from blur.store.withdraw import WITHDRAWN

COVER = RegionEdit(id=1, keyframes=(Keyframe(0, Box(5, 5, 4, 4)),))
CLEAR = TrackEdit(decision=Decision.KEEP, path=(Keyframe(0, Box(5, 5, 4, 4)),))


def edit(fake, clip: Path, **decisions) -> None:
    edits = Edits(fingerprint=fingerprint(clip), **decisions)
    folder = WorkFolder(fake.out)
    folder.create()
    save_edits(edits, folder.edits_of(edits.fingerprint))


class Looking(Lines):
    """Tells which outputs are there before any work starts."""

    def __init__(self, fake) -> None:
        super().__init__(io.StringIO())
        self.fake = fake

    def begin(self, clips, stages):
        super().begin(clips, stages)
        self.seen = set(self.fake.outputs)


def test_an_output_that_covers_less_than_its_edits_want_is_gone_before_work_starts(fake):
    a, b = fake.clip("a.mov"), fake.clip("b.mov")
    edit(fake, b, regions=(COVER,))
    fake.run()
    edit(fake, a, regions=(COVER,))
    edit(fake, b, regions=(COVER,), tracks=(CLEAR,))  # covers no more than before
    looking = Looking(fake)
    report = fake.run(display=looking)
    assert looking.seen == {"b.mp4"} and set(fake.outputs) == {"a.mp4", "b.mp4"}
    told = [[WITHDRAWN in clip.notes] for clip in report.clips]
    assert told == [[True], [False]]
    edit(fake, b, regions=(COVER,))  # the face was clear, and is to be covered again
    fake.run(display=looking)
    assert looking.seen == {"a.mp4"}


def test_an_output_that_is_withdrawn_stays_away_whatever_ends_the_batch(fake):
    clip = fake.clip("a.mov")
    fake.run()
    edit(fake, clip, regions=(COVER,))

    class Interrupting(Looking):
        def begin(self, clips, stages):
            super().begin(clips, stages)
            os.kill(os.getpid(), signal.SIGINT)

    report = fake.run(display=Interrupting(fake))
    assert states(report) == {"a.mov": "found"} and WITHDRAWN in report.clips[0].notes
    assert not fake.outputs

    class Killing(Looking):
        def begin(self, clips, stages):
            raise SystemExit

    fake.run()
    edit(
        fake, clip, regions=(COVER, replace(COVER, id=2, keyframes=(Keyframe(1, Box(1, 1, 2, 2)),)))
    )
    with pytest.raises(SystemExit):
        fake.run(display=Killing(fake))
    assert not fake.outputs
    assert fake.run().exit_code == Exit.OK and set(fake.outputs) == {"a.mp4"}


def test_an_output_of_an_earlier_plan_is_gone_before_its_render(fake):
    clip = fake.clip("a.mov")
    fake.run()
    plan = WorkFolder(fake.out).plan_of(fingerprint(clip))
    plan.write_bytes(plan.read_bytes() + b" ")  # as an audit does that was killed after it
    looking = Looking(fake)
    fake.run(display=looking)
    assert looking.seen == set() and set(fake.outputs) == {"a.mp4"}
    settings = Settings(scan=ScanSettings(hold=2.0))
    fake.run(settings=settings, render=False)
    assert not fake.outputs, "the new plan wants more"


@pytest.mark.parametrize(("end", "found"), [(KeyboardInterrupt(), 0), (DiskFull("full"), 1)])
def test_a_plan_grows_once_its_clip_ends_not_when_it_is_killed(fake, monkeypatch, end, found):
    """A killed run begins again from the same plan, so it mends, splices and encodes alike."""
    clip = fake.clip("a.mov")

    def growing(clip, plan, *rest, keep, **others):
        box = np.array([[9.4, 9, 4, 4, 0]], np.float32)
        face = Track(7, 0, box, np.zeros(1, np.uint8), np.ones(1, np.float32))
        kept.append(keep(plan.with_tracks([face], [])))
        raise end

    kept = []
    with monkeypatch.context() as patch:
        patch.setattr(fake_corridor, "_cover_clip", growing)
        with contextlib.suppress(KeyboardInterrupt):
            fake.run()
    (face,) = kept[0].tracks
    assert (face.boxes % 1 == 0).all(), "as it is read again"
    saved = load_plan(WorkFolder(fake.out).plan_of(fingerprint(clip)))
    assert len(saved.tracks) == found


def test_an_output_is_gone_once_an_audit_adds_to_its_plan(fake, monkeypatch):
    clip = fake.clip("a.mov")
    fake.run()
    edit(fake, clip, tracks=(CLEAR,))
    seen = []

    def growing(clip, plan, out, settings, edits, progress, keep, part, placed, proxy):
        seen.append(out.exists())
        box = np.array([[9, 9, 4, 4, 0]], np.float32)
        face = Track(0, 0, box, np.zeros(1, np.uint8), np.ones(1, np.float32))
        keep(plan.with_tracks([face], []))
        seen.append(out.exists())
        raise KeyboardInterrupt  # as a kill while it renders again

    with monkeypatch.context() as patch:
        patch.setattr(fake_corridor, "_cover_clip", growing)
        with pytest.raises(KeyboardInterrupt):
            fake.run()
    assert seen == [True, False]
    assert fake.run().exit_code == Exit.OK and set(fake.outputs) == {"a.mp4"}


def test_a_plan_grows_in_round_after_round(fake, monkeypatch):
    fake.clip("a.mov")
    held, kept = fake_corridor._cover_clip, []

    def growing(clip, plan, *rest, keep, **others):
        for number in range(1, 4):
            box = np.array([[9, 9, 4, 4, 0]], np.float32)
            face = Track(number, 0, box, np.zeros(1, np.uint8), np.ones(1, np.float32))
            plan = keep(plan.with_tracks([*plan.tracks, face], plan.doubts))
            kept.append(len(plan.tracks))
        return held(clip, plan, *rest, keep=keep, **others)

    with monkeypatch.context() as patch:
        patch.setattr(fake_corridor, "_cover_clip", growing)
        assert fake.run().exit_code == Exit.OK
        edit(fake, fake.inputs / "a.mov", tracks=(CLEAR,))
        assert fake.run().exit_code == Exit.OK  # from a plan that has tracks
    assert kept == [1, 2, 3, 4, 5, 6]
