"""Names of files as text: printable for people, and exact for databases and JSON."""

from __future__ import annotations

import os
from pathlib import PurePath, PurePosixPath
from urllib.parse import quote, unquote_to_bytes


def shown(name: object) -> str:
    """A file name as printable text: what is not UTF-8 or would tear a line is escaped."""
    text = os.fsencode(str(name)).decode("utf-8", "backslashreplace")
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)


def to_text(path: PurePath) -> str:
    """A path as plain text that any database, JSON file and machine can hold."""
    return quote(os.fsencode(path.as_posix()), safe=" /~!$&'()+,;=@[]{}^")


def from_text(text: str) -> PurePosixPath:
    """The path that `to_text` wrote."""
    return PurePosixPath(os.fsdecode(unquote_to_bytes(text)))
