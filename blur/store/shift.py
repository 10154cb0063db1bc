"""The private shift of all timecodes of an output folder, which only its work folder knows."""

from __future__ import annotations

import secrets

from blur.disk import atomic
from blur.errors import OutputError
from blur.settings import OutputSettings, Timecode
from blur.store.folder import WorkFolder

_DAY = 24 * 3600
"""Seconds."""


def shift_of(folder: WorkFolder, settings: OutputSettings) -> int:
    """Seconds that starts move by, equal for all clips of the folder, made once at random.

    0 unless timecodes are to move. Raises OutputError.
    """
    if settings.timecode is not Timecode.OFFSET:
        return 0
    if not folder.shift.exists():
        atomic.write(folder.shift, f"{secrets.randbelow(_DAY)}\n".encode())
    try:
        return int(folder.shift.read_text("ascii")) % _DAY
    except (OSError, ValueError) as error:
        raise OutputError(
            "the seconds that timecodes moved by cannot be read",
            subject=folder.shift.name,
            remedy="choose another output folder, in which all clips move alike",
        ) from error
