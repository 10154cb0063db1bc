"""Whether a clip is finished: no file of an earlier run is trusted for its existence."""

from __future__ import annotations

from dataclasses import dataclass

from blur.disk.fingerprint import file_sha256
from blur.errors import OutputError
from blur.store.digests import of_this_build
from blur.store.folder import WorkFolder
from blur.store.identity import is_output_of, is_proxy_of
from blur.store.ledger import Entry
from blur.store.report import State

OTHER_BUILD = "made by another version of blur"


@dataclass(frozen=True)
class Wanted:
    """The results that a run wants; None for a stage outside the run."""

    scan_digest: str | None
    render_digest: str | None
    thorough: bool
    """Hash finished outputs whole, not by samples."""


def unfinished(entry: Entry, folder: WorkFolder, wanted: Wanted) -> str | None:
    """The reason to work on a clip; None if all wanted results are there and whole."""
    if entry.state not in (State.SCANNED, State.DONE):
        return "not finished"
    if wanted.scan_digest not in (None, entry.scan_digest):
        if not of_this_build(entry.scan_digest):
            return OTHER_BUILD
        return "the scan settings or weights changed"
    if file_sha256(folder.plan_of(entry.fingerprint)) != entry.plan_sha256:
        return "its plan changed"
    if wanted.render_digest is None:
        return None
    if entry.state is not State.DONE:
        return "not rendered"
    if wanted.render_digest != entry.render_digest:
        if not of_this_build(entry.render_digest):
            return OTHER_BUILD
        return "the cover or output settings changed"
    if file_sha256(folder.edits_of(entry.fingerprint)) != entry.edits_sha256:
        return "its edits changed"
    return None if _intact(entry, folder, wanted.thorough) else "its output is gone or damaged"


def _intact(entry: Entry, folder: WorkFolder, thorough: bool) -> bool:
    if entry.output is None or entry.report is None:
        return False
    try:
        whole = is_output_of(entry, folder.output(entry.output), thorough=thorough)
        if entry.proxy is not None:
            whole &= is_proxy_of(entry, folder.output(entry.proxy), thorough=thorough)
        return whole
    except (FileNotFoundError, OutputError):  # gone, or a link
        return False
