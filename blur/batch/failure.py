"""The remains of a failed clip, alike for batch and review.

State and report in its entry, free of folder names; no output, not even an earlier one; the
traceback in the private log.
"""

from __future__ import annotations

import time
import traceback

from msgspec.structs import replace

from blur.batch.discover import Candidate
from blur.batch.inventory import Clip
from blur.errors import BlurError, ClipChanged
from blur.store.folder import WorkFolder
from blur.store.names import without_folders
from blur.store.report import ClipReport, Problem, State
from blur.store.withdraw import withdraw

_SETTLE = 1.0
"""Seconds between two looks at a file that may still be growing; a larger value notices slower
copies and holds up the batch longer for each failed clip."""


def fail(
    clip: Clip,
    error: BlurError,
    folder: WorkFolder,
    *,
    details: str = "",
    remove_output: bool = True,
) -> BlurError:
    """Turn `clip.entry` into that of a failed clip and log the error with its `details`.

    A file that changes meanwhile is left for a later run, not failed. Returns the error as it
    stands in the report. Raises OutputError if an output cannot be removed.
    """
    log_failure(folder, clip.file, error, details)
    if not isinstance(error, ClipChanged) and _growing(clip.file):
        error = ClipChanged("is still growing")
    state = State.LATER if isinstance(error, ClipChanged) else State.FAILED
    bare = without_folders(error.problem, clip.file.path)
    error = type(error)(bare, subject=clip.file.name, remedy=error.remedy)
    for entry in (clip.entry, clip.before):
        if remove_output and entry is not None:
            withdraw(entry, folder)
    report = ClipReport(
        name=clip.file.name, state=state, error=Problem.of(error), notes=list(clip.notes)
    )
    clip.entry = replace(clip.entry, state=state, report=report)
    return error


def log_failure(folder: WorkFolder, file: Candidate, error: BlurError, details: str = "") -> None:
    """Keep a traceback, causes included; `details` is the one of another process."""
    text = details or "".join(traceback.format_exception(error))
    folder.log(file.name, without_folders(text, file.path))


def _growing(file: Candidate) -> bool:
    """Whether a file that failed is being written to, and may only be incomplete."""
    age = time.time() - file.mtime_ns / 1e9
    if age < 10 * _SETTLE:
        time.sleep(min(_SETTLE, max(0.0, 2 * _SETTLE - age)))
    try:
        status = file.path.stat()
    except OSError:
        return False
    return (status.st_size, status.st_mtime_ns) != (file.size, file.mtime_ns)
