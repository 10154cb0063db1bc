"""The work folder `OUT/.blur`: plans, edits, ledger and log of an output folder."""

from __future__ import annotations

import contextlib
import hashlib
import os
import shutil
import sqlite3
import traceback
from collections.abc import Iterable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from blur.data.plan import Fingerprint
from blur.disk import atomic
from blur.disk.places import identity
from blur.errors import (
    FolderLost,
    Interrupted,
    LockRefused,
    OutputError,
    UsageError,
    cannot_remove,
    cannot_write,
    remedy_for,
)
from blur.store.names import from_text, stays_inside, without_folders


def in_an_output_folder(path: Path) -> bool:
    """Whether a file lies, or would, in an output folder, where nothing shows clear faces."""
    return any((parent / WorkFolder.NAME).exists() for parent in path.resolve().parents)


class WorkFolder:
    """Paths below `OUT/.blur`; the folder is made by `create`.

    Plans and edits are named by the content of their clip: a clip that moves or is renamed keeps
    them.
    """

    NAME = ".blur"

    def __init__(self, out: Path) -> None:
        self.out = out
        self.root = out / self.NAME
        self.ledger = self.root / "ledger.sqlite"
        self.key = self.root / "names.csv"
        self.plans = self.root / "plans"
        self.edits = self.root / "edits"
        self.records = self.root / "records"
        self.segments = self.root / "segments"
        self.rendered = self.root / "rendered"
        self.parts = self.root / "parts"
        self.sounds = self.root / "sounds"
        self.pause = self.root / "pause"
        self.shift = self.root / "timecode.shift"
        self.private = True
        self._held: tuple[int, int] | None = None

    def plan_of(self, clip: Fingerprint) -> Path:
        return self.plans / f"{_id(clip)}.json"

    def edits_of(self, clip: Fingerprint) -> Path:
        return self.edits / f"{_id(clip)}.json"

    def segments_of(self, clip: Fingerprint) -> Path:
        return self.segments / _id(clip)

    def rendered_edits(self, sha256: str) -> Path:
        """The copy of the edits that an output was made from, by the SHA-256 of their file."""
        return self.rendered / f"{sha256}.json"

    def part_of(self, output: Path) -> Path:
        """The place of an output until it is audited, private; where OUT spans several file
        systems, a hidden name beside the output.
        """
        name = hashlib.sha256(os.fsencode(output)).hexdigest()[:20]
        above = next(p for p in output.parents if p.exists())
        if above.stat().st_dev != self.root.stat().st_dev:
            return output.with_name(f".{output.name}.part")
        return self.parts / name / f".{output.name}.part"

    def make_way(self, output: Path) -> Path:
        """Make the folders of an output and of its `part_of`, never OUT; returns the latter.

        Raises FolderLost, OutputError or DiskFull.
        """
        self.require_there()
        part = self.part_of(output)
        try:
            atomic.make_folder(output.parent, within=self.out)
            atomic.make_folder(part.parent, 0o700, within=self.out)
        except OSError as error:
            raise cannot_write(error, output.name) from error
        return part

    def require_there(self) -> None:
        """Raises FolderLost if OUT is gone, or is not the folder any more that `locked` holds."""
        now = identity(self.root)
        if now is None or self._held not in (None, now):
            raise FolderLost("the output folder was deleted, moved or unmounted", subject=self.out)

    def leftovers(self, outputs: Iterable[Path]) -> list[Path]:
        """Half-written files of a crash; `outputs` are those that the ledger names."""
        found = [*self.root.rglob(".*.part"), *self.out.glob(atomic.LEFTOVERS)]
        for output in outputs:
            unaudited = output.with_name(f".{output.name}.part")
            found += [unaudited, unaudited.with_name(f".{unaudited.name}.part")]
        return [path for path in found if os.path.lexists(path)]

    def sweep(self, outputs: Iterable[Path]) -> None:
        """Remove the leftovers; nobody else may hold the folder. Raises OutputError."""
        for path in self.leftovers(outputs):
            atomic.remove(path)
        for folder in self.parts.glob("*"):
            with contextlib.suppress(OSError):
                folder.rmdir()

    def drop_empty(self, folder: Path) -> None:
        """Remove a folder of outputs, and those above it below OUT, as far as nothing is in them.

        Their names are often people's.
        """
        with contextlib.suppress(OSError):  # not empty
            while folder != self.out and self.out in folder.parents:
                folder.rmdir()
                folder = folder.parent

    def output(self, name: str) -> Path:
        """The path of the output that the ledger calls `name`.

        Raises OutputError for a name that leads out of OUT or into the work folder, and for a link.
        """
        place = from_text(name)
        if not stays_inside(place) or place.parts[0] == self.NAME:
            raise OutputError("cannot be the name of an output", subject=place.name)
        atomic.refuse_links(self.out, self.out / place)
        return self.out / place

    def require_no_links(self) -> None:
        """Raises OutputError if the work folder, or anything in it, is a link."""
        atomic.refuse_links(self.out, self.root)
        for folder, folders, files in os.walk(self.root):
            for name in (*folders, *files):
                atomic.refuse_links(self.out, Path(folder, name))

    def create(self) -> None:
        """Make the folders, and a probe file in OUT before any work starts. Raises OutputError.

        `private` tells from then on whether the file system keeps files from other users.
        """
        self.require_no_links()
        try:
            atomic.make_folder(self.out)
            rooms = self.plans, self.edits, self.records, self.segments, self.rendered
            for folder in (self.root, *rooms, self.parts, self.sounds):
                atomic.make_folder(folder, 0o700)
            probe = self.out / f"{self.NAME}.part"
            probe.unlink(missing_ok=True)
            try:
                with open(probe, "xb", opener=lambda p, fl: atomic.open_own(Path(p), fl)) as file:
                    file.write(b"\0" * 4096)
            finally:
                probe.unlink(missing_ok=True)
            self.private = atomic.keeps_modes(self.root)
        except OSError as error:
            raise OutputError(
                f"cannot be used as output folder: {error.strerror}",
                subject=self.out,
                remedy=remedy_for(error),
            ) from error

    def log(self, subject: str, details: str) -> None:
        """Append a failure, without folder names, to the private `errors.log`.

        Never raises: a full disk must not hide the failure itself.
        """
        with contextlib.suppress(OSError, OutputError):
            self.require_there()
            with open(
                self.root / "errors.log",
                "a",
                encoding="utf-8",
                errors="backslashreplace",
                opener=lambda path, flags: atomic.open_own(Path(path), flags),
            ) as file:
                file.write(f"{subject}\n{without_folders(details)}\n")

    @contextmanager
    def failures_logged(self, subject: str) -> Iterator[None]:
        """Log the traceback of every error but Interrupted that passes, causes included."""
        try:
            yield
        except Interrupted:
            raise
        except Exception:
            self.log(subject, traceback.format_exc())
            raise

    @contextmanager
    def locked(self, patience: float = 0.0) -> Iterator[None]:
        """Hold the folder for this run, at most until the process ends, however it ends.

        `patience`: seconds to wait for another process, whose `busy` holds it for a moment.
        SQLite's file lock works everywhere, and needs no other package. Raises UsageError while
        another process holds the folder, OutputError for a link in it, LockRefused if the file
        system locks no file or the lock cannot be written.
        """
        self.require_no_links()
        lock = self.root / "lock"
        with self._lock_refusals():
            atomic.make_private(lock)
        with closing(sqlite3.connect(lock, timeout=patience, isolation_level=None)) as connection:
            with self._lock_refusals():
                if not _lock(connection):
                    self._require_locks()  # a refusal looks to SQLite like somebody else's lock
                    if not _lock(connection):
                        raise UsageError(
                            "blur is already open on this folder (perhaps a review window)",
                            subject=self.out,
                            remedy="close it, or wait: `blur status` shows how far it is",
                        )
            self._held = identity(self.root)
            yield

    def _require_locks(self) -> None:
        """Raises sqlite3.OperationalError if a file that nobody else knows cannot be locked."""
        probe = atomic.part_of(self.root / "lock")
        atomic.make_private(probe)
        try:
            with closing(sqlite3.connect(probe, timeout=0, isolation_level=None)) as connection:
                connection.execute("BEGIN EXCLUSIVE")
        finally:
            atomic.discard(probe)

    @contextmanager
    def _lock_refusals(self) -> Iterator[None]:
        """Turn errors of the system about a lock into LockRefused."""
        try:
            yield
        except (OSError, sqlite3.OperationalError) as error:
            problem = getattr(error, "strerror", None) or str(error)
            raise LockRefused(
                f"the output folder cannot be locked: {problem}", subject=self.out
            ) from error

    def busy(self) -> bool:
        """Whether another blur holds the folder."""
        if not self.root.is_dir():
            return False
        try:
            with self.locked():
                return False
        except UsageError:
            return True
        except LockRefused:  # read-only, or without locks: no blur could have begun here
            return False

    def clear(self, outputs: Iterable[Path] = ()) -> None:
        """Remove the work folder, plans, edits, ledger and all, and the `leftovers`.

        Raises UsageError while another process holds the folder, and OutputError.
        """
        try:
            with self.locked():
                self.sweep(outputs)
                for path in self.root.iterdir():
                    if path.name != "lock":
                        shutil.rmtree(path) if path.is_dir() else path.unlink()
            shutil.rmtree(self.root)
        except OSError as error:
            raise cannot_remove(error, Path(error.filename or self.NAME).name) from error


def _lock(connection: sqlite3.Connection) -> bool:
    """Whether a lock was got; False if it is another's. Raises sqlite3.OperationalError."""
    try:
        connection.execute("BEGIN EXCLUSIVE")
    except sqlite3.OperationalError as error:
        if error.sqlite_errorcode & 0xFF == sqlite3.SQLITE_BUSY:
            return False
        raise
    return True


def _id(clip: Fingerprint) -> str:
    # Clips that blur 0.1.0 knew were never read whole: their files have shorter names.
    whole = f":{clip.sha256}" if clip.sha256 else ""
    return hashlib.sha256(f"{clip.size}:{clip.sampled}{whole}".encode()).hexdigest()[:20]
