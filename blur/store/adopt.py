"""Edits that blur 0.1.0 filed under samples of their clip, filed under every byte of it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from msgspec.structs import replace

from blur.data.plan import Fingerprint
from blur.disk import atomic
from blur.disk.fingerprint import fingerprint
from blur.errors import PlanMismatch
from blur.store.folder import WorkFolder
from blur.store.ledger import Entry
from blur.store.names import from_text
from blur.store.plans import load_edits, save_edits


def adopted(folder: WorkFolder, entries: Iterable[Entry]) -> Iterator[Entry]:
    """The entries whose edits take their new name, each with its hash of every byte.

    The hash is the one in the entry's report, else of the file at its place, where size and samples
    agree. Other edits stay where they lie, without effect. Raises OutputError or DiskFull.
    """
    for entry in entries:
        old = folder.edits_of(entry.fingerprint.quick)
        if entry.sha256 is not None or not old.exists():
            continue
        clip = _read_whole(folder, entry)
        if clip is None:
            continue
        try:
            edits = load_edits(old)
        except PlanMismatch:
            continue
        save_edits(replace(edits, fingerprint=clip), folder.edits_of(clip))
        atomic.remove(old)
        yield replace(entry, sha256=clip.sha256)


def _read_whole(folder: WorkFolder, entry: Entry) -> Fingerprint | None:
    if entry.fingerprint.sha256:
        return entry.fingerprint
    try:
        clip = fingerprint(folder.out / from_text(entry.place))
    except OSError:
        return None
    return clip if clip.quick == entry.fingerprint else None
