"""A person's decisions about a clip, as they stood at any moment: undo and redo."""

from __future__ import annotations

from typing import NamedTuple

from blur.data.answers import Answer
from blur.data.edits import Edits
from blur.errors import UsageError
from blur.store.remarks import Remark

_UNDO = 500
"""Decisions that can be undone; more of them take more memory."""


class Decided(NamedTuple):
    edits: Edits
    answers: tuple[Answer, ...]
    remarks: tuple[Remark, ...] = ()


class History:
    """Outlives the open clip, for a queue of doubts leads from clip to clip.

    `tip` is the revision that the history leads to; at another, it is worth nothing.
    """

    def __init__(self) -> None:
        self._undo: list[Decided] = []
        self._redo: list[Decided] = []
        self.tip = ""

    @property
    def steps(self) -> tuple[int, int]:
        """Decisions that can be undone, and done again."""
        return len(self._undo), len(self._redo)

    def clear(self) -> None:
        self._undo.clear()
        self._redo.clear()

    def done(self, before: Decided) -> None:
        """A decision was made on `before`."""
        self._undo.append(before)
        del self._undo[:-_UNDO]
        self._redo.clear()

    def last(self, *, again: bool) -> Decided:
        """The state before the last decision, or after the one to do `again`. Raises UsageError."""
        found = self._redo if again else self._undo
        if not found:
            raise UsageError(f"there is nothing to {'do again' if again else 'undo'}")
        return found[-1]

    def stepped(self, before: Decided, *, again: bool) -> None:
        """The state of `last` was taken, from `before`."""
        come_from, go_to = (self._redo, self._undo) if again else (self._undo, self._redo)
        come_from.pop()
        go_to.append(before)
