"""Notes that people write beside frames of a clip; they cover and uncover nothing."""

from __future__ import annotations

from pathlib import Path

import msgspec
from msgspec import Struct

from blur.disk import atomic
from blur.errors import PlanMismatch
from blur.store.folder import WorkFolder
from blur.store.ledger import Entry


class Remark(Struct, frozen=True, kw_only=True):
    """`by` are initials, or ""; `at` is a UTC time, ISO 8601 to the minute."""

    frame: int
    text: str
    by: str
    at: str


def remarks(folder: WorkFolder, entry: Entry) -> list[Remark]:
    """A clip's notes by frame. Raises PlanMismatch when their file is damaged."""
    path = _file(folder, entry)
    try:
        return msgspec.json.decode(path.read_bytes(), type=list[Remark])
    except FileNotFoundError:
        return []
    except msgspec.DecodeError as error:
        raise PlanMismatch(
            f"damaged: {error}", subject=path.name, remedy="move it away; it holds notes alone"
        ) from error


def note(folder: WorkFolder, entry: Entry, new: Remark) -> None:
    """Write a note in place of an earlier one on its frame; one without text removes that."""
    kept = [old for old in remarks(folder, entry) if old.frame != new.frame]
    kept += [new] if new.text else []
    atomic.write(_file(folder, entry), msgspec.json.encode(sorted(kept, key=lambda n: n.frame)))


def _file(folder: WorkFolder, entry: Entry) -> Path:
    return folder.root / "notes" / folder.plan_of(entry.fingerprint).name
