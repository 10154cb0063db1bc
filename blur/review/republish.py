"""The report of the last run, brought up to date with what a review did."""

from __future__ import annotations

import threading

import msgspec
from msgspec.structs import replace

from blur.export import report_page
from blur.store.checks import with_checks
from blur.store.ledger import Entry
from blur.store.names import from_text, shown
from blur.store.report import REPORT_NAME, BatchReport, exit_code
from blur.store.shelf import Shelf

_lock = threading.Lock()  # a render and a signature may end together


def republish(shelf: Shelf, rendered: Entry | None = None) -> None:
    """Write report.json and report.html anew: with the signatures, and the line of a clip that was
    `rendered` again under its name there. Raises OutputError."""
    path = shelf.folder.out / REPORT_NAME
    with _lock:
        shelf.refresh()
        if not path.exists():
            return
        report = msgspec.json.decode(path.read_bytes(), type=BatchReport)
        if rendered is not None and rendered.report is not None:
            made = rendered.report
            output = rendered.output and shown(from_text(rendered.output))
            clips = [
                replace(made, name=c.name) if rendered.name == c.name or output == c.output else c
                for c in report.clips
            ]
            report = replace(report, clips=clips, exit_code=exit_code(clips, interrupted=False))
        report = with_checks(report, shelf.folder, shelf.entries())
        report.save(shelf.folder.out, shelf.known())
        report_page.write(shelf.folder.out)
