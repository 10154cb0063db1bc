"""Who watched a clip, and what was covered then: kept apart from the edits.

A check is worth what was watched: it holds for one plan with one set of edits.
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
    """`by` are the initials of the person, the hashes those of the plan's and edits' files."""

    by: str
    plan_sha256: str | None
    edits_sha256: str | None


def load_check(folder: WorkFolder, clip: Fingerprint) -> Check | None:
    """The check of a clip, valid or not; raises PlanMismatch when it is damaged."""
    path = _file(folder, clip)
    try:
        return msgspec.json.decode(path.read_bytes(), type=Check)
    except FileNotFoundError:
        return None
    except msgspec.DecodeError as error:
        raise PlanMismatch(
            f"damaged: {error}", subject=path.name, remedy="delete it and check the clip again"
        ) from error


def save_check(folder: WorkFolder, clip: Fingerprint, check: Check | None) -> None:
    """Record a check, or take it back."""
    if check is None:
        _file(folder, clip).unlink(missing_ok=True)
    else:
        atomic.write(_file(folder, clip), msgspec.json.encode(check))


def holds(check: Check | None, plan_sha256: str | None, edits_sha256: str | None) -> bool:
    return (
        check is not None
        and check.plan_sha256 == plan_sha256
        and check.edits_sha256 == edits_sha256
    )


def _file(folder: WorkFolder, clip: Fingerprint) -> Path:
    return folder.root / "checks" / folder.plan_of(clip).name
