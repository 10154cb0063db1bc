"""A batch from inputs to report, as a recipe."""

from __future__ import annotations

import time
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path

import psutil
from msgspec.structs import replace

import blur
from blur.batch.discover import Candidate, Found, Skipped, discover
from blur.batch.executor import Executor, Outcome, SerialExecutor, Task
from blur.batch.naming import collision_key, output_name
from blur.batch.processes import ProcessExecutor
from blur.batch.progress import Display, Quiet
from blur.batch.report import BatchReport, ClipReport, Problem, State, exit_code
from blur.batch.schedule import Schedule, drain
from blur.batch.stopping import Stop
from blur.batch.work import ClipJob, Probed, probe_clips, process_clip
from blur.batch.workdir import WorkFolder
from blur.errors import BlurError, ClipChanged, Interrupted, NotAClip, WorkerLost
from blur.fingerprint import fingerprint
from blur.settings import Settings, cpu_count

_PROBES_PER_TASK = 32
_SETTLE = 1.0
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

    With `render` false the batch stops at the plans; with `scan` false it starts from them.
    `serial` works in this process, for tests and debugging. One clip's failure never ends the
    batch: it stands in the report. Raises UsageError, OutputError or SetupError when nothing
    can start, and Interrupted when asked to stop twice.
    """
    return _Batch(out, settings or Settings(), scan, render, serial, display or Quiet()).run(inputs)


class _Batch:
    def __init__(
        self,
        out: Path,
        settings: Settings,
        scan: bool,
        render: bool,
        serial: bool,
        display: Display,
    ) -> None:
        self.folder = WorkFolder(out)
        self.settings = settings
        self.stages = ("scan", "follow") * scan + ("render",) * render
        self.scan, self.render, self.serial = scan, render, serial
        self.display = display
        self.stop = Stop()
        self.memory = int(psutil.virtual_memory().total * _MEMORY_SHARE)
        self.reports: dict[int, ClipReport] = {}
        self.skipped: list[Skipped] = []

    def run(self, inputs: Sequence[Path]) -> BatchReport:
        began = time.monotonic()
        options = self.settings.batch
        found = discover(inputs, self.folder.out, options.include, options.exclude)
        self.folder.create()
        with ExitStack() as stack:
            stack.enter_context(self.folder.locked())
            stack.enter_context(self.stop.on_signals())
            stack.callback(self.display.close)
            executor = stack.enter_context(self._executor())
            self._refuse_unreadable(found)
            self.clips = dict(enumerate(found.candidates))
            self.skipped += found.skipped
            probed = self._probe(executor)
            jobs = self._jobs(probed)
            self._work(executor, jobs, probed)
        clips = sorted(self.reports.values(), key=lambda c: c.name)
        report = BatchReport(
            version=blur.__version__,
            settings=self.settings,
            clips=clips,
            skipped=self.skipped,
            exit_code=exit_code(clips, interrupted=self.stop.requested),
            seconds=round(time.monotonic() - began, 3),
        )
        report.save(self.folder.out)
        return report

    def _executor(self) -> Executor:
        if self.serial:
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

    def _tell(self, key: int, stage: str, done: int, total: int | None) -> None:
        if stage in self.stages:
            self.display.advance(key, stage, done, total)

    def _refuse_unreadable(self, found: Found) -> None:
        for number, (name, error) in enumerate(found.unreadable):
            self.reports[-1 - number] = _failed(name, error)
            self.display.say(f"failed: {name}: {error.problem} ({error.remedy})")

    def _probe(self, executor: Executor) -> dict[int, Probed]:
        """What each candidate is. Files that are no clips are skipped, damaged ones fail."""
        answers: dict[int, Probed] = {}
        keys = list(self.clips)
        chunks = [keys[i : i + _PROBES_PER_TASK] for i in range(0, len(keys), _PROBES_PER_TASK)]
        schedule = Schedule(map(self._probe_task, chunks), self.memory)

        def on_outcome(outcome: Outcome) -> None:
            chunk = [key for key in keys if self.clips[key].path in outcome.task.argument[0]]
            if outcome.result is None and len(chunk) > 1 and not self.stop.requested:
                for key in chunk:  # one file took the worker with it: find out which
                    schedule.put_back(self._probe_task([key]))
                return
            results = outcome.result or [outcome.error] * len(chunk)
            for key, answer in zip(chunk, results, strict=True):
                if isinstance(answer, Probed):
                    answers[key] = answer
                else:
                    self._no_clip(key, answer)

        drain(schedule, executor, self.stop, lambda task: None, on_outcome)
        return answers

    def _probe_task(self, keys: Sequence[int]) -> Task:
        paths = [self.clips[key].path for key in keys]
        return Task(keys[0], probe_clips, (paths, self.settings))

    def _no_clip(self, key: int, error: BlurError) -> None:
        clip = self.clips[key]
        if isinstance(error, NotAClip) and not clip.claims_pictures:
            self.skipped.append(Skipped(clip.name, error.problem))
        else:
            self._fail(key, error)

    def _jobs(self, probed: dict[int, Probed]) -> dict[int, ClipJob]:
        """A work order for each clip, longest first."""
        taken: set[str] = set()
        jobs: dict[int, ClipJob] = {}
        for key, info in probed.items():
            clip = self.clips[key]
            name = output_name(clip.relative, info.suffix, taken)
            taken.add(collision_key(name))
            try:
                identity = fingerprint(clip.path)
            except OSError as error:
                self._fail(key, BlurError(f"cannot be read: {error.strerror}"))
                continue
            jobs[key] = ClipJob(
                clip.path,
                clip.name,
                self.folder.out,
                name,
                identity,
                self.settings,
                self.scan,
                self.render,
            )
        return dict(sorted(jobs.items(), key=lambda item: -probed[item[0]].work))

    def _work(
        self, executor: Executor, jobs: dict[int, ClipJob], probed: dict[int, Probed]
    ) -> None:
        """Take every clip down the corridor; one whose worker was lost is tried again, alone."""
        tasks = [Task(key, process_clip, job, probed[key].memory) for key, job in jobs.items()]
        schedule = Schedule(tasks, self.memory)
        self.display.begin({key: probed[key].frames for key in jobs}, self.stages)

        def on_outcome(outcome: Outcome) -> None:
            task, error = outcome.task, outcome.error
            if isinstance(error, WorkerLost) and not task.alone:
                self.display.say(f"{jobs[task.key].name}: {error.problem}; trying it again, alone")
                schedule.put_back(task)
            elif error is not None:
                self._fail(task.key, error)
            else:
                self.reports[task.key] = outcome.result
            self.display.end(task.key)

        drain(
            schedule,
            executor,
            self.stop,
            lambda task: self.display.start(task.key, jobs[task.key].name),
            on_outcome,
        )
        for key, job in jobs.items():
            if key not in self.reports:
                self.reports[key] = ClipReport(name=job.name, state=State.FOUND)

    def _fail(self, key: int, error: BlurError) -> None:
        clip = self.clips[key]
        if isinstance(error, Interrupted):
            return
        state = State.LATER if isinstance(error, ClipChanged) or _moving(clip) else State.FAILED
        if state is State.LATER and not isinstance(error, ClipChanged):
            error = ClipChanged("is still growing")
        error = _without_paths(error, clip)
        self.reports[key] = replace(_failed(clip.name, error), state=state)
        self.display.say(f"{state}: {clip.name}: {error.problem} ({error.remedy})")


def _failed(name: str, error: BlurError) -> ClipReport:
    return ClipReport(name=name, state=State.FAILED, error=Problem.of(error))


def _moving(clip: Candidate) -> bool:
    """Whether the file is being written to: a clip that failed may only be incomplete."""
    fresh = time.time() - clip.mtime_ns / 1e9 < 10 * _SETTLE
    if fresh:
        time.sleep(_SETTLE)
    try:
        status = clip.path.stat()
    except OSError:
        return False
    return (status.st_size, status.st_mtime_ns) != (clip.size, clip.mtime_ns)


def _without_paths(error: BlurError, clip: Candidate) -> BlurError:
    """The same error without the folder names that a library may have put into its words."""
    problem = error.problem.replace(str(clip.path.absolute()), clip.name)
    return type(error)(problem, subject=clip.name, remedy=error.remedy)
