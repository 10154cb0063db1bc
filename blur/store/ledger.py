"""The ledger: the state of every clip of a batch, in SQLite in `OUT/.blur`.

One process writes, under the work folder's lock; others may read meanwhile. A finished clip has a
record file as well, on the disk before the ledger knows of it: entries lost in a crash, and a
damaged ledger, are rebuilt from the records.
"""

from __future__ import annotations

import contextlib
import functools
import hashlib
import os
import sqlite3
from collections.abc import Iterable, Iterator
from pathlib import Path, PurePosixPath
from typing import Any
from urllib.parse import quote

import msgspec
from msgspec import Struct
from msgspec.structs import asdict

from blur.data.placement import WHOLE, Placement
from blur.data.plan import Fingerprint
from blur.data.ready import ready
from blur.data.spans import FrameSpan
from blur.disk import atomic
from blur.disk.places import absolute
from blur.errors import DiskFull, OutputError, cannot_write
from blur.store.folder import WorkFolder
from blur.store.names import from_text, shown, stays_inside
from blur.store.report import ClipReport, State
from blur.store.schema import COLUMNS, INSERT, migrate, version_of

_KEPT = 4096
"""Lines of the ledger that are remembered as entries, a few KB each: the review reads all of them
every few seconds, and most are as they were. Of more clips, some are read anew."""
_NO_ROOM = (sqlite3.SQLITE_IOERR, sqlite3.SQLITE_FULL, sqlite3.SQLITE_CANTOPEN)
"""SQLite's errors where a full disk lets no file be made beside the ledger."""


class Entry(Struct, frozen=True, kw_only=True):
    """One clip in the ledger.

    `place`, the key, leads from OUT to the clip; `output` is the covered clip's place below OUT,
    given once and kept. Both are plain text, see `to_text`. `sha256` is of every byte of the clip,
    None until it was read whole; `mtime_ns` are the Unix times of the last changes. `scan_digest`
    and `render_digest` tell blur and settings that made plan and output, see `digests`. `ended` is
    a Unix time. `part` is the part of the clip that is wanted, "" for all; `held` are the frames
    that the output holds, None for all; `even_rate` is the rate in frames a second that a clip of
    uneven times was given, "" for its own times. `proxy` is the place below OUT of the copy of half
    the size, None where none is wanted beside a master; `alone` is the kind of proxy that `output`
    itself is, "" for a master.
    """

    place: str
    name: str
    size: int
    sampled: str
    state: State = State.FOUND
    attempts: int = 0
    frames: int = 0
    width: int = 0
    height: int = 0
    output: str | None = None
    scan_digest: str | None = None
    render_digest: str | None = None
    plan_sha256: str | None = None
    edits_sha256: str | None = None
    output_size: int | None = None
    output_sampled: str | None = None
    ended: float = 0.0
    report: ClipReport | None = None
    sha256: str | None = None
    mtime_ns: int = 0
    output_mtime_ns: int = 0
    part: str = ""
    held_from: int = 0
    held_until: int = 0
    even_rate: str = ""
    proxy: str | None = None
    proxy_size: int | None = None
    proxy_sampled: str | None = None
    alone: str = ""

    @property
    def placement(self) -> Placement:
        """The frames of the clip that the output shows; without the shift of timecodes."""
        return Placement(frames=self.held, rate=self.even_rate)

    @property
    def shows_all(self) -> bool:
        """Whether the output has the clip's frames, each once at its own time."""
        return self.placement == WHOLE

    @property
    def held(self) -> FrameSpan | None:
        return (self.held_from, self.held_until) if self.held_until else None

    @property
    def fingerprint(self) -> Fingerprint:
        # blur 0.1.0 kept the hash of every byte in the report alone.
        whole = self.sha256 or (self.report and self.report.sha256_in)
        return Fingerprint(self.size, self.sampled, whole or "")

    @property
    def output_fingerprint(self) -> Fingerprint | None:
        if self.output_size is None or self.output_sampled is None:
            return None
        whole = self.report and self.report.sha256_out
        return Fingerprint(self.output_size, self.output_sampled, whole or "")

    @property
    def proxy_fingerprint(self) -> Fingerprint | None:
        if self.proxy_size is None or self.proxy_sampled is None:
            return None
        whole = self.report and self.report.proxy_sha256
        return Fingerprint(self.proxy_size, self.proxy_sampled, whole or "")

    @property
    def made(self) -> list[str]:
        """The places below OUT of all files that are made of the clip."""
        return [place for place in (self.output, self.proxy) if place is not None]


class Flight(Struct, frozen=True):
    """Progress of a clip in work: frames `done` of `total` in a stage."""

    name: str
    stage: str
    done: int
    total: int | None


class Ledger:
    """The open ledger of an output folder. Methods raise OutputError, or DiskFull."""

    def __init__(self, folder: WorkFolder) -> None:
        """Open the ledger for writing: made if missing, migrated if old, rebuilt if damaged.

        Raises OutputError, also for a ledger of a newer blur.
        """
        self._folder = folder
        self.rebuilt = False
        try:
            self._db = _open(folder.ledger)
            _entries(self._db)
        except sqlite3.DatabaseError as error:
            if isinstance(error, sqlite3.OperationalError):
                raise _explained(error) from error
            _set_aside(folder.ledger)
            self._db = _open(folder.ledger)
            self.rebuilt = True
        if self.rebuilt or not self.entries():
            self.put(records(folder))

    def close(self) -> None:
        self._db.close()

    def entries(self) -> list[Entry]:
        with self._transaction():
            return _entries(self._db)

    def put(self, entries: Iterable[Entry]) -> None:
        """Insert or replace entries, all or none."""
        with self._transaction():
            self._db.executemany(INSERT, map(_row, entries))

    def move(self, old: Entry, new: Entry) -> None:
        """Move entry, record, output and proxy of a clip that was moved; a proxy that comes to
        stand alone, or beside a master, keeps its place. It may lie over another clip, whose
        output and proxy are removed: no entry would tell of them any more."""
        self._remove_below(old, new)
        alike = old.alone == new.alone
        for was, becomes in ((old.output, new.output), (old.proxy, new.proxy)):
            source, target = (name and self._output(name) for name in (was, becomes))
            if not source or source == target or (not alike and was in new.made):
                continue
            same_kind = alike and target and source.suffix.lower() == target.suffix.lower()
            if target and same_kind and source.is_file():
                atomic.make_folder(target.parent, within=self._folder.out)
                atomic.publish(source, target)
            else:  # in a format that is not wanted any more, or moved by a run that was cut off
                atomic.remove(source)
            self._folder.drop_empty(source.parent)
        with self._transaction():
            self._db.execute("DELETE FROM clips WHERE place = ?", (old.place,))
            self._db.execute(INSERT, _row(new))
        atomic.remove(record_file(self._folder, old.place))
        if new.state is State.DONE:
            save_record(self._folder, new)

    def _remove_below(self, old: Entry, new: Entry) -> None:
        """Remove the files of a clip at the place that `old` moves to, but those it replaces."""
        if old.place == new.place:
            return
        with self._transaction():
            below = _entries(self._db, new.place)
        for path in set(outputs_of(below, self._folder)) - set(outputs_of([new], self._folder)):
            atomic.remove(path)
            self._folder.drop_empty(path.parent)

    def _output(self, name: str) -> Path | None:
        """None where a link stands in the way: nothing beyond it is ours."""
        with contextlib.suppress(OutputError):
            return self._folder.output(name)
        return None

    def fly(self, flights: Iterable[Flight]) -> None:
        """Replace the list of clips in work, for `status`."""
        with self._transaction():
            self._db.execute("DELETE FROM flights")
            self._db.executemany(
                "INSERT INTO flights VALUES (?, ?, ?, ?)",
                [(f.name, f.stage, f.done, f.total) for f in flights],
            )

    def sync(self) -> None:
        """Bring all commits so far to the disk: a power cut cannot undo them any more."""
        with self._explained():
            self._db.execute("PRAGMA wal_checkpoint(FULL)")

    @contextlib.contextmanager
    def _transaction(self) -> Iterator[None]:
        with self._explained(), self._db:  # commits, or rolls back
            self._db.execute("BEGIN")
            yield

    @contextlib.contextmanager
    def _explained(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.DatabaseError as error:
            raise _explained(error) from error


def read_ledger(folder: WorkFolder) -> tuple[list[Entry], list[Flight]]:
    """The entries and the clips in work; another process may be writing.

    Raises OutputError if there is no ledger or it cannot be read.
    """
    if not folder.ledger.exists():
        raise OutputError(
            "no blur ran here yet", subject=folder.out, remedy="give the folder that -o named"
        )
    # SQLite notes in a file beside a log who reads it; where no file can be made, on a read-only or
    # a full disk, and no log waits for a writer, it must be told that nobody writes.
    log = _beside(folder.ledger, "-wal")
    try:
        if not _waits(log) and not os.access(folder.root, os.W_OK):
            return _read(folder.ledger, "ro&immutable=1")
        try:
            return _read(folder.ledger, "ro")
        except sqlite3.OperationalError as error:
            if _waits(log) or error.sqlite_errorcode & 0xFF not in _NO_ROOM:
                raise
            return _read(folder.ledger, "ro&immutable=1")
    except sqlite3.DatabaseError as error:
        raise _explained(error) from error


def _waits(log: Path) -> bool:
    """Whether a log holds what the ledger lacks; an empty one may be a reader's own."""
    try:
        return log.stat().st_size > 0
    except FileNotFoundError:
        return False


def _read(ledger: Path, mode: str) -> tuple[list[Entry], list[Flight]]:
    with contextlib.closing(_connect(ledger, mode)) as db:
        version_of(db, ledger)
        flights = db.execute("SELECT name, stage, done, total FROM flights ORDER BY name")
        return _entries(db), [Flight(*row) for row in flights]


def outputs_of(entries: Iterable[Entry], folder: WorkFolder) -> list[Path]:
    """The places of the outputs and proxies that a ledger names; names that lead out of OUT are
    left out."""
    places: list[Path] = []
    for name in (name for entry in entries for name in entry.made):
        with contextlib.suppress(OutputError):
            places.append(folder.output(name))
    return places


def save_record(folder: WorkFolder, entry: Entry) -> None:
    """Write the record of a finished clip, which the ledger is rebuilt from."""
    atomic.write(record_file(folder, entry.place), msgspec.json.encode(entry))


def load_record(folder: WorkFolder, place: str) -> Entry | None:
    """The entry in a finished clip's record; None if the record is missing or damaged."""
    return _load_record(record_file(folder, place))


def record_file(folder: WorkFolder, place: str) -> Path:
    return folder.records / f"{hashlib.sha256(place.encode()).hexdigest()[:20]}.json"


def _open(path: Path) -> sqlite3.Connection:
    try:
        atomic.make_private(path)
    except OSError as error:
        raise cannot_write(error, WorkFolder.NAME) from error
    db = _connect(path, "rw")
    # WAL lets `status` read meanwhile. A power cut may cost the last commits; the records hold the
    # finished clips among those.
    db.execute("PRAGMA journal_mode = WAL")
    db.execute("PRAGMA synchronous = NORMAL")
    db.execute("PRAGMA wal_autocheckpoint = 100")  # pages: a full disk must not meet a large log
    if db.execute("PRAGMA quick_check").fetchone() != ("ok",):
        raise sqlite3.DatabaseError("damaged")
    migrate(db, path)
    return db


def _connect(path: Path, mode: str) -> sqlite3.Connection:
    for tail in ("", "-wal", "-shm", "-journal"):
        atomic.refuse_links(path.parents[1], _beside(path, tail))
    uri = f"file:{quote(os.fsencode(absolute(path)))}?mode={mode}"
    return sqlite3.connect(uri, uri=True, isolation_level=None)


def _set_aside(path: Path) -> None:
    """Rename a damaged ledger, so that its fault can be looked into."""
    for tail in ("-wal", "-shm"):
        atomic.remove(_beside(path, tail))
    atomic.publish(path, _beside(path, ".damaged"))


def _beside(ledger: Path, tail: str) -> Path:
    return ledger.with_name(ledger.name + tail)


def _entries(db: sqlite3.Connection, place: str | None = None) -> list[Entry]:
    """All entries, or the one at a place."""
    where, values = ("", ()) if place is None else ("WHERE place = ?", (place,))
    # of any version, see MIGRATIONS
    rows = db.execute(f"SELECT * FROM clips {where} ORDER BY name", values)
    columns = tuple(column[0] for column in rows.description)
    return [_entry(columns, row) for row in rows]


@functools.lru_cache(maxsize=_KEPT)
def _entry(columns: tuple[str, ...], row: tuple[Any, ...]) -> Entry:
    told = dict(zip(columns, row, strict=True))
    report = told.get("report")
    try:
        values = {**told, "report": report and msgspec.json.decode(report, type=ClipReport)}
        return _checked(msgspec.convert(values, Entry))
    except msgspec.DecodeError as error:
        raise sqlite3.DatabaseError(f"damaged: {error}") from error


def _checked(entry: Entry) -> Entry:
    """Raises msgspec.ValidationError for names that lead out of the folder they belong into."""
    for name in (PurePosixPath(entry.name), *map(from_text, entry.made)):
        if not stays_inside(name):
            raise msgspec.ValidationError(f"{shown(name.name)} lies outside the folder")
    return entry


def _row(entry: Entry) -> tuple[Any, ...]:
    report = entry.report and msgspec.json.encode(entry.report)
    values = {**asdict(entry), "state": str(entry.state), "report": report}
    return tuple(values[column] for column in COLUMNS)


def records(folder: WorkFolder) -> Iterator[Entry]:
    """The entries of finished clips, by their records; damaged ones are left out."""
    for path in sorted(folder.records.glob("*.json")):
        entry = _load_record(path)
        if entry is not None:
            yield entry


def _load_record(path: Path) -> Entry | None:
    try:
        return _checked(msgspec.json.decode(path.read_bytes(), type=Entry))
    except (FileNotFoundError, msgspec.DecodeError):
        return None  # the clip is worked on again


def _explained(error: sqlite3.DatabaseError) -> OutputError:
    if "disk is full" in str(error):
        return DiskFull("no space left for the ledger", subject=WorkFolder.NAME)
    return OutputError(f"the ledger cannot be used: {error}", subject=WorkFolder.NAME)


ready(ClipReport, Entry)
