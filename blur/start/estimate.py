"""Time and space that a batch would take, measured by a process of its own."""

from __future__ import annotations

import contextlib
import signal
import subprocess
import tempfile
import threading
from typing import IO, Literal

import msgspec
from msgspec import Struct

from blur.batch.forecast import Forecast
from blur.errors import Exit
from blur.process import itself


class EstimateView(Struct, frozen=True, kw_only=True):
    """`seconds` and `bytes` are None until they are measured, or where nothing could be."""

    state: Literal["measuring", "known", "failed"]
    clips: int = 0
    kept: int = 0
    seconds: float | None = None
    bytes: int | None = None
    free: int = 0
    failing: list[tuple[str, str]] = []
    problem: str = ""


class Estimate:
    """`arguments` are those of `blur run`."""

    def __init__(self, arguments: list[str]) -> None:
        # Without names: the clips' names in the answer go with the process.
        self._answer: IO[bytes] = tempfile.TemporaryFile()  # noqa: SIM115 - closed in `stop`
        self._errors: IO[bytes] = tempfile.TemporaryFile()  # noqa: SIM115
        command, *rest = arguments
        self._process = itself.detached(
            command, "--dry-run", "--json", *rest, out=self._answer, errors=self._errors
        )
        self._view = EstimateView(state="measuring")

    def view(self) -> EstimateView:
        if self._view.state == "measuring" and self._process.poll() is not None:
            self._view = self._read()
        return self._view

    def stop(self) -> None:
        """End the measurement, however far it is; does not wait."""
        threading.Thread(target=_end, args=(self._process,), daemon=True).start()
        self._answer.close()
        self._errors.close()

    def _read(self) -> EstimateView:
        self._answer.seek(0)
        try:
            ahead = msgspec.json.decode(self._answer.read(), type=Forecast)
        except msgspec.DecodeError:
            problem = last_words(self._errors, self._process.returncode)
            return EstimateView(state="failed", problem=problem)
        return EstimateView(
            state="known",
            clips=len(ahead.todo),
            kept=ahead.kept,
            seconds=ahead.seconds,
            bytes=ahead.bytes,
            free=ahead.free,
            failing=ahead.failing[:20],
        )


def last_words(errors: IO[bytes], code: int) -> str:
    """Why a blur ended: its own last words, else the meaning of its exit code."""
    errors.seek(0)
    lines = errors.read().decode("utf-8", "replace").strip().splitlines()
    if lines and lines[-1].startswith("blur: "):
        return lines[-1].removeprefix("blur: ")
    with contextlib.suppress(ValueError):
        return Exit(code).meaning
    return f"the system ended it (signal {-code})" if code < 0 else f"it ended with code {code}"


def _end(process: subprocess.Popen[bytes]) -> None:
    if process.poll() is None:
        if hasattr(signal, "SIGHUP"):  # a clean stop, which takes its scratch folder away
            process.send_signal(signal.SIGINT)
        else:
            process.terminate()
        process.wait()
