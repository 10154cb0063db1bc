"""A batch from inputs to report, as a recipe."""

from __future__ import annotations

import shutil
import time
from collections.abc import Sequence
from contextlib import ExitStack, closing
from pathlib import Path

import psutil
from msgspec.structs import replace

import blur
from blur.batch.discover import Candidate, Found, Skipped, discover
from blur.batch.executor import Executor, Outcome, SerialExecutor, Task
from blur.batch.inventory import Clip, Inventory
from blur.batch.ledger import Entry, Flight, Ledger, from_text
from blur.batch.processes import ProcessExecutor
from blur.batch.progress import Display, Quiet
from blur.batch.report import BatchReport, ClipReport, Problem, State, exit_code
from blur.batch.resume import Wanted, unfinished
from blur.batch.schedule import Paused, Retried, Schedule, Started, drain
from blur.batch.stopping import Stop
from blur.batch.work import ClipJob, Probed, probe_clips, process_clip
from blur.batch.workdir import WorkFolder
from blur.digests import render_digest, scan_digest
from blur.errors import (
    BlurError,
    ClipChanged,
    DiskFull,
    Exit,
    Interrupted,
    NotAClip,
    OutputError,
)
from blur.settings import Settings, Verify, cpu_count

_PROBES_PER_TASK = 32
_SETTLE = 1.0
_LEDGER_EVERY = 1.0
_MEMORY_SHARE = 0.8


def run(
    inputs: Sequence[Path],
    out: Path,
    settings: Settings | None = None,
    *,
    scan: bool = True,
    render: bool = True,
    serial: bool = False,
    display: Display | None = None,
) -> BatchReport:
    """Cover every clip below `inputs` and write it to the same place below `out`.

    What an earlier run finished is verified and kept. With `render` false the batch stops at
    the plans; with `scan` false it starts from them. `serial` works in this process, for tests
    and debugging. One clip's failure never ends the batch: it stands in the report. Raises
    UsageError, OutputError or SetupError when nothing can start, and Interrupted when asked to
    stop twice.
    """
    settings = settings or Settings()
    folder = WorkFolder(out)
    began = time.monotonic()
    options = settings.batch
    found = discover(inputs, out, options.include, options.exclude)
    folder.create()
    with ExitStack() as stack:
        stack.enter_context(folder.locked())
        ledger = stack.enter_context(closing(Ledger(folder)))
        batch = _Batch(folder, ledger, settings, scan, render, display or Quiet())
        stack.enter_context(batch.stop.on_signals())
        stack.callback(batch.display.close)
        batch.take(found)
        executor = stack.enter_context(batch.executor(serial))
        batch.probe(executor)
        batch.work(executor)
        report = batch.report(time.monotonic() - began)
        try:
            report.save(out)
        except OutputError as error:
            batch.display.say(str(error))
            report = replace(report, exit_code=Exit.FAILED)
    return report


class _Batch:
    """The steps of a batch, and what they share. Clips have numbers, tasks as well."""

    def __init__(
        self,
        folder: WorkFolder,
        ledger: Ledger,
        settings: Settings,
        scan: bool,
        render: bool,
        display: Display,
    ) -> None:
        self.folder = folder
        self.ledger = ledger
        self.settings = settings
        self.scan, self.render = scan, render
        self.stages = ("scan",) * scan + ("render",) * render
        self.display = display
        self.stop = Stop()
        self.memory = int(psutil.virtual_memory().total * _MEMORY_SHARE)
        self.clips: dict[int, Clip] = {}
        self.todo: dict[int, Probed | None] = {}
        self.skipped: list[Skipped] = []
        self.unreadable: list[ClipReport] = []
        self.flights: dict[int, Flight] = {}
        self.flights_saved = 0.0
        self.unsaved: list[Clip] = []

    def executor(self, serial: bool) -> Executor:
        if serial:
            return SerialExecutor(self._tell, self.stop)
        slots = self.settings.batch.jobs or max(1, cpu_count() // 2)
        return ProcessExecutor(
            self._tell,
            self.stop,
            slots=slots,
            threads=max(1, cpu_count() // slots),
            stall_timeout=self.settings.batch.stall_timeout,
            memory_limit=self.memory,
        )

    def take(self, found: Found) -> None:
        """Enter the clips in the ledger and find out which are not finished yet."""
        if self.ledger.rebuilt:
            self.display.say("the ledger was damaged; rebuilt from the records of finished clips")
        self.skipped += found.skipped
        for name, error in found.unreadable:
            self.unreadable.append(_failed(name, error))
            self.display.say(f"failed: {name}: {error.problem} ({error.remedy})")
        self.inventory = Inventory(self.folder, self.ledger.entries())
        self.clips = dict(enumerate(self.inventory.take(found.candidates)))
        for clip in self.clips.values():
            if clip.before is not None:
                self.ledger.move(clip.before, clip.entry)
                clip.before = None
        wanted = Wanted(
            scan_digest=scan_digest(self.settings.scan) if self.scan else None,
            render_digest=render_digest(self.settings) if self.render else None,
            thorough=self.settings.batch.verify is Verify.FULL,
        )
        for key, clip in self.clips.items():
            if clip.refused is not None:
                self._fail(key, clip.refused)
            elif clip.entry.state is State.SKIPPED and not clip.file.claims_pictures:
                self.skipped.append(_skipped(clip))
            elif unfinished(clip.entry, self.folder, wanted):
                clip.entry = replace(clip.entry, state=State.FOUND, report=None)
                self.todo[key] = None
        self._sweep()
        finished = len(self.clips) - len(self.todo)
        if finished:
            self.display.say(f"{finished} of {len(self.clips)} files need no work")

    def probe(self, executor: Executor) -> None:
        """Look at each file to do. What is no clip is skipped; what is damaged fails."""
        keys = list(self.todo)
        chunks = {i: keys[i : i + _PROBES_PER_TASK] for i in range(0, len(keys), _PROBES_PER_TASK)}
        schedule = self._schedule([self._probe_task(i, chunk) for i, chunk in chunks.items()])
        for event in drain(schedule, executor, self.stop, 0):
            if not isinstance(event, Outcome):
                continue
            chunk = chunks[event.task.key]
            if event.error is not None and len(chunk) > 1:
                for key in chunk:  # one file took the worker with it: find out which
                    chunks[-1 - key] = [key]
                    schedule.tasks.append(self._probe_task(-1 - key, [key], alone=True))
                continue
            for key, answer in zip(chunk, event.result or [event.error], strict=True):
                self._take_probe(key, answer)
        self._name_outputs()
        self._save(*(clip for clip in self.clips.values() if clip.refused is None))

    def work(self, executor: Executor) -> None:
        """Take every clip down the corridor, longest first."""
        probed = {key: answer for key, answer in self.todo.items() if answer is not None}
        longest_first = sorted(probed, key=lambda k: -probed[k].work)
        schedule = self._schedule([self._task(key, probed[key]) for key in longest_first])
        self.display.begin({key: probed[key].frames for key in longest_first}, self.stages)
        for event in drain(schedule, executor, self.stop, self.settings.batch.disk_wait):
            match event:
                case Started(task):
                    self._start(task.key)
                case Retried(task, error):
                    self._land(task.key)
                    name = self.clips[task.key].file.name
                    self.display.say(f"{name}: {error.problem}; it will be tried again")
                case Paused():
                    self.display.say(
                        f"waiting: no space left in {self.folder.out};"
                        f" free some within {self.settings.batch.disk_wait:g} s to go on"
                    )
                case Outcome(task, result, error, details):
                    self._land(task.key)
                    clip = self.clips[task.key]
                    if error is not None:
                        self._fail(task.key, error)
                        self.folder.log(clip.file.name, details)
                    else:
                        clip.entry = replace(result, attempts=clip.entry.attempts)
                        self._save(clip)
                        if clip.before is not None:  # its output has another name now
                            self._remove_output(clip.before)
        self._save()

    def _start(self, key: int) -> None:
        clip = self.clips[key]
        clip.entry = replace(clip.entry, attempts=clip.entry.attempts + 1)
        self._save(clip)
        self.display.start(key, clip.file.name)

    def _land(self, key: int) -> None:
        self.flights.pop(key, None)
        self.display.end(key)

    def _save(self, *clips: Clip) -> None:
        """Enter clips in the ledger: now, or when the disk has room again for it.

        What it never learns is not lost: finished clips have their record.
        """
        self.unsaved += clips
        try:
            self.ledger.put(clip.entry for clip in self.unsaved)
            self.ledger.fly(self.flights.values())
        except DiskFull:
            return
        self.unsaved.clear()

    def _schedule(self, tasks: list[Task]) -> Schedule:
        return Schedule(tasks, self.memory, lambda: shutil.disk_usage(self.folder.out).free)

    def report(self, seconds: float) -> BatchReport:
        clips = [
            clip.entry.report or ClipReport(name=clip.file.name, state=State.FOUND)
            for clip in self.clips.values()
            if clip.entry.state is not State.SKIPPED
        ]
        clips = sorted(clips + self.unreadable, key=lambda c: c.name)
        return BatchReport(
            version=blur.__version__,
            settings=self.settings,
            clips=clips,
            skipped=self.skipped,
            exit_code=exit_code(clips, interrupted=self.stop.requested),
            seconds=round(seconds, 3),
        )

    def _tell(self, key: int, stage: str, done: int, total: int | None) -> None:
        if stage not in self.stages:
            return
        self.display.advance(key, stage, done, total)
        self.flights[key] = Flight(self.clips[key].file.name, stage, done, total)
        if time.monotonic() - self.flights_saved > _LEDGER_EVERY:
            self._save()
            self.flights_saved = time.monotonic()

    def _probe_task(self, number: int, keys: Sequence[int], *, alone: bool = False) -> Task:
        paths = [self.clips[key].file.path for key in keys]
        return Task(number, probe_clips, (paths, self.settings), alone=alone)

    def _take_probe(self, key: int, answer: Probed | BlurError) -> None:
        clip = self.clips[key]
        if isinstance(answer, Probed):
            self.todo[key] = answer
            clip.entry = replace(
                clip.entry, frames=answer.frames, width=answer.width, height=answer.height
            )
        elif isinstance(answer, NotAClip) and not clip.file.claims_pictures:
            report = replace(_failed(clip.file.name, answer), state=State.SKIPPED)
            clip.entry = replace(clip.entry, state=State.SKIPPED, report=report)
            self.skipped.append(_skipped(clip))
        else:
            self._fail(key, answer)

    def _name_outputs(self) -> None:
        """Among namesakes, the clip that needs no new extension keeps the plain name."""
        probed = [(key, self.clips[key], info.suffix) for key, info in self.todo.items() if info]
        for key, clip, suffix in sorted(
            probed, key=lambda p: (p[1].file.path.suffix.lower() != p[2], p[1].file.name)
        ):
            self.inventory.name_output(clip, suffix)
            if clip.refused is not None:
                self.todo[key] = None
                self._fail(key, clip.refused)

    def _task(self, key: int, probed: Probed) -> Task:
        clip = self.clips[key]
        job = ClipJob(
            clip.file.path, self.folder.out, clip.entry, self.settings, self.scan, self.render
        )
        disk = probed.disk if self.render else 0
        return Task(key, process_clip, job, probed.memory, disk)

    def _fail(self, key: int, error: BlurError) -> None:
        """Note a failure. A clip that failed has no output, not even an earlier one."""
        if isinstance(error, Interrupted):
            return
        clip = self.clips[key]
        if not isinstance(error, ClipChanged) and _growing(clip.file):
            error = ClipChanged("is still growing")
        state = State.LATER if isinstance(error, ClipChanged) else State.FAILED
        error = _without_paths(error, clip.file)
        for entry in (clip.entry, clip.before):
            if self.render and entry is not None:
                self._remove_output(entry)
        report = replace(_failed(clip.file.name, error), state=state)
        clip.entry = replace(clip.entry, state=state, report=report)
        if clip.refused is None:
            self._save(clip)
        self.display.say(f"{state}: {clip.file.name}: {error.problem} ({error.remedy})")

    def _remove_output(self, entry: Entry) -> None:
        if entry.output is not None:
            (self.folder.out / from_text(entry.output)).unlink(missing_ok=True)

    def _sweep(self) -> None:
        """Remove what a crash left half-written; nobody else writes here while we hold the lock."""
        parts = list(self.folder.root.rglob(".*.part"))
        for entry in self.ledger.entries():
            if entry.output is not None:
                output = self.folder.out / from_text(entry.output)
                parts.append(output.with_name(f".{output.name}.part"))
        for part in parts:
            part.unlink(missing_ok=True)


def _failed(name: str, error: BlurError) -> ClipReport:
    return ClipReport(name=name, state=State.FAILED, error=Problem.of(error))


def _skipped(clip: Clip) -> Skipped:
    report = clip.entry.report
    return Skipped(clip.file.name, report.error.problem if report and report.error else "")


def _growing(file: Candidate) -> bool:
    """Whether a file that failed is being written to, and may only be incomplete."""
    age = time.time() - file.mtime_ns / 1e9
    if age < 10 * _SETTLE:
        time.sleep(min(_SETTLE, max(0.0, 2 * _SETTLE - age)))
    try:
        status = file.path.stat()
    except OSError:
        return False
    return (status.st_size, status.st_mtime_ns) != (file.size, file.mtime_ns)


def _without_paths(error: BlurError, file: Candidate) -> BlurError:
    """The same error without the folder names that a library may have put into its words."""
    problem = error.problem.replace(str(file.path.absolute()), file.name)
    return type(error)(problem, subject=file.name, remedy=error.remedy)
