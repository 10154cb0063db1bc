"""CPU seconds by stage of the corridor, and memory, of a process as it runs."""

from __future__ import annotations

import os
import pkgutil
import resource
import sys
import threading
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

STAGES = {
    "blur.media.open.shape.Shapes.decode": "decode",
    "blur.scan.scan.display_rgb": "convert",
    "blur.scan.scan.display_gray": "convert",
    "blur.scan.small.display_gray": "convert",
    "blur.audit.search.display_rgb": "convert",
    "blur.audit.search.display_gray": "convert",
    "blur.scan.camera.StepMeter.measure": "motion",
    "blur.scan.cuts.CutFinder.add": "motion",
    "blur.scan.surprise.SurpriseFinder.add": "motion",
    "blur.scan.looks.ScanLooks.take": "detect",
    "blur.audit.look.AuditLooks.everywhere": "detect",
    "blur.audit.look.AuditLooks.around": "detect",
    "blur.audit.look.AuditLooks.second_look": "detect",
    "blur.scan.pursue.Pursuit.see": "follow",
    "blur.detect.closeup.Closeup.answer": "follow",
    "blur.scan.brief.BriefLooks.take": "follow",
    "blur.scan.scan.tracklets_of": "link",
    "blur.scan.scan.tracks_of": "link",
    "blur.cover.region.Covers.at": "paint",
    "blur.render.render.paint": "paint",
    "blur.media.write.writer.Writer.write": "encode",
    "blur.media.write.runs.RunWriter.encode": "encode",
    "blur.media.write.writer.Writer.finish": "encode",
}
"""Timed in the thread that calls it -> the stage it counts for."""


@contextmanager
def staged() -> Iterator[defaultdict[str, float]]:
    """CPU seconds by stage, in the threads that call a function of STAGES and in FFmpeg's own."""
    stages: defaultdict[str, float] = defaultdict(float)
    inner = threading.local()

    def timed(stage: str, call: Callable[..., Any]) -> Callable[..., Any]:
        def wrapper(*given: Any, **named: Any) -> Any:
            outer, inner.spent = getattr(inner, "spent", 0.0), 0.0
            start = time.thread_time()
            try:
                return call(*given, **named)
            finally:
                whole = time.thread_time() - start
                stages[stage] += whole - inner.spent  # calls within count for their own stages
                inner.spent = outer + whole

        return wrapper

    saved = [(*found(path), stage) for path, stage in STAGES.items()]
    for owner, name, call, stage in saved:
        setattr(owner, name, timed(stage, call))
    ended, decoders = threading.Event(), {}

    def watch() -> None:
        while not ended.wait(0.05):
            decoders.update(decoder_seconds())

    threading.Thread(target=watch, daemon=True).start()
    before = decoder_seconds()
    try:
        yield stages
    finally:
        ended.set()
        stages["decode"] += sum(s - before.get(thread, 0.0) for thread, s in decoders.items())
        for owner, name, call, _ in saved:
            setattr(owner, name, call)


def found(path: str) -> tuple[Any, str, Callable[..., Any]]:
    """Owner, name and function of a dotted path; raises SystemExit if a module or class has moved
    or only inherits the function, whose time would be lost."""
    owner_path, _, name = path.rpartition(".")
    try:
        owner = pkgutil.resolve_name(owner_path)
        return owner, name, vars(owner)[name]
    except (ImportError, AttributeError, KeyError) as error:
        raise SystemExit(f"STAGES names {path}, which is not there: {error!r}") from error


def decoder_seconds() -> dict[str, float]:
    """CPU seconds of FFmpeg's decoder threads, known by their names, by thread."""
    found = {}
    for task in Path("/proc/self/task").glob("*/stat"):
        try:
            name, _, rest = task.read_text().partition("(")[2].rpartition(")")
        except OSError:  # the thread has just ended
            continue
        if name.startswith("av:"):
            ticks = rest.split()[11:13]
            found[task.parent.name] = sum(map(int, ticks)) / 100
    return found


def forget_peak() -> None:
    """Reset the peak of memory (on Linux; elsewhere it counts from the start of the process)."""
    with suppress(OSError):
        Path("/proc/self/clear_refs").write_text("5")


def peak_memory() -> float:
    """MB, peak of memory since `forget_peak`, or since the start of the process."""
    unit = 2**20 if sys.platform == "darwin" else 2**10
    return high_water(os.getpid()) or resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / unit


def high_water(process: int) -> float:
    """MB, peak of a process's memory; 0 where the system does not tell."""
    with suppress(OSError):
        for line in Path(f"/proc/{process}/status").read_text().splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) / 1024
    return 0.0


def cpu_seconds(whose: int = resource.RUSAGE_SELF) -> float:
    used = resource.getrusage(whose)
    return used.ru_utime + used.ru_stime
