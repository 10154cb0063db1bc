"""The report of a batch: `OUT/report.json`, and a table for the terminal.

Reports can be archived or handed on: they hold no pixels and no paths, see `published`.
"""

from __future__ import annotations

import enum
from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from shlex import quote
from typing import TypeVar

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from blur.data.findings import Audit, Residual
from blur.data.ready import ready
from blur.disk import atomic
from blur.disk.places import user_folder
from blur.errors import BlurError, Exit
from blur.settings import BatchSettings, Settings
from blur.settings.earlier import renamed
from blur.store.scrub import Known, Scrub

T = TypeVar("T")

REPORT_NAME = "report.json"
PAGE_NAME = "report.html"
STATEMENT_NAME = "statement.html"
OWN_NAMES = ("markers", "boxes", REPORT_NAME, PAGE_NAME, STATEMENT_NAME)
"""Files and folders in OUT itself beside outputs: private, or written anew with every check."""
_ROWS = 100
"""Clips in the table, the most doubtful first; more scroll failures out of sight."""
_SHOWN = 20
"""Lines of each kind below the table."""
_HEAD = "clip  state  frames  detections  covers  people  doubt  too much  time  speed"
_SPARE = ("speed", "time", "detections", "frames", "too much", "people", "covers")
"""Columns that a narrow table lacks, the first of them first."""

_COARSE_LOOKS = 24
"""Pixels, width of the smallest face that looks find, above which the table names it."""


class State(enum.StrEnum):
    """The state of a clip."""

    FOUND = "found"
    SCANNED = "scanned"
    DONE = "done"
    FAILED = "failed"
    LATER = "later"
    """Still growing, or replaced during the run: left for the next run."""
    SKIPPED = "skipped"
    """No clip at all."""

    @property
    def words(self) -> str:
        return {State.FOUND: "waiting", State.LATER: "next run"}.get(self, self.value)


class Skipped(Struct, frozen=True):
    """A file that was left out, with the reason."""

    name: str
    why: str


class Problem(Struct, frozen=True):
    """An error as it stands in the report."""

    problem: str
    remedy: str
    exit_code: int

    @classmethod
    def of(cls, error: BlurError) -> Problem:
        return cls(error.problem, error.remedy, error.exit_code)


class Signature(Struct, frozen=True, kw_only=True):
    """A person's word for a covered clip: initials, and the date and time, UTC.

    `watched` of `seconds` of it were played at twice its speed at most, and `heard` of `sounding`
    seconds of the sound that it keeps.
    """

    by: str
    at: str
    watched: float
    seconds: float
    heard: float = 0.0
    sounding: float = 0.0

    @property
    def words(self) -> str:
        told = f"{self.by} on {self.at[:10]}, {_share(self.watched, self.seconds)} % watched"
        if self.sounding:
            told += f", {_share(self.heard, self.sounding)} % of the sound heard"
        return told


def _share(part: float, whole: float) -> int:
    """Per cent, rounded down."""
    return min(100, int(100 * part / whole)) if whole else 0


class Uncovered(Struct, frozen=True, kw_only=True):
    """A person's decision to leave frames [start, end) of a face clear: `keep`, or `no-face` for a
    place that is none. `consent` refers to the person's; reasons, which may name people, are left
    to the statement.
    """

    decision: str
    start: int
    end: int
    consent: str = ""

    @property
    def words(self) -> str:
        what = "kept clear" if self.decision == "keep" else "no face"
        consent = f", consent {self.consent}" if self.consent else ""
        return f"frames {self.start}-{self.end - 1} {what}{consent}"


class ClipReport(Struct, frozen=True, kw_only=True):
    """One clip's line in the report. Names are relative to the input and to OUT.

    `sightings` are detections on all frames, `tracks` the covers that they were joined into,
    `people` the persons whom these seem to show, as far as they can be told.
    `damaged` frames could not be decoded and are missing or patched in the output.
    `doubts` are those of the scan and the audit, settled ones, too.
    `seconds` is what the work took, `doubt_seconds` the length of clip that may show a face, and
    `excess_seconds` the length where a cover may be too much. `audits` has one audit for each
    render, `checks` the people who watched this very output, `uncovered` the decisions that it was
    made with. `smallest_face` is the width in
    pixels of the smallest upright face that the scan's looks can find, 0 before a scan. A `draft`
    was made by the level of that name, and is not audited.
    """

    name: str
    state: State
    output: str | None = None
    frames: int = 0
    damaged: int = 0
    sightings: int = 0
    tracks: int = 0
    people: int = 0
    doubts: int = 0
    doubt_seconds: float = 0.0
    excess_seconds: float = 0.0
    smallest_face: int = 0
    draft: bool = False
    seconds: float = 0.0
    bytes_in: int = 0
    bytes_out: int = 0
    sha256_in: str | None = None
    sha256_out: str | None = None
    proxy: str | None = None
    proxy_sha256: str | None = None
    dropped: list[str] = []
    notes: list[str] = []
    audits: list[Audit] = []
    checks: list[Signature] = []
    uncovered: list[Uncovered] = []
    error: Problem | None = None

    @property
    def residuals(self) -> list[Residual]:
        """Faces that the last audit saw; in an output that is done they are clear."""
        return self.audits[-1].residuals if self.audits else []

    @property
    def silenced(self) -> list[str]:
        """Of what was left out, the sound: everybody knows that it was there."""
        return [what for what in self.dropped if what.startswith("sound")]

    @property
    def hidden(self) -> list[str]:
        """Of what was left out, data that nobody sees or hears."""
        return [what for what in self.dropped if not what.startswith("sound")]

    @property
    def verdict(self) -> str:
        """The state in words; of an output that is done and not verified, the reason."""
        if self.state is not State.DONE:
            return self.state.words
        if not self.audits:
            return "draft, not double-checked" if self.draft else "not double-checked"
        return "faces clear" if self.residuals else self.state

    @property
    def frames_per_second(self) -> float:
        return self.frames / self.seconds if self.seconds else 0.0


class BatchReport(Struct, frozen=True, kw_only=True):
    """The report of a batch; `clips` in order of name."""

    version: str
    settings: Settings
    clips: list[ClipReport]
    skipped: list[Skipped]
    exit_code: int
    seconds: float

    @property
    def locates_faces(self) -> bool:
        """Whether it tells where an output shows a clear face."""
        return any(clip.state is State.DONE and clip.residuals for clip in self.clips)

    def save(self, out: Path, files: Iterable[Known]) -> None:
        """Write OUT/report.json, whole or not at all, without folders; `files` are those known.

        Under `--rename` outputs stand for names. A report that locates faces can be read by its
        owner alone. Raises OutputError.
        """
        made = published(self, out, files)
        content = msgspec.json.format(msgspec.json.encode(made), indent=1)
        atomic.write(out / REPORT_NAME, content, private=made.locates_faces)


def published(report: BatchReport, out: Path, files: Iterable[Known]) -> BatchReport:
    """The report as others may read it: nothing in it tells a folder, or a name that goes."""
    rename = report.settings.batch.rename
    scrub = Scrub(files, [out, user_folder()], rename=rename)
    clips, skipped = report.clips, report.skipped
    if rename:
        clips = [
            replace(clip, name=clip.output or f"clip {number} without output")
            for number, clip in enumerate(clips, 1)
        ]
        skipped = [Skipped("", s.why) for s in skipped]
    return replace(
        report,
        settings=for_report(report.settings),
        clips=scrub.made(clips, but=("name", "output", "proxy")),
        skipped=scrub.made(skipped, but=("name",)),
    )


def for_report(settings: Settings) -> Settings:
    """The settings without those that may hold paths or names; the review renders with them.

    The review works on this machine, so the device of a cluster's workers goes as well.
    """
    batch = settings.batch
    return replace(
        settings,
        batch=BatchSettings(
            jobs=batch.jobs,
            device=BatchSettings().device if batch.cluster else batch.device,
            rename=batch.rename,
            verify=batch.verify,
            stall_timeout=batch.stall_timeout,
            disk_wait=batch.disk_wait,
        ),
    )


def decoded(content: bytes, kind: type[T]) -> T:
    """A report, or the part of it that `kind` holds, of this version or an earlier one.

    Raises msgspec.DecodeError.
    """
    written = msgspec.json.decode(content)
    if isinstance(written, dict) and isinstance(settings := written.get("settings"), dict):
        written["settings"] = renamed(settings)
    return msgspec.convert(written, kind)


def load_report(out: Path) -> BatchReport | None:
    """The report of an earlier run; None if there is none, or this version cannot read it."""
    try:
        return decoded((out / REPORT_NAME).read_bytes(), BatchReport)
    except (FileNotFoundError, IsADirectoryError, NotADirectoryError, msgspec.DecodeError):
        return None


def exit_code(clips: list[ClipReport], *, interrupted: bool) -> Exit:
    """The batch's exit code: a clip's own if all failures share one that says more than FAILED.

    Faces left clear in an output count as a failure, an output that was not audited as none.
    """
    if interrupted:
        return Exit.INTERRUPTED
    if not clips:
        return Exit.NOTHING
    codes = {Exit(c.error.exit_code) for c in clips if c.error}
    if any(c.damaged or c.state in (State.FOUND, State.LATER) for c in clips):
        codes.add(Exit.FAILED)
    done = [c for c in clips if c.state is State.DONE]
    if any(c.residuals for c in done):
        codes.add(Exit.RESIDUAL)
    if not codes:
        return Exit.UNAUDITED if any(not c.audits for c in done) else Exit.OK
    return codes.pop() if codes in ({Exit.RESIDUAL}, {Exit.SETUP}) else Exit.FAILED


def table(report: BatchReport, width: int | None = None) -> str:
    """The report for a terminal: a line per clip, then failures, notes and files left out.

    Of many clips only those with the most seconds in doubt are shown; columns that `width`
    characters have no room for are left away, those first that ask least of a person.
    """
    clips = report.clips
    if len(clips) > _ROWS:
        clips = sorted(clips, key=lambda c: -c.doubt_seconds)[:_ROWS]
    head = tuple(_HEAD.split("  "))
    rows = [head, *map(_row, clips)]
    widths = [max(len(row[i]) for row in rows) for i in range(len(head))]
    for name in _SPARE:
        if width is None or sum(widths) + 2 * (len(widths) - 1) <= width:
            break
        at = rows[0].index(name)
        rows = [row[:at] + row[at + 1 :] for row in rows]
        del widths[at]
    lines = [
        "  ".join([row[0].ljust(widths[0]), row[1].ljust(widths[1])]
        + [cell.rjust(w) for cell, w in zip(row[2:], widths[2:], strict=True)])
        for row in rows
    ]  # fmt: skip
    lines = [line.rstrip() for line in lines]
    lines += _more("clips", len(report.clips) - len(clips))
    lines += ["", *(_failure(c, c.error) for c in report.clips if c.error)]
    lines += [f"damaged: {c.name}: {c.damaged} frames" for c in report.clips if c.damaged]
    lines += [
        f"small faces: {c.name}: none under {c.smallest_face} pixels is seen"
        for c in report.clips
        if c.smallest_face > _COARSE_LOOKS
    ]
    lines += _counted("note", (note for c in report.clips for note in c.notes))
    lines += _counted("Removed hidden data", (what for c in report.clips for what in c.hidden))
    lines += _counted("left out", (what for c in report.clips for what in c.silenced))
    lines += [f"skipped: {s.name} ({s.why})" for s in report.skipped[:_SHOWN]]
    lines += _more("skipped", len(report.skipped) - _SHOWN)
    states = Counter(c.verdict for c in report.clips)
    lines.append(", ".join(f"{n} {state}" for state, n in states.items()) or "no clips")
    return "\n".join(lines)


def ahead(report: BatchReport, out: Path) -> list[str]:
    """Lines for a terminal: what is left for a person to do after a batch."""
    asked = [clip.doubts for clip in report.clips if clip.doubts]
    lines = []
    if report.exit_code == Exit.INTERRUPTED:
        lines.append("stopped; run the same command again to go on")
    if asked:
        doubts, clips = _number(sum(asked), "doubt"), _number(len(asked), "clip")
        lines.append(f"{doubts} in {clips}; look at those that wait: blur review {quote(str(out))}")
    return lines


def _number(n: int, word: str) -> str:
    return f"{n} {word}" + ("" if n == 1 else "s")


def _row(clip: ClipReport) -> tuple[str, ...]:
    if clip.state not in (State.DONE, State.SCANNED):
        return (clip.name, clip.verdict, *[""] * 8)
    return (
        clip.name,
        clip.verdict,
        str(clip.frames),
        str(clip.sightings),
        str(clip.tracks),
        str(clip.people),
        f"{clip.doubt_seconds:.1f} s",
        f"{clip.excess_seconds:.1f} s",
        f"{clip.seconds:.1f} s",
        f"{clip.frames_per_second:.1f} fps",
    )


def _failure(clip: ClipReport, problem: Problem) -> str:
    return f"{clip.state}: {clip.name}: {problem.problem} ({problem.remedy})"


def _counted(label: str, texts: Iterable[str]) -> list[str]:
    counts = Counter(texts).most_common()
    lines = [f"{label}: {text}" + (f" ({n} clips)" if n > 1 else "") for text, n in counts[:_SHOWN]]
    return lines + _more(label, len(counts) - _SHOWN)


def _more(label: str, count: int) -> list[str]:
    return [f"{label}: {count} more, see {REPORT_NAME}"] if count > 0 else []


ready(BatchReport)
