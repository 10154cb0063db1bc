"""A later run on an output folder keeps finished clips, and redoes only the work that has to be."""

import os
import time

import pytest
from batch_fixtures import error_of, states
from click.testing import CliRunner

from blur.batch.status import status, status_text
from blur.cli.main import main
from blur.data.edits import Edits, Keyframe, RegionEdit
from blur.data.plan import Box
from blur.disk.fingerprint import fingerprint
from blur.errors import Exit
from blur.settings import (
    BatchSettings,
    Codec,
    CoverSettings,
    FillName,
    OutputSettings,
    ScanSettings,
    Settings,
    Verify,
)
from blur.store.folder import WorkFolder
from blur.store.ledger import Ledger, read_ledger
from blur.store.plans import save_edits
from blur.store.report import State


def test_finished_clips_are_kept_and_newcomers_taken(fake):
    fake.clip("a.mov")
    (fake.inputs / "notes.txt").write_text("hello")
    first = fake.run()
    fake.clip("b.mov")
    second = fake.run()
    assert fake.calls == {"scan b.mov": 1, "render b.mov": 1}
    assert states(second) == {"a.mov": "done", "b.mov": "done"}
    assert second.clips[0] == first.clips[0]
    assert [s.name for s in second.skipped] == ["notes.txt"]
    assert fake.run().exit_code == Exit.OK
    assert not fake.calls


def test_failed_clips_are_tried_again(fake):
    clip = fake.clip("a.mov", "broken")
    assert fake.run().exit_code == Exit.FAILED
    fake.clip("a.mov", "broken")
    fake.run()
    assert read_ledger(WorkFolder(fake.out))[0][0].attempts == 2
    clip.write_text(clip.read_text().replace("broken", "well"))
    assert fake.run().exit_code == Exit.OK


def test_a_changed_clip_is_done_anew(fake):
    fake.clip("a.mov")
    fake.run()
    fake.clip("a.mov", salt="other")
    fake.run()
    assert fake.calls == {"scan a.mov": 1, "render a.mov": 1}
    assert list(fake.outputs) == ["a.mp4"] and "other" in fake.outputs["a.mp4"]


def test_a_new_fill_renders_without_a_new_scan(fake):
    fake.clip("a.mov")
    fake.run()
    settings = Settings(cover=CoverSettings(fill=FillName.SOLID))
    fake.run(settings=settings)
    assert fake.calls == {"render a.mov": 1}
    assert "solid" in fake.outputs["a.mp4"]
    fake.run(settings=settings)
    assert not fake.calls


def test_an_output_of_another_extension_replaces_the_earlier_one(fake):
    fake.clip("a.mov")
    fake.run()
    fake.run(settings=Settings(output=OutputSettings(codec=Codec.PRORES)))
    assert set(fake.outputs) == {"a.mov"}
    fake.run()
    assert set(fake.outputs) == {"a.mp4"}


def test_new_scan_settings_scan_and_render_anew(fake):
    fake.clip("a.mov")
    fake.run()
    fake.run(settings=Settings(scan=ScanSettings(hold=2.0)))
    assert fake.calls == {"scan a.mov": 1, "render a.mov": 1}


def test_new_edits_render_without_a_new_scan(fake):
    clip = fake.clip("a.mov")
    fake.run()
    region = RegionEdit(id=1, keyframes=(Keyframe(0, Box(5, 5, 4, 4)),))
    edits = Edits(fingerprint=fingerprint(clip), regions=(region,))
    save_edits(edits, WorkFolder(fake.out).edits_of(edits.fingerprint))
    fake.run()
    assert fake.calls == {"render a.mov": 1}
    assert "RegionEdit" in fake.outputs["a.mp4"]
    fake.run()
    assert not fake.calls


def test_edits_of_a_changed_clip_are_refused(fake):
    clip = fake.clip("a.mov")
    fake.run()
    edits = Edits(fingerprint=fingerprint(clip))
    save_edits(edits, WorkFolder(fake.out).edits_of(edits.fingerprint))
    fake.clip("a.mov", salt="other")
    for _ in range(2):
        report = fake.run()
        assert report.exit_code == Exit.FAILED
        assert "edits" in error_of(report, "a.mov").problem
        assert not fake.outputs


@pytest.mark.parametrize(
    "damage",
    [
        lambda output: output.unlink(),
        lambda output: output.write_text(""),
        lambda output: output.write_text(output.read_text()[:-1]),
        lambda output: output.write_text(output.read_text().replace("covered", "clear!!")),
    ],
)
def test_a_damaged_output_is_made_again(fake, damage):
    fake.clip("a.mov")
    fake.run()
    whole = fake.outputs
    damage(fake.out / "a.mp4")
    fake.run()
    assert fake.calls == {"render a.mov": 1}
    assert fake.outputs == whole


def test_full_verification_sees_what_samples_do_not(fake, monkeypatch):
    monkeypatch.setattr("blur.disk.fingerprint._BLOCK", 4)
    fake.clip("a.mov", salt="s" * 200)
    fake.run()
    output = fake.out / "a.mp4"
    whole = output.read_bytes()
    at = next(
        i
        for i in range(len(whole))
        if not any((len(whole) - 4) * k // 7 <= i < (len(whole) - 4) * k // 7 + 4 for k in range(8))
    )
    time = output.stat().st_mtime_ns
    output.write_bytes(whole[:at] + b"#" + whole[at + 1 :])
    os.utime(output, ns=(time, time))  # a disk that decays does not tell
    fake.run()
    assert not fake.calls
    fake.run(settings=Settings(batch=BatchSettings(verify=Verify.FULL)))
    assert fake.calls == {"render a.mov": 1}
    assert output.read_bytes() == whole


def test_a_damaged_plan_scans_anew(fake):
    clip = fake.clip("a.mov")
    fake.run()
    plan = WorkFolder(fake.out).plan_of(fingerprint(clip))
    plan.write_bytes(plan.read_bytes()[:-10])
    assert fake.run().exit_code == Exit.OK
    assert fake.calls == {"scan a.mov": 1, "render a.mov": 1}


def test_without_work_files_all_is_done_anew_but_a_strangers_file(fake):
    fake.clip("a.mov")
    fake.clip("b.mov")
    fake.run()
    WorkFolder(fake.out).clear()
    (fake.out / "b.mp4").write_text("my own film")
    report = fake.run()
    assert states(report) == {"a.mov": "done", "b.mov": "failed"}
    assert fake.calls == {"scan a.mov": 1, "render a.mov": 1}
    assert fake.outputs["b.mp4"] == "my own film"


def test_a_clip_that_was_moved_and_is_wanted_in_another_format(fake):
    fake.clip("a.mov")
    fake.run()
    (fake.inputs / "a.mov").rename(fake.inputs / "b.mov")
    fake.run(settings=Settings(output=OutputSettings(codec=Codec.PRORES)))
    assert set(fake.outputs) == {"b.mov"} and fake.calls == {"render b.mov": 1}
    assert [e.name for e in read_ledger(WorkFolder(fake.out))[0]] == ["b.mov"]


def test_scan_then_render(fake):
    fake.clip("a.mov")
    report = fake.run(render=False)
    assert states(report) == {"a.mov": "scanned"} and report.exit_code == Exit.OK
    assert not fake.outputs
    fake.run(render=False)
    assert not fake.calls
    report = fake.run(scan=False)
    assert fake.calls == {"render a.mov": 1}
    assert states(report) == {"a.mov": "done"}


def test_render_without_a_plan_fails(fake):
    fake.clip("a.mov")
    report = fake.run(scan=False)
    assert report.exit_code == Exit.FAILED
    error = error_of(report, "a.mov")
    assert "not scanned" in error.problem and "blur scan" in error.remedy


def test_a_damaged_ledger_loses_nothing(fake):
    for i in range(20):
        fake.clip(f"{i}.mov")
    fake.run()
    ledger = WorkFolder(fake.out).ledger
    ledger.write_bytes(ledger.read_bytes()[: ledger.stat().st_size // 2])
    assert fake.run().exit_code == Exit.OK
    assert not fake.calls
    assert "rebuilt" in fake.said.getvalue()


def test_a_crash_between_the_last_rename_and_the_ledger_loses_nothing(fake, monkeypatch):
    fake.clip("a.mov")
    put = Ledger.put

    def crash(self, entries):
        entries = list(entries)
        if any(e.state is State.DONE for e in entries):
            raise SystemExit
        put(self, entries)

    monkeypatch.setattr(Ledger, "put", crash)
    with pytest.raises(SystemExit):
        fake.run()
    monkeypatch.setattr(Ledger, "put", put)
    assert fake.run().exit_code == Exit.OK
    assert not fake.calls
    [entry] = read_ledger(WorkFolder(fake.out))[0]
    assert entry.attempts == 1  # it was begun once, as the ledger knew


def test_orphans_of_a_crash_are_removed(fake):
    fake.clip("a.mov")
    fake.run()
    orphans = [fake.out / name for name in (".a.mp4.part", "..a.mp4.part.part")]
    orphans.append(WorkFolder(fake.out).plans / ".x.part")
    for orphan in orphans:
        orphan.write_text("half")
    fake.run()
    assert not any(orphan.exists() for orphan in orphans)


def test_leftovers_of_a_kill_are_told_by_status_and_removed_by_clean(fake):
    fake.clip("a.mov")
    fake.run()
    folder = WorkFolder(fake.out)
    output = fake.out / "a.mp4"
    orphans = [folder.part_of(output), output.with_name(".a.mp4.part")]
    for orphan in orphans:
        orphan.parent.mkdir(exist_ok=True)
        orphan.write_text("half")
    assert "2 half-written files" in status_text(status(fake.out))
    assert CliRunner().invoke(main, ["clean", str(fake.out)]).exit_code == Exit.OK
    assert not any(orphan.exists() for orphan in orphans) and output.exists()


def test_a_clock_that_runs_backwards_changes_nothing(fake, monkeypatch):
    for i in range(3):
        fake.clip(f"{i}.mov")
    now = [2e9]

    def backwards():
        now[0] -= 1000
        return now[0]

    monkeypatch.setattr(time, "time", backwards)
    report = fake.run()
    assert report.exit_code == Exit.OK and all(c.seconds >= 0 for c in report.clips)
    fake.run()
    assert not fake.calls
