"""The shelf: the clips of an output folder, with their states and a person's checks."""

from __future__ import annotations

import contextlib
import functools
import hashlib
import os
from pathlib import Path
from typing import NamedTuple, TypeAlias

import msgspec
from msgspec import Struct

from blur.disk.fingerprint import file_sha256
from blur.errors import OutputError, UsageError
from blur.settings import Settings
from blur.store.checks import signatures
from blur.store.folder import WorkFolder
from blur.store.ledger import Entry, read_ledger
from blur.store.names import from_text, shown
from blur.store.report import REPORT_NAME, State, decoded
from blur.store.scrub import Known


class Row(Struct, frozen=True, kw_only=True):
    """A clip in the list.

    `edited`: its edits changed since it was rendered. `renderable`: it has a plan, and no output
    that fits plan and edits. `picture` names the covered file that may be shown small in a list:
    None where there is none, or the audit saw a clear face in it.
    """

    key: str
    name: str
    state: State
    frames: int
    tracks: int
    people: int
    doubt_seconds: float
    edited: bool
    renderable: bool
    checked_by: str | None
    problem: str | None
    picture: str | None


_MANY = 4096
"""Clips whose keys are remembered, of some 60 bytes each; of more, some are computed anew."""

_Stamp: TypeAlias = tuple[int, int, int]
"""(mtime in ns, inode, size)."""

_Files: TypeAlias = tuple[_Stamp | None, _Stamp | None, bool]
"""A clip's files of edits and checks, None without one, and whether there is a plan."""


class _Made(NamedTuple):
    """A row and what it was made from; `name` is that of the clip's work files."""

    entry: Entry
    name: str
    files: _Files
    row: Row


class Shelf:
    """The clips of an output folder. Raises OutputError if no batch ran there."""

    def __init__(self, out: Path) -> None:
        self.folder = WorkFolder(out)
        self.folder.require_no_links()
        self._entries: dict[str, Entry] = {}
        self._rows: dict[str, _Made] = {}
        self.refresh()

    def refresh(self) -> None:
        """Read the ledger again: a batch may have changed it."""
        entries, self.flights = read_ledger(self.folder)
        self._entries = {key_of(entry): entry for entry in entries}
        self.settings = _settings(self.folder.out / REPORT_NAME)

    def entry(self, key: str) -> Entry:
        try:
            return self._entries[key]
        except KeyError:
            raise UsageError("there is no such clip in this folder") from None

    def entries(self) -> list[Entry]:
        return list(self._entries.values())

    def find(self, name: str) -> str:
        """The key of the clip of this name, or else of the only one whose name contains it.

        Raises UsageError.
        """
        name = shown(name)  # as the command line gave it: bytes that are no text, too
        outputs = {k: shown(from_text(e.output or "")) for k, e in self._entries.items()}
        named = [k for k, e in self._entries.items() if name in (e.name, outputs[k])]
        named = named or [k for k, e in self._entries.items() if name in e.name]
        if len(named) != 1:
            problem = "no clip of this folder has" if not named else "several clips have"
            raise UsageError(f"{problem} {name!r} in its name", remedy="give its whole name")
        return named[0]

    def source(self, entry: Entry) -> Path:
        """The path of the clip."""
        return self.folder.out / from_text(entry.place)

    def output(self, entry: Entry) -> Path | None:
        """The path of the covered clip; None if it was not rendered. Raises OutputError."""
        if entry.output is None or entry.state is not State.DONE:
            return None
        return self.folder.output(entry.output)

    def known(self) -> list[Known]:
        """Every clip, for its name and folders to be taken out of the report."""
        return [
            Known(self.source(e), e.name, e.output and shown(from_text(e.output)))
            for e in self._entries.values()
        ]

    def rows(self) -> list[Row]:
        """All clips: failed ones first, then the most doubtful, checked ones last."""
        self._rows = self._made_rows()
        rows = [made.row for made in self._rows.values()]
        order = {State.FAILED: 0}
        rows.sort(
            key=lambda r: (
                order.get(r.state, 1),
                r.checked_by is not None,
                -r.doubt_seconds,
                r.name,
            )
        )
        return rows

    def _made_rows(self) -> dict[str, _Made]:
        """Every row with what it was made from: made anew only where that has changed, since a page
        asks for a thousand of them every few seconds."""
        edits, checks = (_stamps(self.folder.root / room) for room in ("edits", "checks"))
        plans = _names(self.folder.plans)
        made = {}
        for key, entry in self._entries.items():
            before = self._rows.get(key)
            known = before is not None and before.entry is entry
            name = before.name if before and known else self.folder.plan_of(entry.fingerprint).name
            files = edits.get(name), checks.get(name), name in plans
            if before is None or not known or before.files != files:
                before = _Made(entry, name, files, self._row(key, entry))
            made[key] = before
        return made

    def _row(self, key: str, entry: Entry) -> Row:
        report = entry.report
        edits_sha256 = file_sha256(self.folder.edits_of(entry.fingerprint))
        done = entry.state is State.DONE
        signed = signatures(self.folder, entry, edits_sha256) if done else ()
        edited = done and edits_sha256 != entry.edits_sha256
        return Row(
            key=key,
            name=entry.name,
            state=entry.state,
            frames=entry.frames,
            tracks=report.tracks if report else 0,
            people=report.people if report else 0,
            doubt_seconds=report.doubt_seconds if report else 0.0,
            edited=edited,
            renderable=edited or (not done and self.folder.plan_of(entry.fingerprint).exists()),
            checked_by=", ".join(s.by for s in signed) or None,
            problem=report.error.problem if report and report.error else None,
            picture=(entry.output_sampled or "")[:12] or None
            if done and report and not report.residuals
            else None,
        )


def _stamps(folder: Path) -> dict[str, _Stamp]:
    """Of each file by its name; a file that is written anew has another inode."""
    found = {}
    for entry in _scanned(folder):
        with contextlib.suppress(FileNotFoundError):  # removed meanwhile
            status = entry.stat()
            found[entry.name] = status.st_mtime_ns, status.st_ino, status.st_size
    return found


def _names(folder: Path) -> frozenset[str]:
    return frozenset(entry.name for entry in _scanned(folder))


def _scanned(folder: Path) -> list[os.DirEntry[str]]:
    try:
        with os.scandir(folder) as entries:
            return list(entries)
    except FileNotFoundError:
        return []


class _Report(Struct):
    settings: Settings


def _settings(report: Path) -> Settings:
    """The settings of the last run, for the next render."""
    try:
        return decoded(report.read_bytes(), _Report).settings
    except FileNotFoundError:
        return Settings()
    except msgspec.DecodeError as error:
        raise OutputError(
            f"damaged: {error}", subject=report.name, remedy="run blur on this folder again"
        ) from error


def key_of(entry: Entry) -> str:
    """Names a clip by its place, for as long as it stays there."""
    return _key(entry.place)


@functools.lru_cache(maxsize=_MANY)
def _key(place: str) -> str:
    return hashlib.sha256(place.encode()).hexdigest()[:12]
