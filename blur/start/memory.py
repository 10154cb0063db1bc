"""The last choice of folders, so that the page opened again finds the batch that is running.

A private file in the user's state folder: the names of folders are often people's.
"""

from __future__ import annotations

import msgspec
from msgspec import Struct

from blur.disk import atomic
from blur.disk.places import state_folder
from blur.errors import cannot_write
from blur.start.presets import PRESETS

_NAME = "start.json"


class Choice(Struct, frozen=True, kw_only=True):
    """Folders as in `folders.Place.path`, "" where none was chosen, and a preset's id."""

    footage: str = ""
    out: str = ""
    preset: str = PRESETS[0].id


def recall() -> Choice:
    """The last choice; none where there was none, or where its file is damaged."""
    try:
        return msgspec.json.decode((state_folder() / _NAME).read_bytes(), type=Choice)
    except (OSError, msgspec.DecodeError):
        return Choice()


def remember(choice: Choice) -> None:
    """Raises OutputError."""
    folder = state_folder()
    try:
        atomic.make_folder(folder, 0o700)
    except OSError as error:
        raise cannot_write(error, folder.name) from error
    atomic.write(folder / _NAME, msgspec.json.encode(choice))
