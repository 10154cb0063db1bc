"""System calls that write, refused by the kernel with an error of choice: one, or all from one on.

`Refuser` starts a program (this file) that forks a batch for each order; a seccomp filter tells us
of every call that writes, and we let it pass or answer with an error in its place. Linux on x86-64.
"""

from __future__ import annotations

import errno
import fcntl
import io
import json
import os
import re
import select
import socket
import struct
import subprocess
import sys
import threading
import traceback
from pathlib import Path

ERRORS = (
    "ENOSPC", "EIO", "EPERM", "ENOLCK", "EMFILE", "EROFS", "EDQUOT", "EINTR", "ENOMEM", "EACCES",
    "ENAMETOOLONG", "ETXTBSY",
)  # fmt: skip

_BY_HANDLE = {
    1: "write", 18: "pwrite64", 20: "writev", 72: "fcntl", 73: "flock", 74: "fsync",
    75: "fdatasync", 77: "ftruncate", 91: "fchmod", 285: "fallocate", 296: "pwritev",
}  # fmt: skip
_BY_PATH = {
    2: "open", 76: "truncate", 82: "rename", 83: "mkdir", 84: "rmdir", 85: "creat", 86: "link",
    87: "unlink", 88: "symlink", 90: "chmod",
}  # fmt: skip
_BY_PATH_BELOW = {
    257: "openat", 258: "mkdirat", 263: "unlinkat", 264: "renameat", 268: "fchmodat",
    280: "utimensat", 316: "renameat2",
}  # fmt: skip
_CALLS = _BY_HANDLE | _BY_PATH | _BY_PATH_BELOW
_RECEIVE, _ANSWER, _GO_ON = 0xC0502100, 0xC0182101, 1
_NOTIFY, _ALLOW, _NEW_LISTENER = 0x7FC00000, 0x7FFF0000, 1 << 3
_LOCKS = {6, 7, 37, 38}  # F_SETLK, F_SETLKW and their kin of open files


def supported() -> bool:
    return sys.platform == "linux" and os.uname().machine == "x86_64"


class Refuser:
    """Runs batches, one after another, and refuses calls that write below their output folder."""

    def __init__(self) -> None:
        ours, theirs = socket.socketpair()
        with ours, theirs:
            self._program = subprocess.Popen(
                [sys.executable, __file__, str(theirs.fileno())],
                pass_fds=[theirs.fileno()], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL, text=True,
            )  # fmt: skip
            theirs.close()
            _, handles, _, _ = socket.recv_fds(ours, 1, 1)
        self._listener = handles[0]
        self._below = ""
        self._at: range = range(0)
        self._error = 0
        self._always = ""
        self.calls: list[str] = []
        """Calls of the last batch, in order."""
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def batch(
        self,
        inputs: Path,
        out: Path,
        error: str = "",
        at: int = -1,
        more: int = 1,
        always: str = "",
    ) -> dict:
        """The end of a batch, in which calls `at` to `at + more` that write fail with `error`, and
        those whose name matches `always`.
        """
        self.calls = []
        self._always = always
        self._below = f"{out}"
        self._at = range(at, at + more) if error else range(0)
        self._error = getattr(errno, error) if error else 0
        assert self._program.stdin is not None and self._program.stdout is not None
        self._program.stdin.write(json.dumps([str(inputs), str(out)]) + "\n")
        self._program.stdin.flush()
        return json.loads(self._program.stdout.readline())

    def close(self) -> None:
        assert self._program.stdin is not None
        self._program.stdin.close()
        self._program.wait(60)
        self._thread.join(60)

    def _serve(self) -> None:
        poll = select.poll()
        poll.register(self._listener, select.POLLIN)
        while True:
            if not poll.poll()[0][1] & select.POLLIN:
                os.close(self._listener)
                return
            notice = bytearray(80)
            try:
                fcntl.ioctl(self._listener, _RECEIVE, notice)
            except FileNotFoundError:  # whoever called is dead
                continue
            identity, pid, _, call, _, _, *values = struct.unpack_from("=QIIiIQ6Q", notice)
            refused = self._refuses(pid, call, values)
            answer = (identity, 0, -self._error, 0) if refused else (identity, 0, 0, _GO_ON)
            try:
                fcntl.ioctl(self._listener, _ANSWER, struct.pack("=QqiI", *answer))
            except FileNotFoundError:
                continue

    def _refuses(self, pid: int, call: int, values: list[int]) -> bool:
        where = _target(pid, call, values)
        if not where.startswith(self._below) or not self._below:
            return False
        self.calls.append(f"{_CALLS[call]} {where[len(self._below) :]}")
        if self._always and re.match(self._always, _CALLS[call]):
            return True
        return len(self.calls) - 1 in self._at


def _target(pid: int, call: int, values: list[int]) -> str:
    """The path that a call writes to; empty if it writes nothing."""
    try:
        if call in _BY_HANDLE:
            if call == 72 and values[1] not in _LOCKS:
                return ""
            target = Path(f"/proc/{pid}/fd/{values[0]}").readlink()
            return str(target).removesuffix(" (deleted)")
        at, flags = (1, 2) if call in _BY_PATH_BELOW else (0, 1)
        if _CALLS[call] in ("open", "openat") and not values[flags] & (3 | os.O_CREAT):
            return ""
        with Path(f"/proc/{pid}/mem").open("rb", buffering=0) as memory:
            memory.seek(values[at])
            return os.fsdecode(memory.read(4096).split(b"\0")[0])
    except (OSError, OverflowError, ValueError):
        return ""


def _filter() -> bytes:
    """Classic BPF: tell of the calls above, allow all others."""
    numbers = sorted(_CALLS)
    steps = [(0x20, 0, 0, 0)]
    steps += [(0x15, len(numbers) - i, 0, n) for i, n in enumerate(numbers)]
    steps += [(0x06, 0, 0, _ALLOW), (0x06, 0, 0, _NOTIFY)]
    return b"".join(struct.pack("<HBBI", *step) for step in steps)


def _program(channel: socket.socket) -> None:
    """Forks a batch for each order on standard input, under the filter."""
    from green_faces import Green, see

    from blur import corridor  # noqa: F401 - loaded once, before the forks
    from blur.batch import failure, run
    from blur.batch.display import Lines
    from blur.errors import BlurError
    from blur.export import report_page
    from blur.media.write import writer  # noqa: F401
    from blur.process import sandbox
    from blur.scan import scan, segments  # noqa: F401
    from blur.settings import BatchSettings, Level, OutputSettings, ScanSettings, Settings

    see(Green)
    failure._SETTLE = 0.0
    settings = Settings(
        scan=ScanSettings(level=Level.FAST),
        output=OutputSettings(preset="ultrafast"),
        batch=BatchSettings(disk_wait=0),
    )
    kernel = sandbox._KERNELS[os.uname().machine]
    listener = sandbox._load(kernel, _filter(), _NEW_LISTENER)
    socket.send_fds(channel, [b"x"], [listener])
    os.close(listener)
    channel.close()

    def end(inputs: Path, out: Path) -> dict:
        try:
            said = io.StringIO()
            report = run.run([inputs], out, settings, serial=True, display=Lines(said))
            if (out / "report.json").exists():
                report_page.write(out)
            return {"code": int(report.exit_code), "problems": said.getvalue().splitlines()}
        except BlurError as error:
            return {"code": int(error.exit_code), "problems": [str(error)]}
        except BaseException:
            return {"code": -1, "problems": [traceback.format_exc()]}

    for line in sys.stdin:
        inputs, out = map(Path, json.loads(line))
        child = os.fork()
        if child == 0:
            print(json.dumps(end(inputs, out)), flush=True)
            os._exit(0)
        _, status = os.waitpid(child, 0)
        if status:
            print(json.dumps({"code": -status, "problems": ["killed"]}), flush=True)


if __name__ == "__main__":
    with socket.socket(fileno=int(sys.argv[1])) as opened:
        _program(opened)
