"""Sounds in place of clips' own, copied into the work folder under their content's name."""

from __future__ import annotations

import shutil
from pathlib import Path

from msgspec.structs import replace

from blur.data.edits import Edits
from blur.disk import atomic
from blur.disk.fingerprint import sha256
from blur.errors import OutputError, cannot_write
from blur.store.folder import WorkFolder


def adopt(folder: WorkFolder, file: Path) -> str:
    """Copy a sound file; returns the name that edits use. Raises OutputError or DiskFull."""
    part = atomic.part_of(folder.sounds / "sound")
    try:
        atomic.make_folder(folder.sounds, 0o700, within=folder.root)
        atomic.make_private(part)
        with file.open("rb") as source, part.open("wb") as target:
            shutil.copyfileobj(source, target)
        name = f"{sha256(part)}{file.suffix.lower()}"
        atomic.publish(part, folder.sounds / name)
    except OSError as error:
        raise cannot_write(error, file.name) from error
    finally:
        atomic.discard(part)
    return name


def located(edits: Edits, folder: WorkFolder) -> Edits:
    """The edits with the path of their sound's file. Raises OutputError if it is not there."""
    name = edits.sound.file
    if not name:
        return edits
    path = folder.sounds / Path(name).name
    if not path.is_file():
        raise OutputError(
            "the sound that a person chose for it is not in the work folder",
            remedy="choose it again with `blur edits sound`",
        )
    return replace(edits, sound=replace(edits.sound, file=str(path)))
