"""Outputs that an earlier run named after their clips take numbers under `--rename`."""

from __future__ import annotations

import os
import re
from pathlib import PurePosixPath

from msgspec.structs import replace

from blur.batch.naming import collision_key, neutral_names
from blur.errors import OutputError
from blur.store.folder import WorkFolder
from blur.store.identity import is_output_of
from blur.store.ledger import Entry
from blur.store.names import from_text, shown, to_text


def numbered(entry: Entry, folder: WorkFolder, taken: set[str]) -> Entry:
    """The entry, its output under the next free number; unchanged if it has one, or no output.

    `taken` holds the `collision_key` of every name in use, and takes the new one.
    """
    if entry.output is None:
        return entry
    old, clip = from_text(entry.output), PurePosixPath(entry.name)
    if re.fullmatch(r"\d{4,}", str(old.with_suffix(""))) and old.stem != clip.stem:
        return entry
    name = next(
        name
        for name in neutral_names(clip, old.suffix, taken)
        if not os.path.lexists(folder.out / name) or taken_along(entry, folder, name)
    )
    taken.discard(collision_key(old))
    taken.add(collision_key(name))
    return with_output(entry, name)


def with_output(entry: Entry, name: PurePosixPath | None) -> Entry:
    """The entry, and its report, with another name for its output."""
    report = entry.report and replace(
        entry.report, name=entry.name, output=None if name is None else shown(name)
    )
    return replace(entry, output=None if name is None else to_text(name), report=report)


def taken_along(entry: Entry, folder: WorkFolder, name: PurePosixPath) -> bool:
    """Whether a run that was cut off already moved the entry's output to `name`."""
    if entry.output is None or os.path.lexists(folder.out / from_text(entry.output)):
        return False
    try:
        return is_output_of(entry, folder.output(to_text(name)))
    except (OSError, OutputError):  # not there, or a link
        return False
