"""Batches over a folder that clips arrive in, each begun once new ones are whole.

A file is whole when size and time of its last change stay for a while and its container is
complete. Folders are looked at by polling: network shares tell of no changes by others.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeAlias

from msgspec.structs import replace

from blur.batch.discover import Candidate, Discovered, discover
from blur.batch.display import Display
from blur.batch.run import run
from blur.errors import BlurError, Exit, OutputError, UsageError
from blur.media.arrival import looks_whole
from blur.process.stop import Stop
from blur.settings import Settings
from blur.store.report import BatchReport, Problem, Skipped

_PATIENCE = 600.0
"""Seconds after which a file that does not change is taken although its container is incomplete: it
is damaged, and its failure says so. A larger value waits longer for a stalled copy."""
_AGAIN = 3600.0
"""Seconds until a failed clip is tried again, doubled each time; a larger value finds later that a
full disk has space again, and spends less on clips that always fail."""
_BLINK = 0.25
"""Seconds between looks at a request to stop; a larger value answers Ctrl-C later."""

_Key: TypeAlias = tuple[Path, str]
"""A file, and the part of it that is wanted."""
_Version: TypeAlias = tuple[int, int]
"""A file's size in bytes and the time of its last change in ns."""


@dataclass(slots=True)
class _Seen:
    """A file as it lay at the last look, unchanged `since`; `taken` by a batch; `failed` so often,
    the last time with `problem`, to be tried again from `again` on. Times are a clock's seconds."""

    name: str
    version: _Version
    since: float
    taken: bool = False
    failed: int = 0
    again: float = 0.0
    problem: Problem | None = None


@dataclass(slots=True)
class Arrivals:
    """Which of the files that lie there are whole, and which of these are new.

    `settle` is the seconds for which a file must not change: more outlast longer pauses of a copy,
    and begin later.
    """

    settle: float
    _seen: dict[_Key, _Seen] = field(default_factory=dict)
    _ready: set[tuple[_Key, _Version]] = field(default_factory=set)

    def look(self, files: Sequence[Candidate], now: float) -> list[str]:
        """Look at the files at a time `now`; returns the names of those to begin a batch for."""
        before, self._seen, self._ready = self._seen, {}, set()
        new = []
        for file in files:
            version = _version(file)
            seen = before.get(_key(file))
            if seen is None or seen.version != version:
                seen = _Seen(file.name, version, now)
            self._seen[_key(file)] = seen
            if not (seen.taken or self._is_whole(file, now - seen.since)):
                continue
            if seen.problem is not None and now < seen.again:
                continue
            self._ready.add((_key(file), version))
            if not seen.taken or seen.problem is not None:
                new.append(file.name)
        return new

    @property
    def waiting(self) -> int:
        """Files that arrive still."""
        return sum(not seen.taken for seen in self._seen.values())

    def sift(self, found: Discovered) -> Discovered:
        """The files that are whole. Those that failed stay failed; others arrive still."""
        ready = Discovered([], list(found.skipped), list(found.unreadable))
        for file in found.candidates:
            seen = self._seen.get(_key(file))
            if (_key(file), _version(file)) in self._ready:
                ready.candidates.append(file)
            elif seen is not None and seen.problem is not None and seen.version == _version(file):
                ready.unreadable.append((file.name, _error(file, seen.problem)))
            else:
                ready.skipped.append(Skipped(file.name, "still arriving"))
        return ready

    def ended(self, report: BatchReport, now: float) -> None:
        """Take note of a batch that ended at a time `now`."""
        problems = {clip.name: clip.error for clip in report.clips if clip.error}
        for key, _ in self._ready:
            seen = self._seen[key]
            seen.taken = True
            problem = problems.get(seen.name)
            if problem is not None:
                seen.again = now + _AGAIN * 2**seen.failed
                seen.failed += 1
            seen.problem = problem

    def _is_whole(self, file: Candidate, unchanged: float) -> bool:
        if unchanged < self.settle:
            return False
        try:
            return looks_whole(file.path) or unchanged >= _PATIENCE
        except OSError:  # gone, or locked by the program that writes it
            return unchanged >= _PATIENCE


def watch(
    inputs: Sequence[Path],
    out: Path,
    settings: Settings,
    *,
    settle: float,
    display: Callable[[], Display],
    tell: Callable[[BatchReport], None],
    say: Callable[[str], None],
) -> Exit:
    """Cover the clips that arrive in `inputs` until a signal asks to stop.

    `tell` gets the report of each batch, with the clips alone that it was begun for. Started anew,
    it goes on where it was. Returns the last batch's exit code; raises as `run` does.
    """
    stop, arrivals = Stop(), Arrivals(settle)
    options, code, trouble, began = settings.batch, Exit.NOTHING, "", False
    with stop.on_signals():
        while not stop.requested:
            try:
                found = discover(inputs, out, options.include, options.exclude)
                new = arrivals.look(found.candidates, time.monotonic())
                if new:
                    report = run(
                        inputs,
                        out,
                        settings,
                        display=display(),
                        sift=arrivals.sift,
                        # The watch's own: a signal while the batch ends would be lost with its.
                        stop=stop,
                    )
                    code = Exit(report.exit_code)
                    arrivals.ended(report, time.monotonic())
                    tell(replace(report, clips=[c for c in report.clips if c.name in new]))
                    if code is Exit.INTERRUPTED:
                        return code
                trouble, began = "", True
            except (UsageError, OutputError) as error:  # a share that went away, a busy folder
                if not began:
                    raise
                if str(error) != trouble:
                    say(f"{error}; tried again")
                trouble = str(error)
            _sleep(settle / 2, stop)
    return Exit.FAILED if code is Exit.OK and arrivals.waiting else code


def _sleep(seconds: float, stop: Stop) -> None:
    """Sleep, at most until a request to stop."""
    until = time.monotonic() + seconds
    while not stop.requested and (left := until - time.monotonic()) > 0:
        time.sleep(min(left, _BLINK))


def _key(file: Candidate) -> _Key:
    return file.path, file.part


def _version(file: Candidate) -> _Version:
    return file.size, file.mtime_ns


def _error(file: Candidate, problem: Problem) -> BlurError:
    error = BlurError(problem.problem, subject=file.name, remedy=problem.remedy)
    error.exit_code = Exit(problem.exit_code)
    return error
