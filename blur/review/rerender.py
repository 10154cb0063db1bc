"""Rendering from the review page: clips whose edits changed, one after the other."""

from __future__ import annotations

import threading
import traceback
from collections.abc import Sequence
from contextlib import ExitStack, closing

import msgspec
import psutil
from msgspec.structs import replace

from blur.clip import ClipJob, process_clip
from blur.errors import BlurError, Interrupted, UsageError
from blur.export import report_page
from blur.process.executor import Task
from blur.process.stop import Stop
from blur.process.workers import ProcessExecutor
from blur.review.protocol import RenderProgress
from blur.settings import cpu_count
from blur.store.ledger import Entry, Ledger
from blur.store.names import from_text, shown
from blur.store.report import REPORT_NAME, BatchReport, ClipReport, Problem, State, exit_code
from blur.store.shelf import Shelf

_WAIT = 0.2
_MEMORY_SHARE = 0.8
_ENDED = ("done", "failed", "stopped")


class Rerender:
    """At most one series of renders at a time, in a worker process of its own."""

    def __init__(self, shelf: Shelf) -> None:
        self._shelf = shelf
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None
        self._stop = Stop()
        self._progress: dict[str, RenderProgress] = {}

    @property
    def running(self) -> bool:
        return self._thread is not None and self._thread.is_alive()

    def progress(self) -> list[RenderProgress]:
        with self._lock:
            return [replace(p) for p in self._progress.values()]

    def start(self, keys: Sequence[str]) -> None:
        """Render these clips again, from their plans and edits, with the settings of the last run.

        Raises UsageError while a series is under way, or another blur works on the folder.
        """
        with self._lock:
            if self.running:
                raise UsageError(
                    "clips are being rendered already", remedy="render again when they are done"
                )
            with self._shelf.folder.locked():
                pass  # say at once that another blur works here
            self._stop = Stop()
            self._progress = {key: RenderProgress(key=key) for key in keys}
            self._thread = threading.Thread(target=self._work, args=(list(keys),), daemon=True)
            self._thread.start()

    def stop(self) -> None:
        """Render no further; what is finished stays."""
        self._stop.requested = True
        if self._thread is not None:
            self._thread.join()

    def _work(self, keys: Sequence[str]) -> None:
        problem: str | None = None
        try:
            with ExitStack() as stack:
                stack.enter_context(self._shelf.folder.locked())
                ledger = stack.enter_context(closing(Ledger(self._shelf.folder)))
                executor = stack.enter_context(self._executor(keys))
                for number, key in enumerate(keys):
                    if self._stop.requested:
                        break
                    self._render(number, key, ledger, executor)
        except BlurError as error:
            problem = str(error)
        except Exception as error:  # the page hears of it in no other way
            problem = f"unexpected {type(error).__name__}: {error}"
            self._shelf.folder.log("review", traceback.format_exc())
        with self._lock:
            for progress in self._progress.values():
                if progress.stage not in _ENDED:
                    progress.stage, progress.problem = "failed" if problem else "stopped", problem

    def _executor(self, keys: Sequence[str]) -> ProcessExecutor:
        def tell(number: int, stage: str, done: int, total: int | None) -> None:
            with self._lock:
                progress = self._progress[keys[number]]
                progress.stage, progress.done, progress.total = stage, done, total

        batch = self._shelf.settings.batch
        return ProcessExecutor(
            tell,
            self._stop,
            slots=1,
            threads=cpu_count(),
            stall_timeout=batch.stall_timeout,
            memory_limit=int(psutil.virtual_memory().total * _MEMORY_SHARE),
        )

    def _render(self, number: int, key: str, ledger: Ledger, executor: ProcessExecutor) -> None:
        shelf = self._shelf
        entry = shelf.entry(key)
        job = ClipJob(
            path=shelf.source(entry),
            out=shelf.folder.out,
            entry=entry,
            settings=shelf.settings,
            scan=False,
            render=True,
        )
        executor.start(Task(number, process_clip, job))
        outcomes = executor.wait(_WAIT)
        while not outcomes:
            outcomes = executor.wait(_WAIT)
        progress = self._progress[key]
        error = outcomes[0].error
        if error is None:
            self._record(outcomes[0].result, ledger)
            progress.stage, progress.done = "done", progress.total or 0
        elif isinstance(error, Interrupted):
            progress.stage = "stopped"
        else:
            # As in a batch: what could not be rendered again leaves nothing that looks finished.
            if (output := shelf.output(entry)) is not None:
                output.unlink(missing_ok=True)
            report = ClipReport(name=entry.name, state=State.FAILED, error=Problem.of(error))
            self._record(replace(entry, state=State.FAILED, report=report), ledger)
            shelf.folder.log(entry.name, outcomes[0].details)
            progress.stage, progress.problem = "failed", str(error)

    def _record(self, entry: Entry, ledger: Ledger) -> None:
        """Enter what became of a clip in the ledger, and in the report under its name there."""
        ledger.put([entry])
        path = self._shelf.folder.out / REPORT_NAME
        if path.exists() and entry.report is not None:
            made = entry.report
            output = entry.output and shown(from_text(entry.output))
            report = msgspec.json.decode(path.read_bytes(), type=BatchReport)
            clips = [
                replace(made, name=c.name) if entry.name == c.name or output == c.output else c
                for c in report.clips
            ]
            code = exit_code(clips, interrupted=False)
            replace(report, clips=clips, exit_code=code).save(self._shelf.folder.out)
            report_page.write(self._shelf.folder.out)
        self._shelf.refresh()
