"""Rendering from the review page: a small batch of clips whose edits changed."""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from contextlib import ExitStack, closing

from msgspec.structs import replace

from blur.batch.inventory import clip_of_entry
from blur.batch.walk import Walk, check_device
from blur.batch.work import Probed, RunRequest
from blur.errors import BlurError, UsageError
from blur.process.make import make_executor
from blur.process.stop import Stop
from blur.review.protocol import RenderProgress
from blur.review.republish import republish
from blur.store.digests import installation
from blur.store.ledger import Ledger
from blur.store.report import State
from blur.store.shelf import Shelf

_ENDED = ("done", "failed", "stopped")
_KILL_WITHIN = 10.0
"""Seconds for workers to be killed and reaped; a larger value waits longer for a broken disk."""


class Rerender:
    """At most one series of renders at a time, as a batch in a thread of its own.

    Executor, settings, retries and the fate of a failed clip are those of the last batch.
    """

    def __init__(self, shelf: Shelf) -> None:
        self._shelf = shelf
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None
        self._stop = Stop()
        self._series: list[RenderProgress] = []

    @property
    def running(self) -> bool:
        return self._thread is not None and self._thread.is_alive()

    def progress(self) -> list[RenderProgress]:
        with self._lock:
            return [replace(p) for p in self._series]

    def start(self, keys: Sequence[str]) -> None:
        """Render clips again, from their plans and edits, with the settings of the last run.

        Raises UsageError while a series is under way, or another blur works on the folder.
        """
        with self._lock:
            if self.running:
                raise UsageError(
                    "clips are being rendered already", remedy="render again when they are done"
                )
            with self._shelf.folder.locked():
                pass  # refuse at once while another blur works here
            self._stop = Stop()
            self._series = [RenderProgress(key=key) for key in dict.fromkeys(keys)]
            self._thread = threading.Thread(target=self._work, daemon=True)
            self._thread.start()

    def stop(self) -> None:
        """Render no further; finished clips stay."""
        self._stop.requested = True
        if self._thread is not None:
            self._thread.join()

    def stop_at_once(self) -> None:
        """Kill whatever renders, also a worker that answers no more."""
        self._stop.now()
        if self._thread is not None:
            self._thread.join(_KILL_WITHIN)

    def _work(self) -> None:
        problem: str | None = None
        try:
            with self._shelf.folder.failures_logged("review"):
                self._render()
        except BlurError as error:
            problem = str(error)
        except Exception as error:  # the page hears of it in no other way
            problem = f"unexpected {type(error).__name__}: {error}"
        with self._lock:
            for progress in self._series:
                if progress.stage not in _ENDED:
                    progress.stage, progress.problem = "failed" if problem else "stopped", problem

    def _render(self) -> None:
        """Walk the clips of the series down the corridor, as `blur render` does."""
        shelf = self._shelf
        request = RunRequest(shelf.folder, shelf.settings, scan=False)
        entries = [shelf.entry(progress.key) for progress in self._series]
        clips = {n: clip_of_entry(e, shelf.source(e)) for n, e in enumerate(entries)}
        probed = {number: Probed.again(entry) for number, entry in enumerate(entries)}

        def ended(number: int, error: BlurError | None) -> None:
            entry, progress = clips[number].entry, self._series[number]
            republish(self._shelf, entry)
            with self._lock:
                if error is None:
                    progress.stage, progress.done = "done", progress.total or 0
                else:
                    stays = "; the earlier output stays" if entry.state is State.DONE else ""
                    progress.stage = "failed"
                    progress.problem = f"{error.problem}{stays} ({error.remedy})"

        with ExitStack() as stack:
            stack.enter_context(shelf.folder.locked())
            ledger = stack.enter_context(closing(Ledger(shelf.folder)))
            display = _SeriesDisplay(self._series, self._lock)
            walk = Walk(request, ledger, display, clips, probed, ended, keep=True)
            batch = request.settings.batch
            executor = stack.enter_context(
                make_executor(walk.tell, self._stop, batch, say=display.say, identity=installation)
            )
            check_device(batch.device, executor, self._stop)
            walk.work(executor, self._stop)


class _SeriesDisplay:
    """Keeps the page's progress, clip by clip; a clip's own end is told by `Walk`."""

    def __init__(self, series: Sequence[RenderProgress], lock: threading.Lock) -> None:
        self._series = series
        self._lock = lock

    def begin(self, clips: Mapping[int, int], stages: tuple[str, ...]) -> None: ...

    def start(self, key: int, name: str) -> None: ...

    def advance(self, key: int, stage: str, done: int, total: int | None) -> None:
        with self._lock:
            progress = self._series[key]
            progress.stage, progress.done, progress.total = stage, done, total

    def end(self, key: int) -> None: ...

    def say(self, text: str) -> None: ...

    def close(self) -> None: ...
