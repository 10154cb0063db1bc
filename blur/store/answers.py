"""The answers to a clip's doubts, as a file in the work folder."""

from __future__ import annotations

from pathlib import Path

import msgspec

from blur.data.answers import Answer
from blur.data.plan import Fingerprint
from blur.data.ready import ready
from blur.disk import atomic
from blur.errors import PlanMismatch
from blur.store.folder import WorkFolder


def load_answers(folder: WorkFolder, clip: Fingerprint) -> tuple[Answer, ...]:
    """No answers without a file. Raises PlanMismatch when it is damaged."""
    path = answers_file(folder, clip)
    try:
        return msgspec.json.decode(path.read_bytes(), type=tuple[Answer, ...])
    except FileNotFoundError:
        return ()
    except msgspec.DecodeError as error:
        raise PlanMismatch(
            f"damaged: {error}", subject=path.name, remedy="delete it and answer again"
        ) from error


def save_answers(folder: WorkFolder, clip: Fingerprint, answers: tuple[Answer, ...]) -> None:
    """Write them, mode 0600, whole or not at all; without any, remove the file."""
    if answers:
        atomic.write(answers_file(folder, clip), msgspec.json.encode(answers))
    else:
        atomic.remove(answers_file(folder, clip))


def answers_file(folder: WorkFolder, clip: Fingerprint) -> Path:
    return folder.root / "answers" / folder.plan_of(clip).name


ready(tuple[Answer, ...])
