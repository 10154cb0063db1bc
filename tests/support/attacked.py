"""A batch over hostile inputs, and whatever is wrong with its end."""

from __future__ import annotations

import subprocess
import sys
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

from killed import Killer
from made_clips import frame_hashes
from mutants import shows_green
from refusals import Refuser

from blur.errors import Exit
from blur.store.report import State, load_report

PROGRAM = Path(__file__).with_name("green_faces.py")
_CRASHED = ("worker process", "showed no progress", "needed more than", "unexpected")
"""Words of a failure that names no fault of the clip."""


@dataclass
class End:
    """Number of inputs by state, and problems in words."""

    states: Counter[str] = field(default_factory=Counter)
    problems: list[str] = field(default_factory=list)


def through_blur(inputs: Path, out: Path, seconds: float = 900) -> End:
    """Runs `blur run` with detectors that see green; every input must end in the report."""
    command = [
        sys.executable, str(PROGRAM), "run", str(inputs), "-o", str(out),
        "--level", "thorough", "--stall-timeout", "60", "--disk-wait", "0", "--preset", "ultrafast",
    ]  # fmt: skip
    done = subprocess.run(
        command, capture_output=True, text=True, timeout=seconds, errors="replace"
    )
    end = End()
    if done.returncode not in (Exit.OK, Exit.FAILED, Exit.RESIDUAL):
        end.problems.append(f"exit code {done.returncode}: {done.stderr[-2000:]}")
    if "Traceback" in done.stdout + done.stderr:
        end.problems.append(f"traceback: {done.stderr[-2000:]}")
    report = load_report(out)
    if report is None:
        end.problems.append("no report")
        return end
    end.states.update(clip.state for clip in report.clips)
    end.states["skipped"] = len(report.skipped)
    named = {clip.name for clip in report.clips} | {str(s.name) for s in report.skipped}
    given = {str(path.relative_to(inputs)) for path in inputs.rglob("*") if path.is_file()}
    end.problems += [f"{name}: not in the report" for name in sorted(given - named)]
    published = {p for p in out.rglob("*") if p.is_file() and ".blur" not in p.parts}
    published -= {out / "report.json", out / "report.html"}
    for clip in report.clips:
        if clip.state is State.DONE:
            assert clip.output is not None
            published.discard(out / clip.output)
            try:
                if shows_green(out / clip.output):
                    end.problems.append(f"{clip.name}: published with a face")
            except Exception as error:
                end.problems.append(f"{clip.name}: its output cannot be read: {error!r}")
        elif clip.error is None or any(word in clip.error.problem for word in _CRASHED):
            end.problems.append(f"{clip.name}: {clip.error and clip.error.problem}")
    end.problems += [f"{path.name}: published without a report" for path in sorted(published)]
    return end


def after_refusal(
    refuser: Refuser,
    inputs: Path,
    out: Path,
    whole: dict[str, list[str]],
    error: str,
    at: int,
    more: int = 1,
) -> tuple[str, list[str]]:
    """Refuses a call of a batch into a new `out`; returns the call and whatever is wrong.

    `whole` are the hashes of pictures of each output, by name. A batch without refusals follows.
    """  # fmt: skip
    ended = refuser.batch(inputs, out, error, at, more)
    refused = refuser.calls[at] if at < len(refuser.calls) else "none"
    wrong = []
    said = " ".join(ended["problems"])
    if ended["code"] not in (Exit.OK, Exit.FAILED, Exit.USAGE) or "Traceback" in said:
        wrong.append(f"ends with {ended['code']}: {said[-600:]}")
    if "unexpected" in said or "another blur" in said:
        wrong.append(f"misnamed: {said}")
    if ended["code"] == Exit.OK and published(out) != whole:
        wrong.append("exit code 0 without its outputs")
    if ended["code"] != Exit.OK and not said:
        wrong.append("a failure without a word")
    if not published(out).items() <= whole.items():
        wrong.append("a half or wrong output")
    again = refuser.batch(inputs, out)
    if again["code"] != Exit.OK or published(out) != whole:
        wrong.append(f"the next run ends with {again['code']}: {again['problems']}")
    if left := [str(p) for p in out.rglob("*.part")]:
        wrong.append(f"left behind: {left}")
    return refused, wrong


def published(out: Path) -> dict[str, list[str]]:
    """Hashes of the pictures of each output, by its name."""
    found = (p for p in out.rglob("*.mp4") if ".blur" not in p.parts)
    return {str(p.relative_to(out)): frame_hashes(p) for p in found}


def after_kill(
    killer: Killer, inputs: Path, out: Path, what: str, stage: str, nth: int
) -> list[str]:
    """Kills a piece of work and does it again; returns whatever is wrong.

    `out` is new for a "run", else that of a finished one.
    """
    ended = killer.work(what, inputs, out, stage, nth)
    wrong = [] if ended["code"] is None else [f"was not killed: {ended}"]
    wrong += _unsound(out)
    if what != "run" and not (out / "a.mp4").exists():
        wrong.append("took the finished output along")
    if what in ("clean", "export") and (out / ".blur" / "ledger.sqlite").exists():
        again = killer.work(what, inputs, out)
        if again["code"] != Exit.OK:
            wrong.append(f"done again, it ends with {again}")
    again = killer.work("run", inputs, out)
    if again["code"] != Exit.OK or not (out / "a.mp4").exists():
        wrong.append(f"the next run ends with {again}")
    wrong += _unsound(out)
    wrong += [f"left behind: {path.name}" for path in out.rglob("*.part")]
    return wrong


def _unsound(out: Path) -> list[str]:
    """Files in `out`, beside the work folder, that are half, clear or nobody's."""
    wrong = []
    for path in out.rglob("*"):
        if path.is_dir() or ".blur" in path.parts or path.match(".blur-*.part"):
            continue
        if path.name == "a.mp4":
            if len(frame_hashes(path)) != 20 or shows_green(path):
                wrong.append("an output is half or clear")
        elif path.name == "report.json":
            if load_report(out) is None:
                wrong.append("a half report")
        elif path.name not in ("report.html", "a.csv") or not path.stat().st_size:
            wrong.append(f"nobody's: {path.name}")
    return wrong
