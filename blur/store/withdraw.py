"""Outputs that are known to cover less than their plan and edits want leave their final name."""

from __future__ import annotations

import hashlib
from collections.abc import Container
from pathlib import Path

from blur.data.edits import Edits
from blur.disk import atomic
from blur.disk.fingerprint import file_sha256
from blur.errors import PlanMismatch, cannot_write
from blur.store.folder import WorkFolder
from blur.store.ledger import Entry, outputs_of
from blur.store.plans import load_edits

WITHDRAWN = "its earlier output was removed: plan or edits cover more than it did"


def keep_edits(folder: WorkFolder, entry: Entry) -> None:
    """Keep the edits that an output is about to be made from. Raises OutputError or DiskFull."""
    file = folder.edits_of(entry.fingerprint)
    if file.exists():
        content = file.read_bytes()
        atomic.write(folder.rendered_edits(hashlib.sha256(content).hexdigest()), content)


def covers_less(entry: Entry, folder: WorkFolder) -> bool:
    """Whether the entry's output may leave clear what plan and edits, as they lie there, cover.

    A plan that is gone tells nothing; one that changed counts as one that grew.
    """
    plan = file_sha256(folder.plan_of(entry.fingerprint))
    if plan not in (None, entry.plan_sha256):
        return True
    file = folder.edits_of(entry.fingerprint)
    if file_sha256(file) == entry.edits_sha256:
        return False
    none = Edits(fingerprint=entry.fingerprint)
    try:
        now = load_edits(file) if file.exists() else none
        made_from = folder.rendered_edits(entry.edits_sha256) if entry.edits_sha256 else None
        return now.may_cover_more_than(load_edits(made_from) if made_from else none)
    except PlanMismatch:  # unreadable, so nothing shows that it covers no more
        return True


def withdraw(entry: Entry, folder: WorkFolder, keep: Container[Path] = ()) -> bool:
    """Remove the entry's output and proxy, durably, but those to `keep`; returns whether there was
    any.

    Nothing beyond a link is removed: it is not ours. Raises OutputError.
    """
    gone = [p for p in outputs_of([entry], folder) if p not in keep and atomic.remove(p)]
    try:
        for path in gone:
            atomic.sync_folder(path.parent)
    except OSError as error:
        raise cannot_write(error, entry.name) from error
    return bool(gone)
