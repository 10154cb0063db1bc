"""Files that arrive: when they are taken, what a failed one does, and a watch as it is typed."""

from __future__ import annotations

import contextlib
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path, PurePosixPath

from made_clips import film

from blur.batch import watch as subject
from blur.batch.discover import Candidate, Discovered
from blur.errors import Exit
from blur.settings import Settings
from blur.store.folder import WorkFolder
from blur.store.ledger import read_ledger
from blur.store.report import BatchReport, ClipReport, Problem, State, load_report

PROGRAM = Path(__file__).parents[1] / "support" / "green_faces.py"


class Inbox:
    """Files with sizes, looked at as `watch` does."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.arrivals = folder, subject.Arrivals(settle=10)
        self.sizes: dict[str, int] = {}

    def write(self, name: str, content: bytes = b"x") -> None:
        (self.folder / name).write_bytes(content)
        self.sizes[name] = len(content)

    @property
    def files(self) -> list[Candidate]:
        return [
            Candidate(self.folder / name, PurePosixPath(name), size, 1, named=False)
            for name, size in self.sizes.items()
        ]

    def look(self, now: float) -> list[str]:
        return self.arrivals.look(self.files, now)

    def batch(self, now: float, *failed: str) -> Discovered:
        sifted = self.arrivals.sift(Discovered(self.files, [], []))
        clips = [
            ClipReport(
                name=file.name,
                state=State.FAILED if file.name in failed else State.DONE,
                error=Problem("is bad", "mend it", 4) if file.name in failed else None,
            )
            for file in sifted.candidates
        ]
        report = BatchReport(
            version="", settings=Settings(), clips=clips, skipped=[], exit_code=0, seconds=0
        )
        self.arrivals.ended(report, now)
        return sifted


def test_a_file_is_taken_once_it_has_not_changed_for_a_while_and_once_only(tmp_path: Path) -> None:
    inbox = Inbox(tmp_path)
    inbox.write("a.jpg")
    assert inbox.look(0) == [] == inbox.look(9)
    inbox.write("a.jpg", b"xx")
    assert inbox.look(10) == [] == inbox.look(19)
    assert inbox.arrivals.waiting == 1
    assert inbox.look(20) == ["a.jpg"]
    inbox.batch(21)
    assert inbox.look(22) == []
    assert inbox.arrivals.waiting == 0
    inbox.write("a.jpg", b"xxx")
    assert inbox.look(30) == []
    assert inbox.look(41) == ["a.jpg"]


def test_an_incomplete_container_is_waited_for_and_at_last_left_to_fail(tmp_path: Path) -> None:
    inbox = Inbox(tmp_path)
    inbox.write("a.mp4", (1000).to_bytes(4, "big") + b"ftypmp42")
    assert inbox.look(0) == [] == inbox.look(599)
    assert inbox.look(600) == ["a.mp4"]


def test_a_batch_takes_whole_files_and_names_those_that_arrive(tmp_path: Path) -> None:
    inbox = Inbox(tmp_path)
    inbox.write("a.jpg")
    inbox.look(0)
    inbox.write("b.jpg")
    assert inbox.look(10) == ["a.jpg"]
    inbox.sizes["c.jpg"] = 1  # after the look
    sifted = inbox.batch(11)
    assert [file.name for file in sifted.candidates] == ["a.jpg"]
    assert [(s.name, s.why) for s in sifted.skipped] == [
        ("b.jpg", "still arriving"), ("c.jpg", "still arriving"),
    ]  # fmt: skip


def test_a_failed_clip_stays_failed_until_its_file_changes_or_an_hour_has_passed(
    tmp_path: Path,
) -> None:
    inbox = Inbox(tmp_path)
    for name in ("a.jpg", "bad.jpg"):
        inbox.write(name)
    inbox.look(0)
    assert inbox.look(10) == ["a.jpg", "bad.jpg"]
    inbox.batch(20, "bad.jpg")
    assert inbox.look(30) == [] == inbox.look(3619)
    sifted = inbox.arrivals.sift(Discovered(inbox.files, [], []))
    assert [file.name for file in sifted.candidates] == ["a.jpg"]
    ((name, error),) = sifted.unreadable
    assert (name, error.problem, error.exit_code) == ("bad.jpg", "is bad", Exit.RESIDUAL)
    assert inbox.look(3620) == ["bad.jpg"]
    inbox.batch(3630, "bad.jpg")
    assert inbox.look(3630 + 7199) == []
    assert inbox.look(3630 + 7200) == ["bad.jpg"]
    inbox.write("bad.jpg", b"mended")
    assert inbox.look(20_000) == []
    assert inbox.look(20_010) == ["bad.jpg"]
    inbox.batch(20_020)
    assert inbox.look(30_000) == []


def until(true: Callable[[], object]) -> None:
    patience = time.monotonic() + 100
    while not true():
        assert time.monotonic() < patience
        time.sleep(0.05)


def test_a_watch_takes_what_arrives_whole_ends_by_ctrl_c_and_goes_on_later(tmp_path: Path) -> None:
    inputs, out = tmp_path / "in", tmp_path / "out"
    inputs.mkdir()
    film(tmp_path / "a.mkv", frames=10)
    film(tmp_path / "b.mkv", frames=10, seed=1)
    content = (tmp_path / "b.mkv").read_bytes()
    (inputs / "b.mkv").write_bytes(content[:-100])  # half a copy, and it rests

    @contextlib.contextmanager
    def start() -> Iterator[subprocess.Popen[bytes]]:
        options = ["--settle", "0.4", "--audit", "off", "--jobs", "1"]
        command = [sys.executable, PROGRAM, "watch", inputs, "-o", out, *options]
        with subprocess.Popen(
            command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE
        ) as process:
            try:
                yield process
            finally:
                process.kill()

    def covered() -> set[str]:
        report = load_report(out) if out.exists() else None
        return {c.name for c in report.clips if c.state is State.DONE} if report else set()

    with start() as watching:
        (inputs / "a.mkv").write_bytes((tmp_path / "a.mkv").read_bytes())
        until(lambda: covered() == {"a.mkv"})
        report = load_report(out)
        assert report is not None
        assert [(s.name, s.why) for s in report.skipped] == [("b.mkv", "still arriving")]
        watching.send_signal(signal.SIGINT)
        assert watching.wait(60) == Exit.UNAUDITED
        assert watching.stderr is not None and b"Traceback" not in watching.stderr.read()
    before = {entry.place: entry.ended for entry in read_ledger(WorkFolder(out))[0]}
    with start() as watching:
        (inputs / "b.mkv").write_bytes(content)
        until(lambda: covered() == {"a.mkv", "b.mkv"})
        watching.send_signal(signal.SIGTERM)
        assert watching.wait(60) == Exit.UNAUDITED
    after = {entry.place: entry.ended for entry in read_ledger(WorkFolder(out))[0]}
    assert before.items() <= after.items()  # finished work is not done again
