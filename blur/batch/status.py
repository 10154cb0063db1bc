"""The progress of a batch, read from another terminal."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

from msgspec import Struct

from blur.batch.display import frames_done
from blur.disk.fingerprint import file_sha256
from blur.store.checks import signatures
from blur.store.folder import WorkFolder
from blur.store.ledger import Entry, Flight, outputs_of, read_ledger
from blur.store.report import State


class Failure(Struct, frozen=True):
    name: str
    problem: str
    remedy: str = ""


class Status(Struct, frozen=True):
    """The state of a batch. Frames are estimates; clips in work count in part.

    `leftovers` counts the half-written files of a batch that was killed, `checked` the covered
    clips that a person watched as they are.
    """

    running: bool
    states: dict[State, int]
    frames: int
    frames_done: int
    in_work: list[Flight]
    leftovers: int
    checked: int
    failed: list[Failure]


def status(out: Path, *, running: bool | None = None) -> Status:
    """The state of the batch in `out`, running or ended. Raises OutputError.

    Without `running` the folder's lock is tried, which a batch that begins at that moment takes for
    another's: whoever knows the answer gives it.
    """
    folder = WorkFolder(out)
    entries, flights = read_ledger(folder)
    running = folder.busy() if running is None else running
    clips = [entry for entry in entries if entry.state is not State.SKIPPED]
    finished = sum(entry.frames for entry in clips if entry.state is not State.FOUND)
    done = [entry for entry in clips if entry.state is State.DONE]
    signed = [signatures(folder, e, file_sha256(folder.edits_of(e.fingerprint))) for e in done]
    return Status(
        running=running,
        states=dict(Counter(entry.state for entry in clips)),
        frames=sum(entry.frames for entry in clips),
        frames_done=finished + round(sum(map(_done, flights))) * running,
        in_work=flights if running else [],
        leftovers=0 if running else len(folder.leftovers(outputs_of(entries, folder))),
        checked=sum(map(bool, signed)),
        failed=[_failure(entry) for entry in clips if entry.state is State.FAILED],
    )


def status_text(now: Status) -> str:
    """The status for a terminal."""
    share = f" ({100 * now.frames_done // now.frames} %)" if now.frames else ""
    lines = [
        "a batch is running" if now.running else "no batch is running",
        ", ".join(f"{n} {state.words}" for state, n in now.states.items()) or "no clips",
        f"{now.frames_done} of about {now.frames} frames{share}",
    ]
    if now.states.get(State.DONE):
        lines.append(f"{now.checked} of {now.states[State.DONE]} covered clips checked by a person")
    lines += [f"in work: {f.name}: {f.stage} {f.done}/{f.total or '?'}" for f in now.in_work]
    if now.leftovers:
        lines.append(
            f"{now.leftovers} half-written files of a batch that was killed;"
            " the next run or `blur clean` removes them"
        )
    lines += [f"failed: {f.name}: {f.problem}" for f in now.failed]
    return "\n".join(lines)


def _done(flight: Flight) -> float:
    return frames_done(flight.stage, flight.done, flight.total) if flight.total else 0.0


def _failure(entry: Entry) -> Failure:
    error = entry.report.error if entry.report else None
    problem, remedy = (error.problem, error.remedy) if error else ("unknown", "")
    return Failure(entry.name, problem, remedy)
