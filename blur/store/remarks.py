"""Notes that people write beside frames of a clip; they cover and uncover nothing."""

from __future__ import annotations

from pathlib import Path

import msgspec
from msgspec import Struct

from blur.data.plan import Fingerprint
from blur.data.ready import ready
from blur.disk import atomic
from blur.errors import PlanMismatch
from blur.store.folder import WorkFolder


class Remark(Struct, frozen=True, kw_only=True):
    """`by` are initials, or ""; `at` is a UTC time, ISO 8601 to the minute."""

    frame: int
    text: str
    by: str
    at: str


def load_remarks(folder: WorkFolder, clip: Fingerprint) -> tuple[Remark, ...]:
    """A clip's notes by frame; none without a file. Raises PlanMismatch when it is damaged."""
    path = remarks_file(folder, clip)
    try:
        return msgspec.json.decode(path.read_bytes(), type=tuple[Remark, ...])
    except FileNotFoundError:
        return ()
    except msgspec.DecodeError as error:
        raise PlanMismatch(
            f"damaged: {error}", subject=path.name, remedy="move it away; it holds notes alone"
        ) from error


def save_remarks(folder: WorkFolder, clip: Fingerprint, remarks: tuple[Remark, ...]) -> None:
    """Write them, mode 0600, whole or not at all; without any, remove the file."""
    if remarks:
        atomic.write(remarks_file(folder, clip), msgspec.json.encode(remarks))
    else:
        atomic.remove(remarks_file(folder, clip))


def noted(remarks: tuple[Remark, ...], new: Remark) -> tuple[Remark, ...]:
    """The notes with `new` in place of an earlier one on its frame, or of none without a text."""
    kept = [old for old in remarks if old.frame != new.frame]
    kept += [new] if new.text else []
    return tuple(sorted(kept, key=lambda note: note.frame))


def remarks_file(folder: WorkFolder, clip: Fingerprint) -> Path:
    return folder.root / "notes" / folder.plan_of(clip).name


ready(tuple[Remark, ...])
