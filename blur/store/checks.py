"""Checks: the initials of the person who watched a clip, and the covers that were watched.

A check holds for the plan and edits that it names, and no longer once either changes.
"""

from __future__ import annotations

from pathlib import Path

import msgspec
from msgspec import Struct

from blur.data.plan import Fingerprint
from blur.disk import atomic
from blur.errors import PlanMismatch
from blur.store.folder import WorkFolder


class Check(Struct, frozen=True):
    """`by` holds a person's initials; the hashes are of the plan's and the edits' files."""

    by: str
    plan_sha256: str | None
    edits_sha256: str | None


def checked_by(
    folder: WorkFolder, clip: Fingerprint, plan_sha256: str | None, edits_sha256: str | None
) -> str | None:
    """Initials of the person who watched the clip under this plan and these edits, or None.

    Raises PlanMismatch when the file is damaged.
    """
    path = _file(folder, clip)
    try:
        check = msgspec.json.decode(path.read_bytes(), type=Check)
    except FileNotFoundError:
        return None
    except msgspec.DecodeError as error:
        raise PlanMismatch(
            f"damaged: {error}", subject=path.name, remedy="delete it and check the clip again"
        ) from error
    return check.by if check == Check(check.by, plan_sha256, edits_sha256) else None


def save_check(folder: WorkFolder, clip: Fingerprint, check: Check | None) -> None:
    """Record a check, or take it back."""
    if check is None:
        atomic.remove(_file(folder, clip))
    else:
        atomic.write(_file(folder, clip), msgspec.json.encode(check))


def _file(folder: WorkFolder, clip: Fingerprint) -> Path:
    return folder.root / "checks" / folder.plan_of(clip).name
