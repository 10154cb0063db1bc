"""The batch of an output folder, begun by this page, an earlier one or a command line.

It runs in a session of its own, and all that the page knows of it stands in its ledger.
"""

from __future__ import annotations

import enum
import subprocess
import tempfile
import threading
import time
from collections.abc import Sequence
from pathlib import Path
from typing import IO

from msgspec import Struct

from blur.batch.display import frames_done
from blur.batch.status import Failure, Status, status
from blur.disk import atomic
from blur.errors import Exit, UsageError, cannot_write
from blur.process import itself
from blur.start.estimate import last_words
from blur.store.folder import WorkFolder
from blur.store.report import State

_SETTLED = 5.0
"""Seconds of work before a time left is told; fewer tell a time that swings."""
_MOST = 100
"""Failed clips in a view; the report names all."""


class Way(enum.StrEnum):
    """A batch's progress. NONE: none ever ran in the folder."""

    NONE = "none"
    STARTING = "starting"
    RUNNING = "running"
    PAUSING = "pausing"
    PAUSED = "paused"
    ENDED = "ended"
    BROKEN = "broken"


class InWork(Struct, frozen=True):
    """A clip in work; `share` of all its stages is done, of [0, 1]."""

    name: str
    stage: str
    share: float


class BatchView(Struct, frozen=True, kw_only=True):
    """Clips by state, frames (estimated), seconds left (None: not known yet), and problems.

    `problem` is why a batch could not start or go on; `way` is BROKEN then. `covers`: clips are to
    be covered, not only searched.
    """

    way: Way = Way.NONE
    covers: bool = True
    clips: int = 0
    covered: int = 0
    searched: int = 0
    checked: int = 0
    frames: int = 0
    frames_done: int = 0
    left: float | None = None
    in_work: list[InWork] = []
    failed: list[Failure] = []
    problem: str = ""


class Batch:
    """Raises nothing of a running batch's own: its failures stand in the view."""

    def __init__(self, out: Path) -> None:
        self.folder = WorkFolder(out)
        self._lock = threading.Lock()
        self._process: subprocess.Popen[bytes] | None = None
        self._errors: IO[bytes] | None = None
        self._pausing = False
        self._since: tuple[float, int] | None = None

    def begin(self, arguments: Sequence[str]) -> None:
        """Start `blur` with these arguments. Raises UsageError while a batch runs here."""
        with self._lock:
            if self._running():
                raise UsageError("a batch is running in this folder already")
            self._pausing, self._since = False, None
            self._errors = tempfile.TemporaryFile()  # noqa: SIM115 - goes with the process
            self._process = itself.detached(*arguments, out=subprocess.DEVNULL, errors=self._errors)

    def pause(self) -> None:
        """Ask the batch to stop cleanly, whoever began it. Raises OutputError."""
        with self._lock:
            if not self._running():
                return
            self._pausing = True
            try:
                atomic.make_private(self.folder.pause)
            except OSError as error:
                raise cannot_write(error, self.folder.pause.name) from error

    def busy(self) -> bool:
        with self._lock:
            return self._running()

    def view(self, *, covers: bool) -> BatchView:
        """`covers`: clips are to be covered, not only searched. Raises OutputError."""
        with self._lock:
            running = self._running()
            problem = "" if running else self._problem()
            if not self.folder.ledger.exists():
                way = Way.STARTING if running else Way.BROKEN if problem else Way.NONE
                return BatchView(way=way, problem=problem)
            now = status(self.folder.out, running=running)
            return self._told(now, problem, covers)

    def _told(self, now: Status, problem: str, covers: bool) -> BatchView:
        count = {state: now.states.get(state, 0) for state in State}
        waiting = count[State.FOUND] + (count[State.SCANNED] if covers else 0)
        if now.running:
            way = Way.PAUSING if self._pausing else Way.RUNNING
        elif problem:
            way = Way.BROKEN
        else:
            stopped = self._process is not None and self._process.returncode == Exit.INTERRUPTED
            way = Way.PAUSED if stopped or waiting else Way.ENDED
        return BatchView(
            way=way,
            covers=covers,
            clips=sum(n for state, n in count.items() if state is not State.SKIPPED),
            covered=count[State.DONE],
            searched=count[State.SCANNED],
            checked=now.checked,
            frames=now.frames,
            frames_done=now.frames_done,
            left=self._left(now),
            in_work=[
                InWork(f.name, f.stage, frames_done(f.stage, f.done, f.total) / f.total)
                for f in now.in_work
                if f.total
            ],
            failed=now.failed[:_MOST],
            problem=problem,
        )

    def _running(self) -> bool:
        if self._process is not None and self._process.poll() is None:
            return True  # not asked of the lock: the batch may be about to take it
        return self.folder.busy()

    def _problem(self) -> str:
        """Why the batch that this page began did not do its work."""
        if self._process is None or self._errors is None:
            return ""
        code = self._process.returncode
        if code in (Exit.OK, Exit.RESIDUAL, Exit.UNAUDITED, Exit.INTERRUPTED):
            return ""
        if code == Exit.FAILED and self.folder.ledger.exists():
            return ""  # failed clips, each with its own reason in the ledger
        return last_words(self._errors, code)

    def _left(self, now: Status) -> float | None:
        """Seconds left by the mean speed since the page first saw the batch work."""
        if not now.running:
            self._since = None
            return None
        self._since = self._since or (time.monotonic(), now.frames_done)
        began, before = self._since
        spent, done = time.monotonic() - began, now.frames_done - before
        if spent < _SETTLED or done <= 0:
            return None
        return spent / done * max(0, now.frames - now.frames_done)
