"""The command that starts another blur, for work that outlives the process which asks for it."""

from __future__ import annotations

import subprocess
import sys
from typing import IO, Any

_OWN_GROUP = getattr(subprocess, "CREATE_NEW_PROCESS_GROUP", 0)  # Windows
_NO_WINDOW = getattr(subprocess, "CREATE_NO_WINDOW", 0)


def command(*arguments: str) -> list[str]:
    """A command line of this very blur; a bundle without Python is its own program."""
    if getattr(sys, "frozen", False):
        return [sys.executable, *arguments]
    return [sys.executable, "-m", "blur", *arguments]


def detached(*arguments: str, out: IO[Any] | int, errors: IO[Any]) -> subprocess.Popen[bytes]:
    """Start blur in a session of its own: neither Ctrl-C nor the end of this process reaches it."""
    return subprocess.Popen(
        command(*arguments),
        stdin=subprocess.DEVNULL,
        stdout=out,
        stderr=errors,
        start_new_session=True,
        creationflags=_OWN_GROUP | _NO_WINDOW,
    )
