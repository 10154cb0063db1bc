"""A whole batch, over clips that do as their text says."""

import io
import json
import os
import re
import shutil
import signal
import subprocess
import threading
import time
from contextlib import closing
from pathlib import Path

import psutil
import pytest
from click.testing import CliRunner
from msgspec.structs import replace

from blur.batch.display import Bars, Lines
from blur.batch.status import status, status_text
from blur.cli.main import main
from blur.data.edits import Edits, Keyframe, RegionEdit
from blur.data.plan import Box
from blur.disk.fingerprint import fingerprint, sampled
from blur.errors import Exit, Interrupted, OutputError, UsageError
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


def states(report) -> dict[str, str]:
    return {clip.name: str(clip.state) for clip in report.clips}


def error_of(report, name: str):
    return next(clip.error for clip in report.clips if clip.name == name)


@pytest.mark.parametrize("serial", [True, False])
def test_every_clip_is_covered_and_the_tree_mirrored(fake, serial):
    fake.clip("a.mov")
    fake.clip("day 2/b.avi", frames=9)
    (fake.inputs / "notes.txt").write_text("hello")
    report = fake.run(serial=serial)
    assert states(report) == {"a.mov": "done", "day 2/b.avi": "done"}
    assert report.exit_code == Exit.OK
    assert set(fake.outputs) == {"a.mp4", "day 2/b.mp4"}
    assert [(s.name, s.why) for s in report.skipped] == [
        ("notes.txt", "is not a video or image file")
    ]
    on_disk = json.loads((fake.out / "report.json").read_text())
    assert [c["frames"] for c in on_disk["clips"]] == [5, 9]
    assert on_disk["exit_code"] == 0


def test_one_bad_clip_does_not_end_the_batch(fake):
    fake.clip("a.mov")
    fake.clip("b.mov", "broken")
    fake.clip("c.mov", "bug")
    (fake.inputs / "d.mp4").write_text("text")
    report = fake.run()
    assert states(report) == {
        "a.mov": "done",
        "b.mov": "failed",
        "c.mov": "failed",
        "d.mp4": "failed",
    }
    assert report.exit_code == Exit.FAILED
    assert set(fake.outputs) == {"a.mp4"}
    assert all(error_of(report, name).remedy for name in ("b.mov", "c.mov", "d.mp4"))
    log = WorkFolder(fake.out).root / "errors.log"
    assert "KeyError: 'oops'" in log.read_text()


@pytest.mark.parametrize(
    ("behaviour", "words", "stall_timeout"),
    [("segfault", "SIGSEGV", 60), ("hang", "no progress", 2), ("swell", "GiB of memory", 60)],
)
def test_a_clip_that_takes_its_worker_along_is_tried_again_alone_then_fails(
    fake, monkeypatch, behaviour, words, stall_timeout
):
    monkeypatch.setattr("blur.process.make.usable_memory", lambda: 800_000_000)
    fake.clip("bad.mov", behaviour, frames=50)
    fake.clip("good.mov")
    settings = Settings(batch=BatchSettings(stall_timeout=stall_timeout, jobs=2))
    report = fake.run(serial=False, settings=settings)
    assert states(report) == {"bad.mov": "failed", "good.mov": "done"}
    assert words in error_of(report, "bad.mov").problem
    entries, flights = read_ledger(WorkFolder(fake.out))
    assert {e.name: e.attempts for e in entries} == {"bad.mov": 2, "good.mov": 1}
    assert flights == []
    assert "tried again" in fake.said.getvalue()


def test_a_worker_lost_by_chance_costs_nothing(fake):
    fake.clip("a.mov", "segfault-once")
    assert states(fake.run(serial=False)) == {"a.mov": "done"}


def test_a_file_that_kills_the_probe_does_not_take_others_along(fake):
    fake.clip("bad.mov", "kills-probe")
    fake.clip("a.mov")
    fake.clip("b.mov")
    report = fake.run(serial=False)
    assert states(report) == {"a.mov": "done", "b.mov": "done", "bad.mov": "failed"}


def test_a_clip_that_lost_damaged_frames_is_covered_but_not_ok(fake):
    fake.clip("a.mov", "damaged")
    for _ in range(2):  # nor when it is resumed
        report = fake.run()
        assert states(report) == {"a.mov": "done"} and set(fake.outputs) == {"a.mp4"}
        assert report.exit_code == Exit.FAILED


def test_nothing_to_do(fake):
    (fake.inputs / "notes.txt").write_text("hello")
    assert fake.run().exit_code == Exit.NOTHING


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


def blind(monkeypatch) -> None:
    """Samples of four bytes: two fake clips of one length agree in all of them."""
    monkeypatch.setattr("blur.disk.fingerprint._BLOCK", 4)


def twins(fake, monkeypatch, first: str, second: str) -> tuple[Path, Path]:
    """Two clips of one size and the same samples, which differ between these."""
    blind(monkeypatch)
    one = fake.clip(first, salt="s" * 200)
    whole = one.read_bytes()
    starts = [(len(whole) - 4) * k // 7 for k in range(8)]
    at = next(i for i in range(40, len(whole)) if not any(s <= i < s + 4 for s in starts))
    other = fake.inputs / second
    other.parent.mkdir(exist_ok=True)
    content = whole[:at] + b"T" + whole[at + 1 :]
    other.write_bytes(content)
    assert sampled(one) == sampled(other) and fingerprint(one) != fingerprint(other)
    return one, other


def test_two_clips_with_the_same_samples_have_a_plan_each(fake, monkeypatch):
    twins(fake, monkeypatch, "a.mov", "b.mov")
    assert fake.run().exit_code == Exit.OK
    assert fake.calls == {f"{what} {n}.mov": 1 for what in ("scan", "render") for n in "ab"}
    assert "T" in fake.outputs["b.mp4"] and "T" not in fake.outputs["a.mp4"]
    assert len(list(WorkFolder(fake.out).plans.iterdir())) == 2
    fake.run()
    assert not fake.calls


def test_a_newcomer_with_the_samples_of_a_known_clip_is_scanned(fake, monkeypatch, tmp_path):
    one, other = twins(fake, monkeypatch, "a.mov", "b.mov")
    aside = other.rename(tmp_path / "b.mov")
    fake.run()
    aside.rename(other)
    one.unlink()  # the newcomer must not pass for the clip that is gone, either
    fake.run()
    assert fake.calls == {"scan b.mov": 1, "render b.mov": 1}
    assert "T" in fake.outputs["b.mp4"]


def test_a_clip_replaced_by_a_twin_is_done_anew_and_its_edits_do_not_fit(
    fake, monkeypatch, tmp_path
):
    one, other = twins(fake, monkeypatch, "a.mov", "b.mov")
    other.rename(tmp_path / "b.mov")
    first = one.read_bytes()
    fake.run()
    edits = Edits(fingerprint=fingerprint(one))
    save_edits(edits, WorkFolder(fake.out).edits_of(edits.fingerprint))
    one.write_bytes((tmp_path / "b.mov").read_bytes())
    report = fake.run()
    assert "edits" in error_of(report, "a.mov").problem and not fake.outputs
    one.write_bytes(first)
    fake.run()
    assert fake.calls == {"render a.mov": 1}
    WorkFolder(fake.out).edits_of(edits.fingerprint).unlink()
    one.write_bytes((tmp_path / "b.mov").read_bytes())
    fake.run()
    assert fake.calls == {"scan a.mov": 1, "render a.mov": 1} and "T" in fake.outputs["a.mp4"]


def test_a_twin_with_the_time_of_its_brother_is_seen_by_full_verification(
    fake, monkeypatch, tmp_path
):
    one, other = twins(fake, monkeypatch, "a.mov", "b.mov")
    other.rename(tmp_path / "b.mov")
    fake.run()
    time = one.stat().st_mtime_ns
    one.write_bytes((tmp_path / "b.mov").read_bytes())
    os.utime(one, ns=(time, time))
    fake.run(settings=Settings(batch=BatchSettings(verify=Verify.FULL)))
    assert fake.calls == {"scan a.mov": 1, "render a.mov": 1} and "T" in fake.outputs["a.mp4"]


def test_a_clip_that_was_only_touched_is_read_once_and_kept(fake, monkeypatch):
    clip = fake.clip("a.mov")
    fake.run()
    os.utime(clip)
    fake.run()
    assert not fake.calls
    monkeypatch.setattr("blur.batch.inventory.fingerprint", None)  # is not called again
    assert fake.run().exit_code == Exit.OK and not fake.calls


def test_edits_that_an_earlier_blur_filed_by_samples_are_kept(fake):
    clip = fake.clip("a.mov")
    fake.run()
    folder = WorkFolder(fake.out)
    region = RegionEdit(id=1, keyframes=(Keyframe(0, Box(5, 5, 4, 4)),))
    edits = Edits(fingerprint=sampled(clip), regions=(region,))
    save_edits(edits, folder.edits_of(edits.fingerprint))
    with closing(Ledger(folder)) as ledger:
        ledger.put([replace(e, sha256=None, mtime_ns=0) for e in ledger.entries()])
    assert fake.run().exit_code == Exit.OK
    assert "RegionEdit" in fake.outputs["a.mp4"]
    assert [f.name for f in folder.edits.iterdir()] == [folder.edits_of(fingerprint(clip)).name]


def test_a_damaged_plan_scans_anew(fake):
    clip = fake.clip("a.mov")
    fake.run()
    plan = WorkFolder(fake.out).plan_of(fingerprint(clip))
    plan.write_bytes(plan.read_bytes()[:-10])
    assert fake.run().exit_code == Exit.OK
    assert fake.calls == {"scan a.mov": 1, "render a.mov": 1}


def test_moved_and_renamed_clips_take_their_outputs_along(fake):
    fake.clip("a.mov")
    fake.clip("b.mov")
    fake.run()
    before = fake.outputs
    (fake.inputs / "sub").mkdir()
    (fake.inputs / "a.mov").rename(fake.inputs / "sub" / "a.mov")
    (fake.inputs / "b.mov").rename(fake.inputs / "c.mov")
    report = fake.run()
    assert not fake.calls
    assert fake.outputs == {"sub/a.mp4": before["a.mp4"], "c.mp4": before["b.mp4"]}
    assert [(c.name, c.output) for c in report.clips] == [
        ("c.mov", "c.mp4"),
        ("sub/a.mov", "sub/a.mp4"),
    ]
    assert fake.run().exit_code == Exit.OK and not fake.calls


def test_a_moved_input_folder_is_recognised(fake):
    fake.clip("a.mov")
    fake.run()
    moved = fake.inputs.rename(fake.inputs.with_name("moved"))
    fake.run(moved)
    assert not fake.calls and list(fake.outputs) == ["a.mp4"]


def test_a_copy_is_covered_too(fake):
    clip = fake.clip("a.mov")
    fake.run()
    shutil.copy(clip, fake.inputs / "copy.mov")
    fake.run()
    assert fake.calls == {"render copy.mov": 1}
    assert set(fake.outputs) == {"a.mp4", "copy.mp4"}


def test_outputs_keep_their_names_when_namesakes_arrive(fake):
    fake.clip("a.mov")
    fake.run()
    fake.clip("a.avi")
    fake.clip("a.mp4")
    report = fake.run()
    assert {c.name: c.output for c in report.clips} == {
        "a.mov": "a.mp4",
        "a.avi": "a.avi.mp4",
        "a.mp4": "a.mp4.mp4",
    }


def test_among_namesakes_the_one_of_the_right_extension_keeps_the_plain_name(fake):
    for name in ("a.avi", "a.mp4", "a.mov"):
        fake.clip(name)
    report = fake.run()
    assert {c.name: c.output for c in report.clips} == {
        "a.mp4": "a.mp4",
        "a.avi": "a.avi.mp4",
        "a.mov": "a.mov.mp4",
    }


def test_two_inputs_of_one_output_both_fail_and_others_finish(fake, tmp_path):
    from fake_corridor import write_clip

    write_clip(tmp_path / "d1" / "a.mov", salt="1")
    write_clip(tmp_path / "d1" / "b.mov")
    write_clip(tmp_path / "d2" / "a.mov", salt="2")
    report = fake.run(tmp_path / "d1", tmp_path / "d2")
    assert states(report) == {"a.mov": "failed", "b.mov": "done"}
    assert report.exit_code == Exit.FAILED
    assert set(fake.outputs) == {"b.mp4"}
    problem = error_of(report, "a.mov").problem
    assert "d1/a.mov" in problem and "d2/a.mov" in problem


def test_a_namesake_from_another_folder_does_not_take_over_an_output(fake, tmp_path):
    from fake_corridor import write_clip

    fake.clip("a.mov", salt="first")
    fake.run()
    write_clip(tmp_path / "card2" / "a.mov", salt="second")
    report = fake.run(tmp_path / "card2")
    assert report.exit_code == Exit.FAILED
    assert "first" in fake.outputs["a.mp4"]


def test_a_strangers_file_is_never_overwritten(fake):
    fake.clip("a.mov")
    fake.out.mkdir()
    (fake.out / "a.mp4").write_text("my own film")
    report = fake.run()
    assert report.exit_code == Exit.FAILED
    assert "a.mp4" in error_of(report, "a.mov").problem
    assert fake.outputs == {"a.mp4": "my own film"}


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


def test_a_clip_that_fails_anew_loses_its_earlier_output(fake):
    clip = fake.clip("a.mov")
    fake.run()
    clip.write_text(clip.read_text().replace("well", "broken"))
    fake.run()
    assert not fake.outputs


def test_a_growing_clip_is_left_for_later(fake):
    fake.clip("a.mov", "grow")
    fake.clip("b.mov")
    report = fake.run()
    assert states(report) == {"a.mov": "later", "b.mov": "done"}
    assert report.exit_code == Exit.FAILED
    assert set(fake.outputs) == {"b.mp4"}
    clip = fake.inputs / "a.mov"
    clip.write_text(clip.read_text().replace("grow", "well"))
    assert fake.run().exit_code == Exit.OK


def test_a_clip_that_vanishes_fails_alone(fake):
    fake.clip("a.mov", "vanish")
    fake.clip("b.mov")
    report = fake.run()
    assert states(report) == {"a.mov": "failed", "b.mov": "done"}
    assert "No such file" in error_of(report, "a.mov").problem
    assert set(fake.outputs) == {"b.mp4"}


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
    assert "blur scan" in error_of(report, "a.mov").remedy


def test_a_second_run_on_one_output_folder_is_refused(fake):
    fake.clip("a.mov")
    folder = WorkFolder(fake.out)
    folder.create()
    with folder.locked(), pytest.raises(UsageError, match="another blur"):
        fake.run()
    assert fake.run().exit_code == Exit.OK


def test_an_output_folder_that_cannot_be_written_is_told_before_any_work(fake, tmp_path):
    fake.clip("a.mov")
    (tmp_path / "file").write_text("")
    fake.out = tmp_path / "file" / "out"
    with pytest.raises(OutputError, match="output folder"):
        fake.run()
    assert not fake.calls


def test_a_device_that_is_not_there_ends_it_before_any_clip(fake):
    fake.clip("a.mov")
    settings = Settings(batch=BatchSettings(jobs=1, device="gpu.7"))
    with pytest.raises(UsageError, match=r"no device GPU\.7"):
        fake.run(settings=settings, serial=False)
    assert not fake.calls and not fake.outputs


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


def test_strange_names(fake):
    strange = ["-rf.mov", "a\nb.mov", "😀.mov", "x" * 251 + ".mov", "A.mov", "a.mov", "%41.mov"]
    for name in strange:
        fake.clip(name)
    raw = Path(os.fsdecode(os.fsencode(fake.inputs) + b"/\xff.mov"))
    raw.write_text("clip well 5 raw")
    report = fake.run()
    assert [c.error for c in report.clips if c.error] == []
    assert len(report.clips) == len(fake.outputs) == 8
    assert fake.run().exit_code == Exit.OK and not fake.calls


def test_neither_report_nor_log_holds_an_absolute_path(fake):
    fake.clip("a.mov")
    fake.clip("b.mov", "broken")
    fake.clip("c.mov", "vanish")
    fake.clip("d.mov", "cannot-write")
    fake.run()
    log = (WorkFolder(fake.out).root / "errors.log").read_text()
    assert "IsADirectoryError" in log and "fake_corridor.py" in log
    for text in (log, (fake.out / "report.json").read_text()):
        assert not re.search(r"[\s'\"]/\w", text)


def test_longest_clips_first(fake):
    for name, frames in [("a.mov", 3), ("b.mov", 9), ("c.mov", 6)]:
        fake.clip(name, frames=frames)
    fake.run()
    assert [line for line in fake.log.read_text().split("\n") if "scan" in line] == [
        "scan b.mov",
        "scan c.mov",
        "scan a.mov",
    ]


@pytest.fixture
def small_disk(tmp_path):
    mount = tmp_path / "disk"
    mount.mkdir()
    if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=10m", "tmpfs", mount]).returncode:
        pytest.skip("needs the right to mount a small file system")
    yield mount
    subprocess.run(["umount", mount], check=True)


@pytest.mark.parametrize("serial", [True, False])
def test_a_full_disk_fails_what_does_not_fit_and_nothing_else(fake, small_disk, serial):
    fake.out = small_disk / "out"
    fake.clip("a.mov", frames=50, salt="big")
    fake.clip("b.mov")
    settings = Settings(batch=BatchSettings(disk_wait=0.5, jobs=1))
    said = io.StringIO()
    report = fake.run(serial=serial, settings=settings, display=Bars(said))
    assert states(report) == {"a.mov": "failed", "b.mov": "done"}
    assert report.exit_code == Exit.FAILED
    assert "space" in error_of(report, "a.mov").problem
    assert "waiting: no space left" in said.getvalue()
    assert set(fake.outputs) == {"b.mp4"}
    subprocess.run(["mount", "-o", "remount,size=50m", small_disk], check=True)
    assert fake.run(serial=serial, settings=settings).exit_code == Exit.OK
    assert fake.calls == {"render a.mov": 1}


def test_a_batch_goes_on_when_space_comes_free(fake, small_disk):
    fake.out = small_disk / "out"
    fake.clip("a.mov", salt="big")
    timer = threading.Timer(2, subprocess.run, [["mount", "-o", "remount,size=50m", small_disk]])
    timer.start()
    assert fake.run(settings=Settings(batch=BatchSettings(disk_wait=30))).exit_code == Exit.OK
    assert fake.calls == {"scan a.mov": 1, "render a.mov": 1}


def test_a_completely_full_disk_is_told_before_any_work(fake, small_disk):
    fake.clip("a.mov")
    fake.out = small_disk / "out"
    (small_disk / "ballast").write_bytes(b"x" * (10 << 20))
    with pytest.raises(OutputError):
        fake.run()
    assert not fake.calls


def test_an_output_folder_that_turns_read_only_stops_the_batch_clearly(fake, monkeypatch):
    fake.clip("a.mov")
    fake.run()
    before = fake.outputs
    fake.clip("b.mov")
    start = Lines.start

    def turn_read_only(display, key, name):
        ledger._db.execute("PRAGMA query_only = ON")
        start(display, key, name)

    class Opened(Ledger):
        def __init__(self, folder):
            nonlocal ledger
            super().__init__(folder)
            ledger = self

    ledger = None
    with monkeypatch.context() as patch:
        patch.setattr("blur.batch.run.Ledger", Opened)
        patch.setattr(Lines, "start", turn_read_only)
        with pytest.raises(OutputError, match="readonly"):
            fake.run()
    assert fake.outputs == before
    assert fake.run().exit_code == Exit.OK
    assert fake.calls["render b.mov"] == 1 and fake.calls["scan a.mov"] == 0


def test_ctrl_c_stops_cleanly_and_the_next_run_goes_on(fake):
    fake.clip("a.mov", frames=9)
    fake.clip("b.mov", "slow")
    fake.clip("c.mov")
    settings = Settings(batch=BatchSettings(jobs=1))
    process = os.getpid()

    class Interrupting(Lines):
        def start(self, key, name):
            if name == "b.mov":
                os.kill(process, signal.SIGINT)
                os.kill(process, signal.SIGTERM)  # some send both at once: one request

    report = fake.run(serial=False, settings=settings, display=Interrupting(io.StringIO()))
    assert report.exit_code == Exit.INTERRUPTED
    assert states(report) == {"a.mov": "done", "b.mov": "found", "c.mov": "found"}
    assert set(fake.outputs) == {"a.mp4"}
    assert fake.run().exit_code == Exit.OK
    assert fake.calls["scan a.mov"] == 0 and set(fake.outputs) == {"a.mp4", "b.mp4", "c.mp4"}


@pytest.mark.skipif(not hasattr(signal, "SIGHUP"), reason="Windows has no hang-up")
def test_a_closed_terminal_stops_cleanly(fake):
    fake.clip("a.mov", "slow")
    settings = Settings(batch=BatchSettings(jobs=1))

    class Closing(Lines):
        def start(self, key, name):
            batch = psutil.Process()
            workers = [p for p in batch.children() if "tracker" not in " ".join(p.cmdline())]
            for process in (batch, *workers):
                process.send_signal(signal.SIGHUP)  # the whole group hears of it

    report = fake.run(serial=False, settings=settings, display=Closing(io.StringIO()))
    assert report.exit_code == Exit.INTERRUPTED
    assert states(report) == {"a.mov": "found"} and not fake.outputs


def test_a_second_ctrl_c_stops_at_once(fake):
    fake.clip("a.mov", "hang", frames=1)  # after its first report
    interrupt = os.getpid(), signal.SIGINT
    again = threading.Timer(1, os.kill, interrupt)
    began = []

    class Interrupting(Lines):
        def advance(self, key, stage, done, total):
            if not began:
                began.append(time.monotonic())
                os.kill(*interrupt)
                again.start()

    settings = Settings(batch=BatchSettings(jobs=1))
    with pytest.raises(Interrupted):
        fake.run(serial=False, settings=settings, display=Interrupting(io.StringIO()))
    again.cancel()
    assert time.monotonic() - began[0] < 30
    assert not fake.outputs and not psutil.Process().children(recursive=True)[1:]


def test_an_interrupted_redo_is_not_reported_as_done(fake):
    fake.clip("a.mov")
    fake.run()

    class Interrupting(Lines):
        def begin(self, clips, stages):
            super().begin(clips, stages)
            os.kill(os.getpid(), signal.SIGINT)

    settings = Settings(cover=CoverSettings(fill=FillName.SOLID))
    report = fake.run(settings=settings, display=Interrupting(io.StringIO()))
    assert report.exit_code == Exit.INTERRUPTED
    assert states(report) == {"a.mov": "found"}
    assert fake.run().exit_code == Exit.OK and not fake.calls


def test_neutral_names_with_the_key_in_the_work_folder(fake):
    fake.clip("Anna/a.mov")
    fake.clip("Bert/a.mov", salt="other")
    fake.clip("Carl/bad.mov", "broken")
    (fake.inputs / "Dora.txt").write_text("hello")
    settings = Settings(batch=BatchSettings(rename=True))
    report = fake.run(settings=settings)
    assert set(fake.outputs) == {"0001.mp4", "0002.mp4"}
    assert {c.name for c in report.clips} == {"Anna/a.mov", "Bert/a.mov", "Carl/bad.mov"}
    text = (fake.out / "report.json").read_text()
    assert not any(name in text for name in ("Anna", "Bert", "Carl", "Dora", "bad"))
    key = WorkFolder(fake.out).root / "names.csv"
    assert "0001.mp4,Anna/a.mov" in key.read_text() and key.stat().st_mode & 0o077 == 0
    fake.clip("Anna/0.mov")
    fake.run(settings=settings)
    assert "0004.mp4,Anna/0.mov" in key.read_text()
    assert "0001.mp4,Anna/a.mov" in key.read_text()


@pytest.mark.parametrize("name", ["report.json", "report.html"])
def test_a_report_that_blur_did_not_make_is_left_alone(fake, name):
    fake.clip("a.mov")
    fake.out.mkdir()
    (fake.out / name).write_text("a person's own")
    with pytest.raises(UsageError, match=f"{name}.*did not make"):
        fake.run()
    assert (fake.out / name).read_text() == "a person's own"
