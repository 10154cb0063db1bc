"""The work ahead: every file looked at, nothing changed yet."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

from msgspec.structs import replace

from blur.batch.discover import Discovered
from blur.batch.inventory import Clip, Inventory
from blur.batch.resume import OTHER_BUILD, Wanted, unfinished
from blur.batch.schedule import Schedule, drain
from blur.batch.work import Probed, ProbeJob, RunRequest, probe_clips
from blur.errors import BlurError, CannotEncode, NotAClip, UsageError
from blur.process.executor import Executor, Outcome, Task
from blur.process.stop import Stop
from blur.settings import Verify
from blur.store.digests import render_digest, scan_digest
from blur.store.folder import WorkFolder
from blur.store.ledger import Entry, outputs_of
from blur.store.names import from_text, shown
from blur.store.report import ClipReport, Problem, Skipped, State
from blur.store.scrub import Known

_PROBES_PER_TASK = 32
"""Files that a worker probes at a time; more of them keep fewer workers busy."""


class Survey:
    """The clips of a run by number, in four groups.

    `why` gives the reason to work on a clip, `probed` its size, `failed` the error that prevents
    it. All others are finished, skipped, or refused by the inventory. `others` are clips of earlier
    runs whose outputs take numbers, before and after.
    """

    def __init__(self, found: Discovered, entries: Sequence[Entry], request: RunRequest) -> None:
        settings = request.settings
        thorough = settings.batch.verify is Verify.FULL
        self._settings, self._render = settings, request.render
        self._inventory = Inventory(
            request.folder, entries, rename=settings.batch.rename, thorough=thorough
        )
        self.clips: dict[int, Clip] = dict(enumerate(self._inventory.take(found.candidates)))
        self.others = self._inventory.others(self.clips.values())
        self.skipped = list(found.skipped)
        self.why: dict[int, str] = {}
        self.probed: dict[int, Probed] = {}
        self.failed: dict[int, BlurError] = {}
        wanted = Wanted(
            scan_digest=scan_digest(settings.scan) if request.scan else None,
            render_digest=render_digest(settings) if request.render else None,
            thorough=thorough,
        )
        for key, clip in self.clips.items():
            if clip.refused is not None:
                continue
            if clip.entry.state is State.SKIPPED and not clip.file.claims_pictures:
                self.skipped.append(_skipped(clip))
                continue
            why = unfinished(_as_it_lies(clip, request.folder), request.folder, wanted)
            if clip.entry.part != clip.file.part:
                why = why or "another part of it is wanted"
            if why:
                clip.entry = replace(
                    clip.entry, state=State.FOUND, report=None, part=clip.file.part
                )
                clip.notes = (f"worked on again: {why}",) if why == OTHER_BUILD else ()
                self.why[key] = why

    def probe(self, executor: Executor, stop: Stop, *, read: bool = True) -> None:
        """Probe the files to work on: no clips are skipped, damaged ones have failed.

        With `read`, each clip that was never read whole is, for its hash. Raises UsageError if no
        encoder opens for any film, so that a bad option costs no earlier output.
        """
        self._read = read
        keys = list(self.why)
        chunks = {i: keys[i : i + _PROBES_PER_TASK] for i in range(0, len(keys), _PROBES_PER_TASK)}
        schedule = Schedule([self._task(i, chunk) for i, chunk in chunks.items()], executor.memory)
        for event in drain(schedule, executor, stop):
            if not isinstance(event, Outcome):
                continue
            chunk = chunks[event.task.key]
            if event.error is not None and len(chunk) > 1:
                for key in chunk:  # one file took the worker with it: find out which
                    chunks[-1 - key] = [key]
                    schedule.tasks.append(self._task(-1 - key, [key], alone=True))
                continue
            for key, answer in zip(chunk, event.result or [event.error], strict=True):
                self._take(key, answer)
        self._require_encoders()
        self._name_outputs()

    def ahead(self) -> list[str]:
        """Lines for a person: how many clips are kept, and how many are not trusted any more."""
        lines = []
        if kept := self.kept():
            lines.append(f"{kept} clips are finished, {len(self.probed)} to do")
        if others := sum(why == OTHER_BUILD for why in self.why.values()):
            lines.append(f"{others} clips were {OTHER_BUILD} and are worked on again")
        return lines

    def kept(self) -> int:
        """The number of clips that an earlier run finished."""
        states = [clip.entry.state for clip in self.clips.values() if clip.refused is None]
        return sum(state in (State.SCANNED, State.DONE) for state in states)

    def failing(self) -> list[tuple[str, str]]:
        """The files that cannot be worked on, with their problems."""
        errors = [(clip, clip.refused or self.failed.get(k)) for k, clip in self.clips.items()]
        return [(clip.file.name, error.problem) for clip, error in errors if error is not None]

    def reports(self) -> list[ClipReport]:
        """Where each clip stands now."""
        return [
            clip.entry.report
            or ClipReport(name=clip.file.name, state=State.FOUND, notes=list(clip.notes))
            for clip in self.clips.values()
            if clip.entry.state is not State.SKIPPED
        ]

    def known(self, found: Discovered) -> list[Known]:
        """Every file that was found, for its name and folders to be taken out of the report."""
        clips = [
            Known(c.file.path, c.file.name, c.entry.output and shown(from_text(c.entry.output)))
            for c in self.clips.values()
        ]
        others = [name for name, _ in found.unreadable] + [s.name for s in self.skipped]
        return clips + [Known(Path(name), name) for name in others if name]

    def _task(self, number: int, keys: Sequence[int], *, alone: bool = False) -> Task:
        clips = [self.clips[key] for key in keys]
        unread = [c.file.path for c in clips if self._read and c.entry.sha256 is None]
        paths = [c.file.path for c in clips]
        job = ProbeJob(paths, unread, self._settings, self._render)
        return Task(number, probe_clips, job, alone=alone)

    def _take(self, key: int, answer: Probed | BlurError) -> None:
        clip = self.clips[key]
        if isinstance(answer, Probed):
            self.probed[key] = answer
            clip.entry = replace(
                clip.entry,
                frames=answer.frames,
                width=answer.width,
                height=answer.height,
                sha256=answer.sha256 or clip.entry.sha256,
            )
        elif isinstance(answer, NotAClip) and not clip.file.claims_pictures:
            report = ClipReport(name=clip.file.name, state=State.SKIPPED, error=Problem.of(answer))
            clip.entry = replace(clip.entry, state=State.SKIPPED, report=report)
            self.skipped.append(_skipped(clip))
        else:
            self.failed[key] = answer

    def _require_encoders(self) -> None:
        refused = [e for e in self.failed.values() if isinstance(e, CannotEncode)]
        if not refused or self.kept() or not all(probed.still for probed in self.probed.values()):
            return
        first = refused[0]
        others = f", and {len(refused) - 1} other clips cannot be encoded" * (len(refused) > 1)
        raise UsageError(f"{first.problem}{others}", subject=first.subject, remedy=first.remedy)

    def _name_outputs(self) -> None:
        """Name the outputs; of namesakes, the clip that keeps its extension has the plain name."""

        def order(key: int) -> tuple[bool, str]:
            file = self.clips[key].file
            return file.path.suffix.lower() != self.probed[key].suffix, file.name

        for key in sorted(self.probed, key=order):
            clip = self.clips[key]
            probed = self.probed[key]
            proxy_suffix = probed.proxy_suffix if self._render else None
            self._inventory.name_outputs(clip, probed.suffix, proxy_suffix, probed.alone)
            if clip.refused is not None:
                del self.probed[key]


def _as_it_lies(clip: Clip, folder: WorkFolder) -> Entry:
    """The clip's entry from before a move, unless a run that was cut off moved its output."""
    earlier = outputs_of([clip.before] if clip.before else [], folder)
    there = clip.before is not None and any(map(os.path.lexists, earlier))
    return clip.before if there and clip.before else clip.entry


def _skipped(clip: Clip) -> Skipped:
    report = clip.entry.report
    return Skipped(clip.file.name, report.error.problem if report and report.error else "")
