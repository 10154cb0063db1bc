"""The three standard streams: open from the start, and never the end of a batch.

A closed descriptor 0, 1 or 2 is the number of the next file that is opened: a library's message
would land in an output. A reader that leaves (`| head`), or a terminal that is closed, would end a
batch by its next message.
"""

from __future__ import annotations

import contextlib
import errno
import os
import sys
from collections.abc import Callable
from typing import Any, TextIO

from blur.errors import OutputError, cannot_write

_NOBODY = {errno.EPIPE, errno.EIO, errno.EBADF, errno.ENXIO}
"""Errors of a stream that nobody reads any more: a pipe without a reader, a vanished terminal."""

_LOCAL = 3
"""Place of a terminal's local modes among its attributes."""


def steady() -> None:
    """Open what is closed of descriptors 0 to 2, and let messages to nobody be lost in silence."""
    for number in range(3):
        with contextlib.suppress(OSError):
            os.fstat(number)
            continue
        os.open(os.devnull, os.O_RDWR)  # takes the smallest free number, which is this one
    if sys.stdin is None:
        sys.stdin = open(0, closefd=False)  # noqa: SIM115 - as long as the process
    sys.stdout = _steadied(sys.stdout, 1)
    sys.stderr = _steadied(sys.stderr, 2, needed=False)


def hide_control_keys(stream: TextIO) -> Callable[[], None]:
    """Let the terminal write no ^C on `stream`, where bars are drawn; returns what undoes it.

    A terminal that another program has in the foreground is left alone: it would stop this one.
    """
    try:
        import termios
    except ImportError:  # Windows writes none
        return lambda: None

    def echo(shown: bool) -> None:
        with contextlib.suppress(OSError, ValueError, termios.error):
            number = stream.fileno()
            if os.tcgetpgrp(number) != os.getpgrp():
                return
            modes = termios.tcgetattr(number)
            modes[_LOCAL] = modes[_LOCAL] & ~termios.ECHOCTL | (termios.ECHOCTL if shown else 0)
            termios.tcsetattr(number, termios.TCSANOW, modes)

    echo(shown=False)
    return lambda: echo(shown=True)


def _steadied(stream: Any, number: int, *, needed: bool = True) -> Any:
    if isinstance(stream, _Steady):
        return stream
    if stream is None:  # Python found the descriptor closed
        stream = open(number, "w", errors="backslashreplace", closefd=False)  # noqa: SIM115
    return _Steady(stream, needed)


class _Steady:
    """A text stream whose errors lose text, where nobody reads it or it is not `needed`.

    A full disk under a `needed` stream raises OutputError: results would be lost unseen.
    """

    def __init__(self, stream: Any, needed: bool) -> None:
        self._stream = stream
        self._needed = needed

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)

    def write(self, text: str) -> int:
        self._unless_lost(lambda: self._stream.write(text))
        return len(text)

    def flush(self) -> None:
        self._unless_lost(self._stream.flush)

    def _unless_lost(self, call: Callable[[], object]) -> None:
        try:
            call()
        except OSError as error:
            if self._needed and error.errno not in _NOBODY:
                raise _lost(error) from error
            self._silence()
        except ValueError:  # a closed stream
            return

    def _silence(self) -> None:
        """Lead the descriptor nowhere: what is buffered would fail again as the program ends."""
        with contextlib.suppress(OSError, ValueError):
            nowhere = os.open(os.devnull, os.O_WRONLY)
            os.dup2(nowhere, self._stream.fileno())
            os.close(nowhere)


def _lost(error: OSError) -> OutputError:
    return cannot_write(error, "standard output")
