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
from blur.errors import Interrupted, OutputError, UsageError
from blur.store.names import without_folders


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
        self.plans = self.root / "plans"
        self.edits = self.root / "edits"
        self.records = self.root / "records"
        self.segments = self.root / "segments"
        self.parts = self.root / "parts"

    def plan_of(self, clip: Fingerprint) -> Path:
        return self.plans / f"{_id(clip)}.json"

    def edits_of(self, clip: Fingerprint) -> Path:
        return self.edits / f"{_id(clip)}.json"

    def segments_of(self, clip: Fingerprint) -> Path:
        return self.segments / _id(clip)

    def part_of(self, output: Path) -> Path:
        """The place of an output until it is audited, private; where OUT spans several file
        systems, a hidden name beside the output.
        """
        name = hashlib.sha256(os.fsencode(output)).hexdigest()[:20]
        above = next(p for p in output.parents if p.exists())
        if above.stat().st_dev != self.root.stat().st_dev:
            return output.with_name(f".{output.name}.part")
        return self.parts / name / f".{output.name}.part"

    def leftovers(self, outputs: Iterable[Path]) -> list[Path]:
        """Half-written files of a crash; `outputs` are those that the ledger names."""
        found = [*self.root.rglob(".*.part"), *self.out.glob(atomic.LEFTOVERS)]
        for output in outputs:
            unaudited = output.with_name(f".{output.name}.part")
            found += [unaudited, unaudited.with_name(f".{unaudited.name}.part")]
        return [path for path in found if os.path.lexists(path)]

    def sweep(self, outputs: Iterable[Path]) -> None:
        """Remove the leftovers; nobody else may hold the folder."""
        for path in self.leftovers(outputs):
            path.unlink()
        for folder in self.parts.glob("*"):
            with contextlib.suppress(OSError):
                folder.rmdir()

    def create(self) -> None:
        """Make the folders, and a probe file in OUT before any work starts. Raises OutputError."""
        try:
            atomic.make_folder(self.out)
            for folder in (self.root, self.plans, self.edits, self.records, self.parts):
                atomic.make_folder(folder, 0o700)
            probe = self.out / f"{self.NAME}.part"
            probe.write_bytes(b"\0" * 4096)
            probe.unlink()
        except OSError as error:
            raise OutputError(
                f"cannot be used as output folder: {error.strerror}", subject=self.out
            ) from error

    def log(self, subject: str, details: str) -> None:
        """Append a failure, without folder names, to the private `errors.log`.

        Never raises: a full disk must not hide the failure itself.
        """
        with (
            contextlib.suppress(OSError),
            open(
                self.root / "errors.log",
                "a",
                encoding="utf-8",
                errors="backslashreplace",
                opener=lambda path, flags: os.open(path, flags, 0o600),
            ) as file,
        ):
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
    def locked(self) -> Iterator[None]:
        """Hold the folder for this run, at most until the process ends, however it ends.

        SQLite's file lock works everywhere, and needs no other package. Raises UsageError while
        another process holds the folder.
        """
        lock = self.root / "lock"
        with closing(sqlite3.connect(lock, timeout=0, isolation_level=None)) as connection:
            try:
                connection.execute("BEGIN EXCLUSIVE")
            except sqlite3.OperationalError as error:
                raise UsageError(
                    "another blur is working on this folder",
                    subject=self.out,
                    remedy="wait until it ends; `blur status` shows how far it is",
                ) from error
            lock.chmod(0o600)
            yield

    def busy(self) -> bool:
        """Whether another blur holds the folder."""
        if not self.root.is_dir():
            return False
        try:
            with self.locked():
                return False
        except UsageError:
            return True

    def clear(self, outputs: Iterable[Path] = ()) -> None:
        """Remove the work folder, plans, edits, ledger and all, and the `leftovers`."""
        with self.locked():
            self.sweep(outputs)
            for path in self.root.iterdir():
                if path.name != "lock":
                    shutil.rmtree(path) if path.is_dir() else path.unlink()
        shutil.rmtree(self.root)


def _id(clip: Fingerprint) -> str:
    # Clips that blur 0.1.0 knew were never read whole: their files have shorter names.
    whole = f":{clip.sha256}" if clip.sha256 else ""
    return hashlib.sha256(f"{clip.size}:{clip.sampled}{whole}".encode()).hexdigest()[:20]
