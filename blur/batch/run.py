"""A batch from inputs to report, as a recipe."""

from __future__ import annotations

import re
import shutil
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack, closing
from pathlib import Path
from typing import TYPE_CHECKING

from msgspec.structs import replace

import blur
from blur.batch.discover import Candidate, discover
from blur.batch.display import Display, Quiet
from blur.batch.forecast import Forecast, forecast, measure, pick
from blur.batch.inventory import Clip
from blur.batch.schedule import Paused, Retried, Schedule, Started, drain
from blur.batch.segment_tasks import Parts, pieces
from blur.batch.survey import Survey
from blur.clip import ClipJob, process_clip
from blur.errors import (
    BlurError,
    ClipChanged,
    DiskFull,
    Exit,
    Interrupted,
    OutputError,
)
from blur.process.executor import Executor, Outcome, Task, Tell
from blur.process.make import make_executor
from blur.process.stop import Stop
from blur.settings import AuditMode, BatchSettings, Settings
from blur.store.digests import installation
from blur.store.folder import WorkFolder
from blur.store.ledger import Entry, Flight, Ledger, read, save_key
from blur.store.names import from_text
from blur.store.report import BatchReport, ClipReport, Problem, State, exit_code

if TYPE_CHECKING:
    from blur.process.progress import Progress

_SETTLE = 1.0
_LEDGER_EVERY = 1.0


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
    settings, display = settings or Settings(), display or Quiet()
    folder, stop = WorkFolder(out), Stop()
    began = time.monotonic()
    found = discover(inputs, out, settings.batch.include, settings.batch.exclude)
    folder.create()
    with ExitStack() as stack:
        stack.enter_context(folder.locked())
        ledger = stack.enter_context(closing(Ledger(folder)))
        if ledger.rebuilt:
            display.say("the ledger was damaged; rebuilt from the records of finished clips")
        stack.enter_context(stop.on_signals())
        stack.callback(display.close)
        survey = Survey(found, ledger.entries(), folder, settings, scan=scan, render=render)
        batch = _Batch(folder, ledger, settings, display, survey, scan=scan, render=render)
        executor = stack.enter_context(_executor(batch.tell, stop, settings, serial, display.say))
        _check_device(settings.batch.device, executor, stop)
        survey.probe(executor, stop)
        batch.enter()
        batch.work(executor, stop)
        clips = [_failed(name, error) for name, error in found.unreadable] + batch.reports()
        report = BatchReport(
            version=blur.__version__,
            settings=replace(settings, batch=BatchSettings()),  # it may hold paths and names
            clips=sorted(clips, key=lambda c: c.name),
            skipped=survey.skipped,
            exit_code=exit_code(clips, interrupted=stop.requested),
            seconds=round(time.monotonic() - began, 3),
        )
        try:
            (report.without_names() if settings.batch.rename else report).save(out)
        except OutputError as error:
            display.say(str(error))
            return replace(report, exit_code=Exit.FAILED)
    return report


def dry_run(
    inputs: Sequence[Path],
    out: Path,
    settings: Settings | None = None,
    *,
    scan: bool = True,
    render: bool = True,
    serial: bool = False,
) -> Forecast:
    """What `run` would do, and an estimate of its time and space. Leaves nothing behind."""
    settings = settings or Settings()
    folder, stop = WorkFolder(out), Stop()
    found = discover(inputs, out, settings.batch.include, settings.batch.exclude)
    entries = read(folder)[0] if folder.ledger.exists() else []
    survey = Survey(found, entries, folder, settings, scan=scan, render=render)
    with stop.on_signals(), _executor(_ignore, stop, settings, serial, _ignore) as executor:
        _check_device(settings.batch.device, executor, stop)
        survey.probe(executor, stop)
        executor.expect(len(survey.probed))
        samples = [
            Task(key, measure, (survey.clips[key].file.path, out, settings), alone=True)
            for key in pick(survey.probed)
        ]
        outcomes = list(drain(Schedule(samples, executor.memory), executor, stop))
        slots = executor.slots
    if stop.requested:
        raise Interrupted("stopped")
    return forecast(
        [(survey.clips[key].file.name, survey.why[key]) for key in survey.probed],
        survey.probed.values(),
        [e.result for e in outcomes if isinstance(e, Outcome) and e.result is not None],
        failing=survey.failing(),
        kept=survey.kept(),
        skipped=len(survey.skipped),
        out=out,
        slots=max(1, slots),
    )


def _ignore(*_: object) -> None: ...


def _executor(
    tell: Tell, stop: Stop, settings: Settings, serial: bool, say: Callable[[str], None]
) -> Executor:
    return make_executor(tell, stop, settings.batch, say=say, identity=installation, serial=serial)


def _check_device(device: str, executor: Executor, stop: Stop) -> None:
    """Let a worker, off the network, build a detector there, before any clip is begun. Raises what
    it raises: UsageError or SetupError where the device cannot be used."""
    if device.lower() == BatchSettings().device:
        return
    for event in drain(Schedule([Task(0, _try, device)], executor.memory), executor, stop):
        if isinstance(event, Outcome) and event.error is not None:
            raise event.error


def _try(device: str, progress: Progress) -> None:
    from blur.detect.registry import load_detector, use_device

    use_device(device)
    load_detector("yunet")


class _Batch:
    """Takes the clips of a survey down the corridor, and keeps the ledger."""

    def __init__(
        self,
        folder: WorkFolder,
        ledger: Ledger,
        settings: Settings,
        display: Display,
        survey: Survey,
        *,
        scan: bool,
        render: bool,
    ) -> None:
        self._folder = folder
        self._ledger = ledger
        self._settings = settings
        self._display = display
        self._survey = survey
        self._clips = survey.clips
        self._scan, self._render = scan, render
        audit = render and settings.audit.audit is not AuditMode.OFF
        self._stages = ("scan", "follow") * scan + ("render",) * render + ("audit",) * audit
        self._flights: dict[int, Flight] = {}
        self._flights_saved = 0.0
        self._unsaved: list[Clip] = []
        self._parts = Parts(first_key=len(self._clips))
        self._shown: set[int] = set()

    def enter(self) -> None:
        """Enter in the ledger what the survey found, and let go of what a crash left."""
        survey = self._survey
        for key, clip in self._clips.items():
            if clip.before is not None and clip.before.place != clip.entry.place:
                self._ledger.move(clip.before, clip.entry)
                clip.before = None
            error = clip.refused or survey.failed.get(key)
            if error is not None:
                self._fail(key, error)
        self._save(*(clip for clip in self._clips.values() if clip.refused is None))
        if self._settings.batch.rename:
            save_key(self._folder, self._ledger.entries())
        self._sweep()
        if kept := survey.kept():
            self._display.say(f"{kept} clips are finished, {len(survey.probed)} to do")

    def work(self, executor: Executor, stop: Stop) -> None:
        """Take every clip down the corridor, longest first."""
        probed = self._survey.probed
        longest_first = sorted(probed, key=lambda key: -probed[key].work)
        tasks = [self._parts.first(self._task(key), probed[key].frames) for key in longest_first]
        executor.expect(sum(pieces(probed[key].frames) for key in probed))
        schedule = Schedule(
            tasks, executor.memory, lambda: shutil.disk_usage(self._folder.out).free
        )
        self._display.begin({key: probed[key].frames for key in longest_first}, self._stages)
        patience = self._settings.batch.disk_wait
        for event in drain(schedule, executor, stop, patience):
            match event:
                case Started(task):
                    self._start(task.key)
                case Retried(task, error):
                    self._land(task.key)
                    self._note(task.key, error, "it will be tried again")
                case Paused():
                    self._display.say(
                        f"waiting: no space left for the next clip;"
                        f" free some within {patience:g} s to go on"
                    )
                case Outcome(task, _, error) if task.key in self._parts:
                    self._parts.after(event, schedule)
                    if error is not None and not isinstance(error, Interrupted):
                        self._note(task.key, error, "it will be scanned in one piece")
                case Outcome():
                    self._land(event.task.key)
                    self._end(event.task.key, event)
        self._save()

    def reports(self) -> list[ClipReport]:
        return [
            clip.entry.report or ClipReport(name=clip.file.name, state=State.FOUND)
            for clip in self._clips.values()
            if clip.entry.state is not State.SKIPPED
        ]

    def tell(self, key: int, stage: str, done: int, total: int | None) -> None:
        """Hear of a clip's progress."""
        if stage not in self._stages:
            return
        if key in self._parts:
            done, key = self._parts.done(key, done), self._parts.clip_of(key)
        self._display.advance(key, stage, done, total)
        self._flights[key] = Flight(self._clips[key].file.name, stage, done, total)
        if time.monotonic() - self._flights_saved > _LEDGER_EVERY:
            self._save()
            self._flights_saved = time.monotonic()

    def _task(self, key: int) -> Task:
        clip, probed = self._clips[key], self._survey.probed[key]
        job = ClipJob(
            path=clip.file.path,
            out=self._folder.out,
            entry=clip.entry,
            settings=self._settings,
            scan=self._scan,
            render=self._render,
        )
        disk = probed.disk if self._render else 0
        return Task(key, process_clip, job, memory=probed.memory, disk=disk)

    def _start(self, key: int) -> None:
        clip = self._clips[self._parts.clip_of(key)]
        if key not in self._parts:
            clip.entry = replace(clip.entry, attempts=clip.entry.attempts + 1)
            self._save(clip)
        key = self._parts.clip_of(key)
        if key not in self._shown:
            self._shown.add(key)
            self._display.start(key, clip.file.name)

    def _land(self, key: int) -> None:
        if key in self._shown:  # a clip may end without having begun, for want of disk
            self._shown.remove(key)
            self._flights.pop(key, None)
            self._display.end(key)

    def _note(self, key: int, error: BlurError, what: str) -> None:
        name = self._clips[self._parts.clip_of(key)].file.name
        self._display.say(f"{name}: {error.problem}; {what}")

    def _end(self, key: int, outcome: Outcome) -> None:
        clip = self._clips[key]
        if outcome.error is not None:
            self._fail(key, outcome.error)
            self._folder.log(clip.file.name, _bare(outcome.details, clip.file))
            return
        clip.entry = replace(outcome.result, attempts=clip.entry.attempts)
        self._save(clip)
        if clip.before is not None:  # its output has another name now
            self._remove_output(clip.before)

    def _fail(self, key: int, error: BlurError) -> None:
        """Note a failure. A clip that failed has no output, not even an earlier one."""
        if isinstance(error, Interrupted):
            return
        clip = self._clips[key]
        if not isinstance(error, ClipChanged) and _growing(clip.file):
            error = ClipChanged("is still growing")
        state = State.LATER if isinstance(error, ClipChanged) else State.FAILED
        error = _without_paths(error, clip.file)
        for entry in (clip.entry, clip.before):
            if self._render and entry is not None:
                self._remove_output(entry)
        report = replace(_failed(clip.file.name, error), state=state)
        clip.entry = replace(clip.entry, state=state, report=report)
        if clip.refused is None:
            self._save(clip)
        self._display.say(f"{state}: {clip.file.name}: {error.problem} ({error.remedy})")

    def _save(self, *clips: Clip) -> None:
        """Enter clips in the ledger: now, or when the disk has room again for it.

        What it never learns is not lost: finished clips have their record.
        """
        self._unsaved += clips
        try:
            self._ledger.put(clip.entry for clip in self._unsaved)
            self._ledger.fly(self._flights.values())
        except DiskFull:
            return
        self._unsaved.clear()

    def _remove_output(self, entry: Entry) -> None:
        if entry.output is not None:
            (self._folder.out / from_text(entry.output)).unlink(missing_ok=True)

    def _sweep(self) -> None:
        """Remove what a crash left half-written; nobody else writes here while we hold the lock."""
        parts = list(self._folder.root.rglob(".*.part"))
        for entry in self._ledger.entries():
            if entry.output is not None:
                output = self._folder.out / from_text(entry.output)
                unaudited = output.with_name(f".{output.name}.part")
                parts += [unaudited, unaudited.with_name(f".{unaudited.name}.part")]
        for part in parts:
            part.unlink(missing_ok=True)


def _failed(name: str, error: BlurError) -> ClipReport:
    return ClipReport(name=name, state=State.FAILED, error=Problem.of(error))


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
    return type(error)(_bare(error.problem, file), subject=file.name, remedy=error.remedy)


_FOLDERS = re.compile(
    r"""/[^'"\n]*/site-packages/|(?<=['"])/[^'"\n]*/|(?<![\w/.:])/(?:[^/\s'"]+/)+"""
)


def _bare(text: str, file: Candidate) -> str:
    """A text without the names of folders, often of people, that a library put into it."""
    return _FOLDERS.sub("", text.replace(str(file.path.absolute()), file.name))
