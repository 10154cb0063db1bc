"""Names of files as text: printable for people, and exact for databases and JSON."""

from __future__ import annotations

import os
import re
from pathlib import Path, PurePath, PurePosixPath
from urllib.parse import quote, unquote_to_bytes

from blur.disk.places import absolute

_FOLDERS = re.compile(
    r"""/[^'"\n]*/site-packages/|(?<=['"])/[^'"\n]*/|(?<![\w/.:])/(?:[^/\s'"]+/)+"""
)


def shown(name: object) -> str:
    """A file name as printable text: bytes that are not UTF-8 and control characters escaped."""
    text = os.fsencode(str(name)).decode("utf-8", "backslashreplace")
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)


def to_text(path: PurePath) -> str:
    """A path as ASCII text for databases and JSON; exact, see `from_text`."""
    return quote(os.fsencode(path.as_posix()), safe=" /~!$&'()+,;=@[]{}^")


def from_text(text: str) -> PurePosixPath:
    """The path of a `to_text`."""
    return PurePosixPath(os.fsdecode(unquote_to_bytes(text)))


def stays_inside(path: PurePosixPath, *, windows: bool = os.name == "nt") -> bool:
    """Whether a path leads from a folder to a file below it.

    To Windows a backslash parts folders, and a colon leads to another drive (`D:x`) or to a
    stream beside a file's content (`x:y`).
    """
    if windows and {":", "\\"} & set(str(path)):
        return False
    return bool(path.parts) and not path.is_absolute() and ".." not in path.parts


def without_folders(text: str, file: Path | None = None) -> str:
    """`text` without the folders, often named after people, in the absolute paths that it holds.

    The path of `file` is known and goes even where spaces make it hard to tell from words.
    """
    if file is not None:
        text = text.replace(str(absolute(file)), file.name)
    return _FOLDERS.sub("", text)
