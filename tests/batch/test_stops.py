"""Full disks, signals and hang-ups: a batch stops cleanly, and the next run goes on."""

import io
import os
import signal
import subprocess
import threading
import time

import psutil
import pytest
from batch_fixtures import error_of, states

from blur.batch.display import Bars, Lines
from blur.errors import Exit, Interrupted, OutputError
from blur.settings import (
    BatchSettings,
    CoverSettings,
    FillName,
    Settings,
)
from blur.store.folder import WorkFolder
from blur.store.ledger import Ledger


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
        ended = 0

        def start(self, key, name):
            if name == "b.mov":
                os.kill(process, signal.SIGINT)
                os.kill(process, signal.SIGTERM)  # some send both at once: one request

        def end(self, key):
            self.ended += 1

    shown = Interrupting(io.StringIO())
    report = fake.run(serial=False, settings=settings, display=shown)
    assert report.exit_code == Exit.INTERRUPTED and shown.ended == 1
    assert states(report) == {"a.mov": "done", "b.mov": "found", "c.mov": "found"}
    assert set(fake.outputs) == {"a.mp4"}
    assert fake.run().exit_code == Exit.OK
    assert fake.calls["scan a.mov"] == 0 and set(fake.outputs) == {"a.mp4", "b.mp4", "c.mp4"}


def test_a_file_in_the_work_folder_asks_for_a_clean_stop_once(fake):
    fake.clip("a.mov", "slow")
    fake.clip("b.mov")
    folder = WorkFolder(fake.out)
    folder.create()
    folder.pause.touch()  # for an earlier batch, which was killed before it looked

    class Pausing(Lines):
        def start(self, key, name):
            assert not folder.pause.exists()
            folder.pause.touch()

    settings = Settings(batch=BatchSettings(jobs=1))
    report = fake.run(serial=False, settings=settings, display=Pausing(io.StringIO()))
    assert report.exit_code == Exit.INTERRUPTED
    assert states(report) == {"a.mov": "found", "b.mov": "found"}
    assert not folder.pause.exists()
    assert fake.run().exit_code == Exit.OK


@pytest.mark.skipif(not hasattr(signal, "SIGHUP"), reason="Windows has no hang-up")
def test_a_closed_terminal_stops_cleanly(fake, request):
    before = signal.signal(signal.SIGHUP, signal.SIG_DFL)  # the tests may run under nohup
    request.addfinalizer(lambda: signal.signal(signal.SIGHUP, before))
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


@pytest.mark.parametrize("behaviour", ["hang", "stop"])
def test_a_second_ctrl_c_stops_at_once(fake, behaviour):
    fake.clip("a.mov", behaviour, frames=1)  # after its first report
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
