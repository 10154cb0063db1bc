"""Long clips, scanned in segments that are tasks of their own."""

import io
import os
import signal

import pytest
from green_faces import Green
from made_clips import film

from blur.batch.display import Lines
from blur.batch.run import run
from blur.detect import registry
from blur.disk.fingerprint import fingerprint
from blur.errors import Exit
from blur.settings import BatchSettings, Level, ScanSettings, Settings
from blur.store.folder import WorkFolder
from blur.store.ledger import read_ledger
from blur.store.report import State


@pytest.fixture(autouse=True)
def short(monkeypatch):
    """Clips of 20 frames are long already."""
    monkeypatch.setattr("blur.batch.segment_tasks.LENGTH", 10)
    monkeypatch.setattr("blur.batch.work.LENGTH", 10)


def segments_of(fake, clip):
    return WorkFolder(fake.out).segments_of(fingerprint(clip))


@pytest.mark.parametrize("serial", [True, False])
def test_long_clips_are_scanned_in_segments_and_short_ones_whole(fake, serial):
    clip = fake.clip("long.mov", frames=35)
    fake.clip("short.mov", frames=12)
    assert fake.run(serial=serial).exit_code == Exit.OK
    long = ["divide", "scan 0 of", "scan 10 of", "scan 20 of", "scan 30 of", "render"]
    assert fake.calls == {f"{what} long.mov": 1 for what in long} | {
        "scan short.mov": 1,
        "render short.mov": 1,
    }
    assert not segments_of(fake, clip).exists()
    assert {e.attempts for e in read_ledger(WorkFolder(fake.out))[0]} == {1}
    assert fake.run(serial=serial).exit_code == Exit.OK and not fake.calls


def test_a_plan_that_is_there_needs_no_segments(fake):
    fake.clip("a.mov", frames=35)
    fake.run(render=False)
    fake.run()
    assert fake.calls == {"render a.mov": 1}


def test_a_lost_worker_costs_its_segment(fake):
    fake.clip("a.mov", "segfault-once", frames=40)
    assert fake.run(serial=False).exit_code == Exit.OK
    assert all(fake.calls[f"scan {start} of a.mov"] == 1 for start in (0, 10, 20, 30))
    assert fake.calls["scan a.mov"] == 0
    assert "SIGSEGV; it will be tried again" in fake.said.getvalue()


def test_where_a_segment_fails_the_clip_is_scanned_in_one_piece_and_tells_why(fake):
    fake.clip("a.mov", "broken", frames=40)
    report = fake.run()
    assert report.clips[0].state is State.FAILED
    assert "frame 3 cannot be decoded" in report.clips[0].error.problem
    assert fake.calls == {"divide a.mov": 1, "scan 0 of a.mov": 1, "scan 10 of a.mov": 1}
    assert "in one piece" in fake.said.getvalue()


@pytest.mark.parametrize("serial", [True, False])
def test_what_was_scanned_before_an_interruption_is_kept(fake, serial):
    clip = fake.clip("a.mov", "slow", frames=40)

    class Interrupting(Lines):
        asked = False

        def advance(self, key, stage, done, total):
            if done >= 20 and not self.asked:
                self.asked = True
                os.kill(os.getpid(), signal.SIGINT)

    settings = Settings(batch=BatchSettings(jobs=1))
    display = Interrupting(io.StringIO())
    report = fake.run(serial=serial, settings=settings, display=display)
    assert report.exit_code == Exit.INTERRUPTED and report.clips[0].state is State.FOUND
    kept = dict(fake.calls)
    assert "scan 0 of a.mov" in kept and "scan 30 of a.mov" not in kept
    assert oct(segments_of(fake, clip).stat().st_mode)[-3:] == "700"
    assert fake.run(serial=serial, settings=settings).exit_code == Exit.OK
    assert fake.calls.keys() | kept.keys() >= {f"scan {n} of a.mov" for n in (0, 10, 20, 30)}
    assert not fake.calls.keys() & kept.keys()


def test_segments_of_another_scan_are_not_taken(fake):
    fake.clip("a.mov", frames=20)

    class Interrupting(Lines):
        def advance(self, key, stage, done, total):
            if done > 10:
                os.kill(os.getpid(), signal.SIGINT)

    fake.run(display=Interrupting(io.StringIO()))
    fake.run(settings=Settings(scan=ScanSettings(hold=2.0)))
    assert fake.calls["scan 0 of a.mov"] == 1


@pytest.mark.parametrize("name", ["1.npz", "layout.json"])
def test_a_damaged_segment_is_not_trusted(fake, monkeypatch, name):
    clip = fake.clip("a.mov", frames=30)

    def damaging(job, progress):
        (segments_of(fake, clip) / name).write_bytes(b"?")
        return process_clip(job, progress)

    from fake_corridor import process_clip

    monkeypatch.setattr("blur.batch.walk.process_clip", damaging)
    assert fake.run().exit_code == Exit.OK
    assert fake.calls["scan a.mov"] == 1


def test_progress_adds_up_over_the_segments(fake):
    fake.clip("a.mov", "slow", frames=40)
    told = []

    class Noting(Lines):
        def advance(self, key, stage, done, total):
            told.append((key, stage, done, total))

    fake.run(display=Noting(io.StringIO()))
    scanned = [done for key, stage, done, total in told if stage == "scan"]
    assert scanned == sorted(scanned) and scanned[-1] == 39
    assert {(key, total) for key, _, _, total in told} == {(0, 40)}


def test_the_real_corridor_makes_the_same_of_segments(tmp_path, monkeypatch):
    registry.unload_detectors()
    for name in registry.DETECTORS:
        monkeypatch.setitem(registry.BUILDERS, name, lambda name, *_: Green(name))
    clip = film(tmp_path / "in" / "a.mp4", frames=60, face=True, keys=12)
    settings = Settings(scan=ScanSettings(level=Level.FAST))
    plans = []
    for out, length in [(tmp_path / "segments", 20), (tmp_path / "whole", 100)]:
        monkeypatch.setattr("blur.batch.segment_tasks.LENGTH", length)
        monkeypatch.setattr("blur.batch.work.LENGTH", length)
        starts = []
        monkeypatch.setattr(Lines, "advance", lambda *news, told=starts: told.append(news[2:]))
        report = run([clip], out, settings, serial=True, display=Lines(io.StringIO()))
        assert report.exit_code == Exit.OK and report.clips[0].tracks == 1
        plans.append(WorkFolder(out).plan_of(fingerprint(clip)).read_bytes())
    assert plans[0] == plans[1]
