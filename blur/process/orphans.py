"""Workers whose batch is gone end without a word: nobody is there to read a traceback."""

from __future__ import annotations

import os
from collections.abc import Callable
from multiprocessing import spawn
from multiprocessing.connection import Connection
from typing import Any

_QUIETLY = """import os
try:
    {program}
except EOFError:
    os._exit(1)
"""
"""A new process reads from its parent what to do, and finds nothing where that was killed. What it
then does has handlers of its own."""


def end_quietly() -> None:
    """From now on, processes that are spawned end without a word when this one is killed before
    they have begun."""
    if spawn.get_command_line is not _quiet:
        spawn.get_command_line = _quiet


_usual: Callable[..., list[str]] = spawn.get_command_line


def _quiet(**given: Any) -> list[str]:
    command = _usual(**given)
    if "-c" in command:  # a bundled program has a command line of its own
        at = command.index("-c") + 1
        command[at] = _QUIETLY.format(program=command[at])
    return command


def send(pipe: Connection[Any, Any], message: object) -> None:
    """Send to the batch; end this process if it is gone."""
    try:
        pipe.send(message)
    except OSError:
        os._exit(1)
