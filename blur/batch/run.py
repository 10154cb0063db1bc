"""A batch from inputs to report, as a recipe."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack, closing
from pathlib import Path, PurePosixPath

from msgspec.structs import replace

from blur._version import __version__
from blur.batch.discover import Discovered, discover
from blur.batch.display import Display, Quiet
from blur.batch.forecast import Forecast, forecast
from blur.batch.numbers import save_key
from blur.batch.sample import Sample, measure, pick
from blur.batch.schedule import Schedule, drain
from blur.batch.segment_tasks import segment_count
from blur.batch.survey import Survey
from blur.batch.walk import Walk, check_device
from blur.batch.work import RunRequest
from blur.errors import BlurError, Exit, Interrupted, OutputError, UsageError
from blur.process.executor import Outcome, Task
from blur.process.make import make_executor
from blur.process.stop import Stop
from blur.settings import BatchSettings, Settings
from blur.store.adopt import adopted
from blur.store.checks import with_checks
from blur.store.digests import installation
from blur.store.folder import WorkFolder
from blur.store.ledger import Entry, Ledger, outputs_of, read_ledger
from blur.store.mended import settle
from blur.store.names import from_text
from blur.store.report import (
    PAGE_NAME,
    REPORT_NAME,
    BatchReport,
    ClipReport,
    Problem,
    State,
    exit_code,
    for_report,
    load_report,
)
from blur.store.shift import shift_of

_PATIENCE = 1.0
"""Seconds to wait for the folder's lock; more delay the refusal of a second run."""


def run(
    inputs: Sequence[Path],
    out: Path,
    settings: Settings | None = None,
    *,
    scan: bool = True,
    render: bool = True,
    serial: bool = False,
    display: Display | None = None,
    sift: Callable[[Discovered], Discovered] | None = None,
    stop: Stop | None = None,
) -> BatchReport:
    """Cover every clip below `inputs` and write it to the same place below `out`.

    Clips that an earlier run finished are verified and kept. With `render` false the batch stops
    at the plans; with `scan` false it starts from them. `serial` works in this process, for tests
    and debugging. `sift` chooses among the files found, `stop` is set by signals. A clip that fails
    stands in the report and does not end the batch. Raises UsageError, OutputError or SetupError if
    nothing can start, and Interrupted on a second stop.
    """
    began = time.monotonic()
    display, stop = display or Quiet(), stop or Stop()
    request = RunRequest(WorkFolder(out), settings or Settings(), scan, render)
    folder, options = request.folder, request.settings.batch
    _require_drawable(request.settings)
    found = discover(inputs, out, options.include, options.exclude)
    if sift is not None:
        found = sift(found)
    _require_own_reports(folder)
    _require_numbers(folder, options)
    folder.create()
    with ExitStack() as stack:
        stack.enter_context(folder.locked(_PATIENCE))
        shift_of(folder, request.settings.output)  # before two workers could
        stack.enter_context(folder.failures_logged("the batch"))
        ledger = stack.enter_context(closing(Ledger(folder)))
        if not folder.private:
            display.say(
                "the file system of the output folder keeps no modes (FAT, exFAT): other users of"
                " this machine can read plans and reports there"
            )
        if ledger.rebuilt:
            display.say("the ledger was damaged; rebuilt from the records of finished clips")
        settle(folder)
        ledger.put(adopted(folder, ledger.entries()))
        stack.enter_context(stop.on_signals())
        stack.enter_context(stop.on_file(folder.pause))
        stack.callback(display.close)
        survey = Survey(found, ledger.entries(), request)
        walk = Walk(request, ledger, display, survey.clips, survey.probed)
        executor = stack.enter_context(
            make_executor(
                walk.tell, stop, options, say=display.say, identity=installation, serial=serial
            )
        )
        check_device(options.device, executor, stop)
        survey.probe(executor, stop)
        _enter(survey, walk, ledger, request)
        folder.sweep(outputs_of(ledger.entries(), folder))
        for line in survey.ahead():
            display.say(line)
        walk.work(executor, stop)
        report = _report(found, survey, request, stopped=stop.requested, began=began)
        try:
            report = with_checks(report, folder, ledger.entries())
            report.save(out, survey.known(found))
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
    """Forecast the work, time and space of a `run`. Leaves nothing behind."""
    began, stop = time.monotonic(), Stop()
    request = RunRequest(WorkFolder(out), settings or Settings(), scan, render)
    folder, options = request.folder, request.settings.batch
    found = discover(inputs, out, options.include, options.exclude)
    _require_numbers(folder, options)
    survey = Survey(found, read_ledger(folder)[0] if folder.ledger.exists() else [], request)
    executor = make_executor(
        _unheard, stop, options, say=_unheard, identity=installation, serial=serial
    )
    with stop.on_signals(), executor:
        check_device(options.device, executor, stop)
        survey.probe(executor, stop, read=False)
        executor.expect(sum(segment_count(clip.frames) for clip in survey.probed.values()))
        slots, surveyed = executor.slots, time.monotonic() - began
        samples = [
            Task(
                number,
                measure,
                (survey.clips[key].file.path, out, request.settings, share),
                memory=survey.probed[key].memory,
                parts=slots,  # a sample has no more cores than a clip amid others
            )
            for number, (key, share) in enumerate(pick(survey.probed))
        ]
        outcomes = list(drain(Schedule(samples, executor.memory), executor, stop))
    if stop.requested:
        raise Interrupted("stopped")
    return forecast(
        [(survey.clips[key].file.name, survey.why[key]) for key in survey.probed],
        survey.probed.values(),
        [e.result for e in outcomes if isinstance(e, Outcome) and isinstance(e.result, Sample)],
        failing=sorted([(n, e.problem) for n, e in found.unreadable] + survey.failing()),
        kept=survey.kept(),
        skipped=len(survey.skipped),
        out=out,
        slots=max(1, slots),
        surveyed=surveyed,
    )


def _unheard(*_: object) -> None: ...


def _require_numbers(folder: WorkFolder, options: BatchSettings) -> None:
    """Raises UsageError for a run that would name the clips of a folder that only has numbers."""
    if not options.rename and folder.key.exists():
        raise UsageError(
            "its outputs are numbered (--rename), and a run without that option would name their"
            " clips in the report",
            subject=folder.out,
            remedy="give --rename again, or choose another output folder",
        )


def _require_drawable(settings: Settings) -> None:
    """Raises BadOption for a text to burn in that this machine cannot draw."""
    if settings.output.burn_in:
        from blur.render.lettering import require_drawable

        require_drawable(settings.output.burn_in)


def _require_own_reports(folder: WorkFolder) -> None:
    """Raises UsageError for reports in OUT that no earlier run made."""
    if folder.ledger.exists() or load_report(folder.out) is not None:
        return
    for name in (REPORT_NAME, PAGE_NAME):
        if os.path.lexists(folder.out / name):
            raise UsageError(
                "the output folder already holds a file of this name that blur did not make",
                subject=name,
                remedy="move that file away, or choose another output folder",
            )


def _enter(survey: Survey, walk: Walk, ledger: Ledger, request: RunRequest) -> None:
    """Enter in the ledger what the survey found, on the disk before any output is."""
    numbers = request.settings.batch.rename
    moving = survey.others or any(clip.before for clip in survey.clips.values())
    if numbers and moving:  # first, since it marks the folder: see `_require_numbers`
        save_key(request.folder, ledger.entries())
    for old, new in survey.others:
        ledger.move(old, new)
    for key, clip in survey.clips.items():
        if clip.before is not None and _moves(clip.before, clip.entry):
            ledger.move(clip.before, clip.entry)
            clip.before = None
        error = clip.refused or survey.failed.get(key)
        if error is not None:
            walk.fail(key, error)
    walk.save(*(clip for clip in survey.clips.values() if clip.refused is None))
    ledger.sync()
    if numbers:
        save_key(request.folder, ledger.entries())


def _moves(old: Entry, new: Entry) -> bool:
    """Whether a clip or its output moves; in another format or size, the new output comes first."""
    if old.place != new.place:
        return True
    if old.alone != new.alone:
        return False
    names = [from_text(e.output) for e in (old, new) if e.output]
    return len(names) == 2 and names[0] != names[1] and _kind(names[0]) == _kind(names[1])


def _kind(name: PurePosixPath) -> str:
    return name.suffix.lower()


def _report(
    found: Discovered, survey: Survey, request: RunRequest, *, stopped: bool, began: float
) -> BatchReport:
    clips = [_unreadable(name, error) for name, error in found.unreadable] + survey.reports()
    return BatchReport(
        version=__version__,
        settings=for_report(request.settings),
        clips=sorted(clips, key=lambda c: c.name),
        skipped=survey.skipped,
        exit_code=exit_code(clips, interrupted=stopped),
        seconds=round(time.monotonic() - began, 3),
    )


def _unreadable(name: str, error: BlurError) -> ClipReport:
    return ClipReport(name=name, state=State.FAILED, error=Problem.of(error))
