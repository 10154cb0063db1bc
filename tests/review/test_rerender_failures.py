"""A render from the review fails, is tried again and leaves its traces as one of a batch does."""

from __future__ import annotations

import re
import signal
import stat
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import psutil
import pytest
from batch_fixtures import FakeBatch

from blur.process.make import make_executor
from blur.review.protocol import RenderProgress
from blur.review.rerender import Rerender
from blur.settings import BatchSettings, Settings
from blur.store.report import State, load_report
from blur.store.shelf import Shelf

HUNG = Path(__file__).parents[1] / "support" / "rendering_review.py"


def rendered_again(fake: FakeBatch, *names: str) -> list[RenderProgress]:
    shelf = Shelf(fake.out)
    rerender = Rerender(shelf)
    rerender.start([shelf.find(name) for name in names])
    while rerender.running:
        time.sleep(0.05)
    return rerender.progress()


def ask(clip: Path, behaviour: str, times: int = 1) -> None:
    """Let the next renders of the clip go wrong."""
    clip.with_name(f"next.{behaviour}").write_text(str(times))


def test_a_failure_leaves_no_path_no_output_and_a_traceback(fake: FakeBatch) -> None:
    clip = fake.clip("day 1/a.mov")
    fake.clip("b.mov")
    fake.run()
    ask(clip, "cannot-write")
    (progress,) = rendered_again(fake, "day 1/a.mov")
    assert progress.stage == "failed" and "Is a directory" in str(progress.problem)
    assert set(fake.outputs) == {"b.mp4", "report.html"}
    report = load_report(fake.out)
    assert report is not None and report.exit_code == 1
    assert [c.state for c in report.clips] == [State.DONE, State.FAILED]
    log = fake.out / ".blur" / "errors.log"
    assert "IsADirectoryError" in log.read_text() and "Traceback" in log.read_text()
    assert stat.S_IMODE(log.stat().st_mode) == 0o600
    for file in (fake.out / "report.json", fake.out / "report.html", log):
        assert str(fake.inputs) not in file.read_text(), file
        assert not re.search(r"[\s'\"]/\w", file.read_text().replace("</", "")), file
    assert rendered_again(fake, "day 1/a.mov")[0].stage == "done"
    assert "day 1/a.mp4" in fake.outputs


def test_the_cause_of_an_error_is_logged(fake: FakeBatch) -> None:
    clip = fake.clip("a.mov")
    fake.run()
    ask(clip, "broken")
    assert rendered_again(fake, "a.mov")[0].stage == "failed"
    log = (fake.out / ".blur" / "errors.log").read_text()
    assert "ValueError: cause" in log and "frame 3 cannot be decoded" in log


def test_a_lost_worker_costs_another_try_and_not_the_output(fake: FakeBatch) -> None:
    clip = fake.clip("a.mov")
    fake.run()
    ask(clip, "segfault")
    assert rendered_again(fake, "a.mov")[0].stage == "done"
    assert set(fake.outputs) >= {"a.mp4"}
    assert "SIGSEGV" in (fake.out / ".blur" / "errors.log").read_text()


PATIENT = Settings(batch=BatchSettings(stall_timeout=5, jobs=1))


def test_a_hung_worker_costs_another_try_and_not_the_output(fake: FakeBatch) -> None:
    clip = fake.clip("a.mov")
    fake.run(settings=PATIENT)
    ask(clip, "stop")
    assert rendered_again(fake, "a.mov")[0].stage == "done"
    assert set(fake.outputs) >= {"a.mp4"}
    assert "showed no progress" in (fake.out / ".blur" / "errors.log").read_text()


def test_a_worker_that_hangs_every_time_costs_no_output_that_covers_enough(
    fake: FakeBatch,
) -> None:
    clip = fake.clip("a.mov")
    fake.run(settings=PATIENT)
    before = fake.outputs["a.mp4"]
    ask(clip, "stop", times=2)
    (progress,) = rendered_again(fake, "a.mov")
    assert progress.stage == "failed" and "earlier output stays" in str(progress.problem)
    assert fake.outputs["a.mp4"] == before
    report = load_report(fake.out)
    assert report is not None and report.clips[0].state is State.DONE


def test_a_clip_whose_disk_is_away_costs_no_output_that_covers_enough(fake: FakeBatch) -> None:
    clip = fake.clip("a.mov")
    fake.run()
    before = fake.outputs["a.mp4"]
    clip.rename(clip.with_name("away"))
    (progress,) = rendered_again(fake, "a.mov")
    assert progress.stage == "failed" and "earlier output stays" in str(progress.problem)
    assert "disk is connected" in str(progress.problem)
    assert fake.outputs["a.mp4"] == before


def test_the_second_ctrl_c_kills_a_worker_that_answers_no_more(fake: FakeBatch) -> None:
    clip = fake.clip("a.mov")
    fake.run()
    before = fake.outputs["a.mp4"]
    ask(clip, "stop")
    program = [sys.executable, HUNG, fake.out, "a.mov"]
    with subprocess.Popen(program, stdout=subprocess.PIPE, text=True) as review:
        try:
            (worker,) = stopped_children(review.pid)
            review.send_signal(signal.SIGINT)
            time.sleep(3)  # the page is shut by then, and the render asked to end
            assert review.poll() is None and worker.status() == psutil.STATUS_STOPPED
            review.send_signal(signal.SIGINT)
            review.wait(20)
            assert not worker.is_running()
        finally:
            review.kill()
    assert fake.outputs["a.mp4"] == before
    assert fake.run().exit_code == 0


def stopped_children(parent: int) -> list[psutil.Process]:
    """Waits until a process has a child that is stopped."""
    until = time.monotonic() + 60
    while time.monotonic() < until:
        children = psutil.Process(parent).children(recursive=True)
        stopped = [p for p in children if p.status() == psutil.STATUS_STOPPED]
        if stopped:
            return stopped
        time.sleep(0.1)
    raise AssertionError("no worker hangs")


def test_device_jobs_and_patience_are_those_of_the_last_run(
    fake: FakeBatch, monkeypatch: pytest.MonkeyPatch
) -> None:
    fake.clip("a.mov")
    fake.run(settings=Settings(batch=BatchSettings(jobs=3, stall_timeout=17, device="CPU")))
    taken: list[BatchSettings] = []

    def making(tell: Any, stop: Any, settings: BatchSettings, **options: Any) -> Any:
        taken.append(settings)
        return make_executor(tell, stop, settings, **options)

    monkeypatch.setattr("blur.review.rerender.make_executor", making)
    assert rendered_again(fake, "a.mov")[0].stage == "done"
    assert [(s.jobs, s.stall_timeout, s.device) for s in taken] == [(3, 17, "CPU")]


def test_the_limit_of_a_container_is_heeded(
    fake: FakeBatch, monkeypatch: pytest.MonkeyPatch
) -> None:
    fake.clip("a.mov")
    fake.run()
    monkeypatch.setattr("blur.process.make.usable_memory", lambda: 1000)
    (progress,) = rendered_again(fake, "a.mov")
    assert progress.stage == "failed" and "memory" in str(progress.problem)
