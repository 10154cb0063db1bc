"""New names for the files of finished clips, and for their proxies beside them; numbers under
`--rename`."""

from __future__ import annotations

import csv
import io
import os
import re
from collections.abc import Container, Iterable
from pathlib import PurePosixPath

from msgspec.structs import replace

from blur.batch.naming import bare, collision_key, neutral_names, proxy_names
from blur.disk import atomic
from blur.errors import OutputError
from blur.store.folder import WorkFolder
from blur.store.identity import is_output_of, is_proxy_of
from blur.store.ledger import Entry
from blur.store.names import from_text, shown, to_text
from blur.store.report import ClipReport


def numbered(entry: Entry, folder: WorkFolder, taken: set[str]) -> Entry:
    """The entry, its output under the next free number; unchanged if it has one, or no output.

    `taken` holds the `collision_key` of every name in use, and takes the new one.
    """
    if entry.output is None:
        return entry
    old, clip = from_text(entry.output), PurePosixPath(entry.name)
    plain = str(bare(old, entry.alone).with_suffix(""))
    if re.fullmatch(r"\d{4,}", plain) and old.stem != clip.stem:
        return entry
    name = next(
        name
        for name in neutral_names(clip, old.suffix, taken, entry.alone)
        if not os.path.lexists(folder.out / name) or taken_along(entry, folder, name)
    )
    taken.discard(collision_key(old))
    taken.add(collision_key(name))
    return with_output(entry, name, folder, taken)


def with_output(
    entry: Entry,
    name: PurePosixPath | None,
    folder: WorkFolder,
    taken: set[str],
    gone: Container[str] = (),
) -> Entry:
    """The entry, and its report, with another name for its output, and its proxy beside that.

    `taken` as in `numbered`; files at the places below OUT in `gone` make room.
    """
    if name is None:
        return replace(entry, output=None, report=_renamed(entry, None, None))
    proxy = None if entry.proxy is None else _proxy_beside(entry, name, folder, taken, gone)
    return replace(
        entry,
        output=to_text(name),
        proxy=None if proxy is None else to_text(proxy),
        report=_renamed(entry, name, proxy),
    )


def _proxy_beside(
    entry: Entry,
    output: PurePosixPath,
    folder: WorkFolder,
    taken: set[str],
    gone: Container[str],
) -> PurePosixPath:
    old = from_text(entry.proxy or "")
    taken.discard(collision_key(old))
    name = next(
        name
        for name in proxy_names(output, old.suffix)
        if collision_key(name) not in taken
        and (
            name == old
            or to_text(name) in gone
            or not os.path.lexists(folder.out / name)
            or taken_along(entry, folder, name, proxy=True)
        )
    )
    taken.add(collision_key(name))
    return name


def _renamed(
    entry: Entry, output: PurePosixPath | None, proxy: PurePosixPath | None
) -> ClipReport | None:
    return entry.report and replace(
        entry.report,
        name=entry.name,
        output=None if output is None else shown(output),
        proxy=None if proxy is None else shown(proxy),
    )


def taken_along(
    entry: Entry, folder: WorkFolder, name: PurePosixPath, *, proxy: bool = False
) -> bool:
    """Whether a run that was cut off already moved the entry's output, or proxy, to `name`."""
    old, is_same = (entry.proxy, is_proxy_of) if proxy else (entry.output, is_output_of)
    if old is None or os.path.lexists(folder.out / from_text(old)):
        return False
    try:
        return is_same(entry, folder.output(to_text(name)))
    except (OSError, OutputError):  # not there, or a link
        return False


def save_key(folder: WorkFolder, entries: Iterable[Entry]) -> None:
    """Write `names.csv`, the clip of each output, for outputs with numbers for names."""
    text = io.StringIO()
    rows = csv.writer(text)
    rows.writerow(["output", "clip"])
    rows.writerows(
        (shown(from_text(entry.output)), entry.name) for entry in entries if entry.output
    )
    atomic.write(folder.key, text.getvalue().encode())
