"""Clips on their way down the corridor, several at once: batch and review walk them alike."""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from msgspec.structs import replace

from blur.batch.display import Display
from blur.batch.failure import fail, log_failure
from blur.batch.inventory import Clip
from blur.batch.schedule import Paused, Retried, Schedule, Started, drain
from blur.batch.segment_tasks import SegmentTasks, segment_count
from blur.batch.work import Probed, RunRequest
from blur.clip import process_clip
from blur.errors import BlurError, ClipAway, DiskFull, Interrupted, WorkerLost, cannot_write
from blur.process.executor import Executor, Outcome, Task
from blur.process.stop import Stop
from blur.settings import BatchSettings
from blur.store.ledger import Flight, Ledger, outputs_of
from blur.store.report import State
from blur.store.withdraw import WITHDRAWN, covers_less, withdraw

if TYPE_CHECKING:
    from blur.process.progress import Progress

_LEDGER_EVERY = 1.0
"""Seconds between two saves of the progress that `blur status` shows; fewer write more."""


_OF_THE_MACHINE = (WorkerLost, DiskFull, ClipAway)
"""Errors that tell nothing against an earlier output of the clip."""


class Walk:
    """Takes the `clips` that are `probed` down the corridor, and keeps ledger and display told.

    Both mappings may be filled until `work` begins. `ended` hears of each clip that is done,
    failed or left for later, by its key, and of its error; never of an interrupted one. With
    `keep`, a fault of the machine costs no earlier output that covers all that it should.
    """

    def __init__(
        self,
        request: RunRequest,
        ledger: Ledger,
        display: Display,
        clips: Mapping[int, Clip],
        probed: Mapping[int, Probed],
        ended: Callable[[int, BlurError | None], None] = lambda key, error: None,
        *,
        keep: bool = False,
    ) -> None:
        self._request = request
        self._ledger = ledger
        self._display = display
        self._clips = clips
        self._probed = probed
        self._ended = ended
        self._keep = keep
        self._flights: dict[int, Flight] = {}
        self._flights_saved = 0.0
        self._unsaved: list[Clip] = []
        self._segments = SegmentTasks(first_key=len(clips))
        self._shown: set[int] = set()

    def work(self, executor: Executor, stop: Stop) -> None:
        """Work on all clips, the longest first, until none is left or a stop is requested."""
        probed = self._probed
        if self._request.render:
            self._withdraw()
        longest_first = sorted(probed, key=lambda key: -probed[key].work)
        tasks = [self._segments.first(self._task(k), probed[k].frames) for k in longest_first]
        executor.expect(sum(segment_count(probed[key].frames) for key in probed))
        schedule = Schedule(tasks, executor.memory, self._room)
        self._display.begin(
            {key: probed[key].frames for key in longest_first}, self._request.stages
        )
        patience = self._request.settings.batch.disk_wait
        for event in drain(schedule, executor, stop, patience):
            match event:
                case Started(task):
                    self._start(task.key)
                case Retried(task, error, details):
                    self._land(task.key)
                    self._note(task.key, error, details, "it will be tried again")
                case Paused():
                    self._display.say(
                        f"waiting: no space left for the next clip;"
                        f" free some within {patience:g} s to go on"
                    )
                case Outcome(task, _, error, details) if task.key in self._segments:
                    self._segments.after(event, schedule)
                    if error is not None and not isinstance(error, Interrupted):
                        self._note(task.key, error, details, "it will be scanned in one piece")
                case Outcome():
                    self._land(event.task.key, over=not isinstance(event.error, Interrupted))
                    self._end(event.task.key, event)
        self.save()

    def tell(self, key: int, stage: str, done: int, total: int | None) -> None:
        """Hear of a task's progress, in the thread that works."""
        if stage not in self._request.stages:
            return
        if key in self._segments:
            done, key = self._segments.done(key, done), self._segments.clip_of(key)
        self._display.advance(key, stage, done, total)
        self._flights[key] = Flight(self._clips[key].file.name, stage, done, total)
        if time.monotonic() - self._flights_saved > _LEDGER_EVERY:
            self.save()
            self._flights_saved = time.monotonic()

    def fail(self, key: int, error: BlurError, details: str = "") -> None:
        """Enter a failure; an interrupted clip has not failed."""
        if isinstance(error, Interrupted):
            return
        clip, request = self._clips[key], self._request
        if isinstance(error, _OF_THE_MACHINE) and self._keep and self._stands(clip):
            log_failure(request.folder, clip.file, error, details)
            self._display.say(f"{clip.file.name}: {error.problem}; its earlier output stays")
            self._ended(key, error)
            return
        error = fail(clip, error, request.folder, details=details, remove_output=request.render)
        if clip.refused is None:
            self.save(clip)
        self._display.say(f"{clip.entry.state}: {clip.file.name}: {error.problem} ({error.remedy})")
        self._ended(key, error)

    def save(self, *clips: Clip) -> None:
        """Enter clips in the ledger: now, or when the disk has room again for it.

        Entries that never arrive there are not lost: finished clips have their record. Raises
        FolderLost, for SQLite would go on in files that have no name any more.
        """
        self._request.folder.require_there()
        self._unsaved += clips
        try:
            self._ledger.put(clip.entry for clip in self._unsaved)
            self._ledger.fly(self._flights.values())
        except DiskFull:
            return
        self._unsaved.clear()

    def _room(self) -> int:
        """Free bytes of the disk that outputs go to. Raises FolderLost, or OutputError."""
        folder = self._request.folder
        try:
            return shutil.disk_usage(folder.out).free
        except OSError as error:
            folder.require_there()
            raise cannot_write(error, folder.out) from error

    def _withdraw(self) -> None:
        """Before any work, remove the outputs that are known to cover less than is wanted."""
        for key in self._probed:
            clip = self._clips[key]
            made = clip.before or clip.entry
            if covers_less(made, self._request.folder) and withdraw(made, self._request.folder):
                clip.notes = (*clip.notes, WITHDRAWN)
                self._display.say(f"{clip.file.name}: {WITHDRAWN}")

    def _stands(self, clip: Clip) -> bool:
        """Whether the clip has an output that covers all that plan and edits want."""
        entry, folder = clip.entry, self._request.folder
        there = [path.is_file() for path in outputs_of([entry], folder)]
        done = entry.state is State.DONE and any(there) and all(there)
        return done and not covers_less(entry, folder)

    def _task(self, key: int) -> Task:
        clip, probed = self._clips[key], self._probed[key]
        job = self._request.job(clip.file.path, clip.entry, clip.notes)
        disk = probed.disk if self._request.render else 0
        return Task(key, process_clip, job, memory=probed.memory, disk=disk)

    def _start(self, key: int) -> None:
        clip = self._clips[self._segments.clip_of(key)]
        if key not in self._segments:
            clip.entry = replace(clip.entry, attempts=clip.entry.attempts + 1)
            self.save(clip)
        key = self._segments.clip_of(key)
        if key not in self._shown:
            self._shown.add(key)
            self._display.start(key, clip.file.name)

    def _land(self, key: int, *, over: bool = True) -> None:
        if key in self._shown:  # a clip may end without having begun, for want of disk
            self._shown.remove(key)
            self._flights.pop(key, None)
            if over:  # a stopped clip has not ended
                self._display.end(key)

    def _note(self, key: int, error: BlurError, details: str, consequence: str) -> None:
        file = self._clips[self._segments.clip_of(key)].file
        log_failure(self._request.folder, file, error, details)
        self._display.say(f"{file.name}: {error.problem}; {consequence}")

    def _end(self, key: int, outcome: Outcome) -> None:
        clip = self._clips[key]
        if outcome.error is not None:
            self.fail(key, outcome.error, outcome.details)
            return
        clip.entry = replace(outcome.result, attempts=clip.entry.attempts)
        self.save(clip)
        if clip.before is not None:  # its output has another name now
            folder = self._request.folder
            withdraw(clip.before, folder, keep=outputs_of([clip.entry], folder))
            for path in outputs_of([clip.before], folder):
                folder.drop_empty(path.parent)
        self._ended(key, None)


def check_device(device: str, executor: Executor, stop: Stop) -> None:
    """Let a worker, off the network, build a detector on a device before any clip is begun.

    Raises UsageError or SetupError if the device cannot be used.
    """
    if device.lower() == BatchSettings().device:
        return
    tasks = Schedule([Task(0, _build_detector, device)], executor.memory)
    for event in drain(tasks, executor, stop):
        if isinstance(event, Outcome) and event.error is not None:
            raise event.error


def _build_detector(device: str, progress: Progress) -> None:
    from blur.detect.registry import load_detector, use_device

    use_device(device)
    load_detector("yunet")
