"""The tables of the ledger, and the steps that lead to them from those of earlier versions."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from pathlib import Path

from blur.errors import OutputError

COLUMNS = (
    "place", "name", "size", "sampled", "state", "attempts", "frames", "width", "height", "output",
    "scan_digest", "render_digest", "plan_sha256", "edits_sha256", "output_size",
    "output_sampled", "ended", "report", "sha256", "mtime_ns", "output_mtime_ns",
    "part", "held_from", "held_until", "even_rate", "proxy", "proxy_size", "proxy_sampled",
    "alone",
)  # fmt: skip
INSERT = (
    f"INSERT OR REPLACE INTO clips ({', '.join(COLUMNS)}) VALUES ({', '.join('?' * len(COLUMNS))})"
)


def _first_tables(db: sqlite3.Connection) -> None:
    """Version 1: clips by place, as far as known then, and the clips in work."""
    db.execute(
        "CREATE TABLE IF NOT EXISTS clips (place PRIMARY KEY, name, size, sampled, state) "
        "WITHOUT ROWID"
    )
    db.execute("CREATE TABLE IF NOT EXISTS flights (name, stage, done, total)")


def _all_columns(db: sqlite3.Connection) -> None:
    """Version 2: blur 0.1.0 kept the number 1 while its columns grew; add what is missing."""
    there = {row[1] for row in db.execute("PRAGMA table_info(clips)")}
    for column, default in (
        ("attempts", "0"), ("frames", "0"), ("width", "0"), ("height", "0"), ("output", "NULL"),
        ("scan_digest", "NULL"), ("render_digest", "NULL"), ("plan_sha256", "NULL"),
        ("edits_sha256", "NULL"), ("output_size", "NULL"), ("output_sampled", "NULL"),
        ("ended", "0.0"), ("report", "NULL"),
    ):  # fmt: skip
        if column not in there:
            db.execute(f"ALTER TABLE clips ADD COLUMN {column} DEFAULT {default}")


def _identity(db: sqlite3.Connection) -> None:
    """Version 3: hashes of every byte, and times of the last changes."""
    for column, default in (("sha256", "NULL"), ("mtime_ns", "0"), ("output_mtime_ns", "0")):
        db.execute(f"ALTER TABLE clips ADD COLUMN {column} DEFAULT {default}")


def _parts(db: sqlite3.Connection) -> None:
    """Version 4: outputs that hold a part of their clip."""
    for column, default in (("part", "''"), ("held_from", "0"), ("held_until", "0")):
        db.execute(f"ALTER TABLE clips ADD COLUMN {column} DEFAULT {default}")


def _even_rates(db: sqlite3.Connection) -> None:
    """Version 5: outputs at an even rate."""
    db.execute("ALTER TABLE clips ADD COLUMN even_rate DEFAULT ''")


def _proxies(db: sqlite3.Connection) -> None:
    """Version 6: copies of half the size."""
    for column in ("proxy", "proxy_size", "proxy_sampled"):
        db.execute(f"ALTER TABLE clips ADD COLUMN {column} DEFAULT NULL")


def _lone_proxies(db: sqlite3.Connection) -> None:
    """Version 7: outputs that are proxies."""
    db.execute("ALTER TABLE clips ADD COLUMN alone DEFAULT ''")


MIGRATIONS: tuple[Callable[[sqlite3.Connection], None], ...] = (
    _first_tables,
    _all_columns,
    _identity,
    _parts,
    _even_rates,
    _proxies,
    _lone_proxies,
)
"""The step at index n leads from schema version n to n + 1. A step never changes once released: a
new field of `Entry` is a new step and a name in `COLUMNS`."""


def migrate(db: sqlite3.Connection, path: Path) -> None:
    """Bring the schema up to date, all steps or none. Raises OutputError for a newer one."""
    version = version_of(db, path)
    if version < len(MIGRATIONS):
        with db:
            db.execute("BEGIN IMMEDIATE")
            for step in MIGRATIONS[version:]:
                step(db)
            db.execute(f"PRAGMA user_version = {len(MIGRATIONS)}")


def version_of(db: sqlite3.Connection, path: Path) -> int:
    version: int = db.execute("PRAGMA user_version").fetchone()[0]
    if version > len(MIGRATIONS):
        raise OutputError(
            f"the ledger is of version {version}, this blur reads up to {len(MIGRATIONS)}",
            subject=path.name,
            remedy="finish this folder with the blur that began it, or take a new one",
        )
    return version
