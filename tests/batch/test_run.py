"""A whole batch, over clips that do as their text says."""

import json
import os
import re
from pathlib import Path

import pytest
from batch_fixtures import error_of, states

from blur.errors import Exit, OutputError, UsageError
from blur.export import report_page
from blur.settings import (
    BatchSettings,
    Settings,
)
from blur.store.folder import WorkFolder
from blur.store.ledger import read_ledger


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


def test_a_second_run_on_one_output_folder_is_refused(fake):
    fake.clip("a.mov")
    folder = WorkFolder(fake.out)
    folder.create()
    with folder.locked(), pytest.raises(UsageError, match="blur is already open"):
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
def test_footage_in_a_folder_called_as_a_report_leaves_room_for_it(fake, name):
    fake.clip(f"{name}/a.mov")
    assert fake.run().exit_code == Exit.OK
    report_page.write(fake.out)
    assert (fake.out / name).is_file() and set(fake.outputs) == {f"{name}~2/a.mp4", "report.html"}


@pytest.mark.parametrize("name", ["report.json", "report.html"])
def test_a_report_that_blur_did_not_make_is_left_alone(fake, name):
    fake.clip("a.mov")
    fake.out.mkdir()
    (fake.out / name).write_text("a person's own")
    with pytest.raises(UsageError, match=f"{name}.*did not make"):
        fake.run()
    assert (fake.out / name).read_text() == "a person's own"
