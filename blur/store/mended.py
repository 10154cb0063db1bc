"""Plans that an audit mended, saved together with the records of their clips.

A mended plan lies beside the clip's plan until the record that names it is on the disk: a run after
a kill finds both, or begins with the plan that the killed run began with, whose mends and their
splices come out alike.
"""

from __future__ import annotations

import hashlib
from pathlib import Path

from blur.data.plan import Plan
from blur.disk import atomic
from blur.disk.fingerprint import file_sha256
from blur.errors import cannot_write
from blur.store.folder import WorkFolder
from blur.store.ledger import records
from blur.store.plans import encoded

_SUFFIX = ".mended"


def lay_beside(plan: Plan, file: Path) -> str:
    """Write a mended plan beside the clip's plan `file`; returns its SHA-256. Raises OutputError or
    DiskFull."""
    content = encoded(plan)
    atomic.write(file.with_suffix(_SUFFIX), content)
    return hashlib.sha256(content).hexdigest()


def put_in_place(file: Path) -> None:
    """Let the mended plan beside `file` take its place. Raises OutputError or DiskFull."""
    try:
        atomic.publish(file.with_suffix(_SUFFIX), file)
    except OSError as error:
        raise cannot_write(error, file.name) from error


def settle(folder: WorkFolder) -> None:
    """Put the mended plans in place that the records of their clips name, and remove all others.

    For a folder that nobody else holds. Raises OutputError or DiskFull.
    """
    beside = list(folder.plans.glob(f"*{_SUFFIX}"))
    if not beside:
        return
    recorded = {folder.plan_of(r.fingerprint): r.plan_sha256 for r in records(folder)}
    for mended in beside:
        file = mended.with_suffix(".json")
        if not mended.is_symlink() and recorded.get(file) == file_sha256(mended):
            put_in_place(file)
        else:
            atomic.remove(mended)
