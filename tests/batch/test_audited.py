"""A clip in which the audit still sees a face fails with a code of its own; its plan stays."""

from blur.errors import Exit
from blur.store.folder import WorkFolder
from blur.store.ledger import read_ledger
from blur.store.report import State


def test_a_residual_face_fails_its_clip_with_its_own_exit_code(fake):
    fake.clip("a.mov", "residual")
    fake.clip("b.mov")
    report = fake.run()
    assert report.exit_code == Exit.RESIDUAL
    assert [clip.state for clip in report.clips] == [State.FAILED, State.DONE]
    assert set(fake.outputs) == {"b.mp4"}
    entry = next(e for e in read_ledger(WorkFolder(fake.out))[0] if e.name == "a.mov")
    assert WorkFolder(fake.out).plan_of(entry.fingerprint).exists()


def test_another_failure_outweighs_it(fake):
    fake.clip("a.mov", "residual")
    fake.clip("b.mov", "broken")
    assert fake.run().exit_code == Exit.FAILED


def test_it_is_tried_again_by_the_next_run(fake):
    fake.clip("a.mov", "residual")
    fake.run()
    assert fake.run().exit_code == Exit.RESIDUAL
    assert fake.calls == {"render a.mov": 1}


def test_a_clip_that_nobody_audited_says_so(fake):
    fake.clip("a.mov")
    assert any("not audited" in note for note in fake.run().clips[0].notes)
