"""A clip in which the audit still sees a face fails with a code of its own; its plan stays."""

from blur.errors import Exit
from blur.export.report_page import page
from blur.settings import AuditMode, AuditSettings, Level, ScanSettings, Settings
from blur.store.folder import WorkFolder
from blur.store.ledger import read_ledger
from blur.store.report import State, table


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
    for _ in range(2):  # also when it is resumed
        report = fake.run(settings=Settings(audit=AuditSettings(audit=AuditMode.OFF)))
        assert any("Not double-checked" in note for note in report.clips[0].notes)
        assert report.exit_code == Exit.UNAUDITED
        assert "1 not double-checked" in table(report) and "done" not in table(report)
        assert "not double-checked" in page(report) and "(--audit off)" in page(report)
    assert fake.run().exit_code == Exit.OK


def test_a_draft_is_not_audited_and_says_so(fake):
    fake.clip("a.mov")
    draft = Settings(scan=ScanSettings(level=Level.DRAFT))
    report = fake.run(settings=draft)
    assert report.exit_code == Exit.UNAUDITED
    assert "1 draft, not double-checked" in table(report) and "faces may be clear" in table(report)
    assert "draft" in page(report)
    assert fake.run().exit_code == Exit.OK  # another level covers the clip anew


def test_a_face_that_is_only_reported_is_no_success(fake):
    fake.clip("a.mov", "left-clear")
    fake.clip("b.mov")
    settings = Settings(audit=AuditSettings(audit=AuditMode.REPORT))
    for _ in range(2):
        report = fake.run(settings=settings)
        assert report.exit_code == Exit.RESIDUAL and set(fake.outputs) == {"a.mp4", "b.mp4"}
        assert "1 faces clear" in table(report) and "faces clear" in page(report)
    fake.clip("c.mov", "broken")
    assert fake.run(settings=settings).exit_code == Exit.FAILED
