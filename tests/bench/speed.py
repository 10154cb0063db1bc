#!/usr/bin/env python3
"""Speed and memory of scan, render and audit, beside the floor of any tool on this machine.

    python tests/bench/speed.py                                  everything, half an hour
    python tests/bench/speed.py --quick                          1080p, four faces, two seconds
    python tests/bench/speed.py --only 720p --faces 4 --levels fast
    python tests/bench/speed.py --deface VENV/bin/deface         and deface on the same clips
    python tests/bench/speed.py --batch --seconds 3              `blur run` itself, its memory

`decode` only decodes; `floor` decodes and encodes with a render's codec settings, but at x264's
preset medium, without looks or covers, and `default` at a render's own preset. `x floor` compares
CPU seconds a frame, which other work on the machine disturbs little, and wall time: compare it only
when nothing else runs. Each clip is measured in its own processes, warmed up on a few frames;
`start` is the seconds from the start of the process to the first frame scanned. `busy` is CPU time
over wall time and cores, `peak` the most memory that the process held during the measurement.

As in a batch, one process a core works on the clip, side by side, for the floor too; wall time is
that of all, divided by their number. With --jobs 1 a process has all cores, as deface always does.

With --batch, `blur run` covers several clips with each worker process under default settings: start
and report count, and the peak is that of the largest worker, seen from outside (on Linux).

Stages are CPU milliseconds a frame. Native threads count as decoding where FFmpeg's decoder names
them (on Linux), else as detecting in a scan and an audit and as encoding in a render. `wait` is the
time of cores that idle, or do others' work.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Any

import paths
import psutil
from filmed import FACES, FORMS, RATE, chosen, filmed
from stages import STAGES, cpu_seconds, forget_peak, found, high_water, peak_memory, staged

from blur.process.workers import ARENAS, THREADS
from blur.settings import Codec, Level, OutputSettings, ScanSettings, Settings, Speed
from blur.settings.cores import codec_threads, cpu_count

WARM = 12
"""Frames of the clip that a process warms up on; too few put the start into the figures."""

BATCH = 3
"""Clips of a batch for each process; from two on, memory that grows from clip to clip shows."""

CRF_18 = '{"codec": "libx264", "quality": 6.45}'
"""For deface, whose scale of quality ends in x264's crf: the crf of a render."""


@dataclass
class Figure:
    """A measurement: means per frame, and the needs of the process."""

    clip: str
    what: str
    frames: int
    wall_ms: float
    cpu_ms: float
    start_s: float = 0.0
    peak_mb: float = 0.0
    stages: dict[str, float] = field(default_factory=dict)

    @property
    def fps(self) -> float:
        return 1e3 / self.wall_ms

    @property
    def busy(self) -> float:
        return self.cpu_ms / self.wall_ms / cpu_count()


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    names = ", ".join(form.name for form in FORMS)
    parser.add_argument("--only", nargs="+", metavar="FORM", help=f"of {names}; not 2160p if none")
    parser.add_argument("--faces", nargs="+", type=int, default=FACES)
    parser.add_argument("--levels", nargs="*", type=Level, default=list(Level))
    parser.add_argument("--seconds", type=float, default=10)
    parser.add_argument("--jobs", type=int, default=cpu_count(), help="processes side by side")
    parser.add_argument("--rounds", type=int, default=1, help="take the least CPU of so many")
    parser.add_argument("--tripod", action="store_true", help="clips of a camera that stands still")
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--batch", action="store_true", help="measure `blur run` on several clips")
    parser.add_argument("--deface", type=Path, metavar="BIN", help="deface 1.5.0's own command")
    parser.add_argument("--json", type=Path, metavar="FILE")
    parser.add_argument("--measure", nargs=3, help=argparse.SUPPRESS)
    given = parser.parse_args(arguments)
    if given.measure:
        what, clip, warm = given.measure
        print(json.dumps([asdict(f) for f in MEASURES[what](Path(clip), Path(warm))]))
        return
    for path in STAGES:
        found(path)
    if given.quick:
        given.only, given.faces, given.seconds = given.only or ["1080p-h264"], [4], 2
    record: list[Figure] = []
    for form, faces in chosen(given.only or ["1080p", "720p"], given.faces):
        frames = round(given.seconds * RATE)
        clip, warm = (filmed(form, faces, n, given.tripod) for n in (frames, WARM))
        print(f"\n{form.name}, {faces} faces, {given.seconds:g} s", flush=True)
        best: dict[str, Figure] = {}
        for _ in range(given.rounds):
            for what in ["floor", *given.levels]:
                if given.batch and what != "floor":
                    count = BATCH * given.jobs
                    clips = [filmed(form, faces, frames + i, given.tripod) for i in range(count)]
                    figures = [batch(given.jobs, what, clips)]
                else:
                    figures = in_processes(given.jobs, what, clip, warm)
                for figure in figures:
                    best[figure.what] = min(
                        figure, best.get(figure.what, figure), key=lambda f: f.cpu_ms
                    )
        if given.deface:
            best["deface"] = deface(given.deface, clip, warm)
        table(list(best.values()))
        record += best.values()
        if given.json is not None:
            given.json.write_text(json.dumps([asdict(f) for f in record], indent=1))


def table(figures: Sequence[Figure]) -> None:
    floor = next(f for f in figures if f.what == "floor")
    print(f"{'':17}{'fps':>6}{'wall ms':>8}{'CPU ms':>8}{'x floor CPU':>12}{'wall':>6}", end="")
    print(f"{'busy':>6}{'start s':>8}{'peak MB':>8}  stages, CPU ms")
    for f in figures:
        print(
            f"{f.what:17}{f.fps:6.1f}{f.wall_ms:8.1f}{f.cpu_ms:8.1f}{f.cpu_ms / floor.cpu_ms:12.2f}"
            f"{f.wall_ms / floor.wall_ms:6.2f}{f.busy:6.0%}{f.start_s:8.2f}{f.peak_mb:8.0f}  "
            + ", ".join(f"{name} {ms:.1f}" for name, ms in f.stages.items())
        )


# --- measurements, each in a process of its own --------------------------------------------------


def in_processes(jobs: int, what: str, clip: Path, warm: Path) -> list[Figure]:
    """Means over `jobs` processes with their parts of the cores, and a batch's environment."""
    command = [sys.executable, __file__, "--measure", what, str(clip), str(warm)]
    cores = str(max(1, cpu_count() // jobs))
    environment = os.environ | {ARENAS: "2"} | dict.fromkeys(THREADS, cores)
    children = [
        subprocess.Popen(command, stdout=subprocess.PIPE, cwd=paths.ROOT, env=environment)
        for _ in range(jobs)
    ]
    answers = [child.communicate()[0] for child in children]
    if any(child.returncode for child in children):
        raise subprocess.CalledProcessError(1, command)
    runs = [[Figure(**row) for row in json.loads(a.splitlines()[-1])] for a in answers]
    return [_mean(parts) for parts in zip(*runs, strict=True)]


def _mean(parts: Sequence[Figure]) -> Figure:
    """Mean over processes side by side: the wall time of a frame shrinks with their number."""
    jobs, one = len(parts), parts[0]
    return replace(
        one,
        wall_ms=sum(f.wall_ms for f in parts) / jobs**2,
        cpu_ms=sum(f.cpu_ms for f in parts) / jobs,
        start_s=max(f.start_s for f in parts),
        peak_mb=max(f.peak_mb for f in parts),
        stages={name: round(ms / jobs, 2) for name, ms in _summed(f.stages for f in parts).items()},
    )


def floor(clip: Path, warm: Path) -> list[Figure]:
    """Decoding alone, and decoding and encoding, by FFmpeg alone."""
    import av

    from blur.media.open.probe import probe
    from blur.media.write.presets import encoder_options, preset_for, sample_format

    info = probe(clip)

    def threaded(source: Any) -> None:
        video = source.streams.video[0]
        video.thread_type, video.codec_context.thread_count = "AUTO", codec_threads()

    def decode() -> int:
        with av.open(str(clip)) as source:
            threaded(source)
            return sum(1 for _ in source.decode(video=0))

    def transcode(output: OutputSettings) -> int:
        preset = preset_for(info, output)
        target = sample_format(info, preset)
        options = encoder_options(preset, info, output, target)
        with tempfile.TemporaryDirectory(prefix="blur-bench-") as folder:
            with av.open(str(clip)) as source, av.open(f"{folder}/out.mp4", "w") as out:
                threaded(source)
                stream: Any = out.add_stream(preset.encoder, info.rate, options=options)
                stream.width, stream.height, stream.pix_fmt = info.width, info.height, target
                stream.codec_context.thread_count = codec_threads()
                count = 0
                for frame in source.decode(video=0):
                    frame.pict_type = 0
                    out.mux(stream.encode(frame))
                    count += 1
                out.mux(stream.encode(None))
            return count

    medium = OutputSettings(codec=Codec.H264, preset=Speed.MEDIUM)
    return [
        measured(clip, "decode", decode, "decode"),
        measured(clip, "floor", partial(transcode, medium), "encode"),
        measured(clip, "default", partial(transcode, OutputSettings()), "encode"),
    ]


def corridor(level: Level) -> Callable[[Path, Path], list[Figure]]:
    """A measurement of scan, render, audit and the sum of them, in a process of its own."""

    def measure(clip: Path, warm: Path) -> list[Figure]:
        from blur.audit.audit import audit
        from blur.detect.registry import unload_detectors
        from blur.process import sandbox
        from blur.render.render import render
        from blur.scan.scan import scan

        sandbox.keep_off_network()
        settings = Settings(scan=ScanSettings(level=level))
        started: list[float] = []

        def first(stage: str, done: int, total: int | None) -> None:
            if not started:
                started.append(time.time() - _process_start())

        with tempfile.TemporaryDirectory(prefix="blur-bench-") as folder:
            trial, out = Path(folder) / "trial.mp4", Path(folder) / "out.mp4"
            known = scan(warm, settings.scan, first)
            plans = []

            def scanned() -> int:
                plans.append(scan(clip, settings.scan))
                return plans[0].frames

            def rendered() -> int:
                return render(clip, plans[0], out, settings).frames

            def audited() -> int:
                return audit(out, plans[0], settings).frames

            parts = [measured(clip, f"scan {level}", scanned, "detect")]
            render(warm, known, trial, settings)
            unload_detectors()  # as a batch does after a scan
            parts.append(measured(clip, f"render {level}", rendered, "encode"))
            audit(trial, known, settings)
            parts.append(measured(clip, f"audit {level}", audited, "detect"))
        whole = Figure(
            clip.stem,
            f"whole {level}",
            parts[0].frames,
            sum(f.wall_ms for f in parts),
            sum(f.cpu_ms for f in parts),
            started[0],
            max(f.peak_mb for f in parts),
            _summed(f.stages for f in parts),
        )
        return [*parts, whole]

    return measure


MEASURES: dict[str, Callable[[Path, Path], list[Figure]]] = {
    "floor": floor,
    **{level: corridor(level) for level in Level},
}


def batch(jobs: int, level: str, clips: Sequence[Path]) -> Figure:
    """`blur run` on the clips, with the peak of its largest worker."""
    frames, peak = sum(map(_frames, clips)), 0.0
    with tempfile.TemporaryDirectory(prefix="blur-bench-") as folder:
        given = ["-o", f"{folder}/out", "--jobs", str(jobs), "--level", level]
        command = [sys.executable, "-m", "blur", "run", *map(str, clips), *given]
        cpu, wall = cpu_seconds(resource.RUSAGE_CHILDREN), time.perf_counter()
        quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
        child = psutil.Popen(command, cwd=paths.ROOT, **quiet)
        while child.poll() is None:
            with suppress(psutil.NoSuchProcess):
                peak = max([peak, *(high_water(worker.pid) for worker in child.children())])
            time.sleep(0.05)
        cpu, wall = cpu_seconds(resource.RUSAGE_CHILDREN) - cpu, time.perf_counter() - wall
    if child.returncode:
        raise subprocess.CalledProcessError(child.returncode, command)
    what = f"batch {level}"
    return Figure(clips[0].stem, what, frames, wall / frames * 1e3, cpu / frames * 1e3, 0.0, peak)


def measured(clip: Path, what: str, work: Callable[[], int], native: str) -> Figure:
    """A run of `work`, which returns its frames; nameless threads count for the stage `native`."""
    forget_peak()
    with staged() as stages:
        cpu, wall = cpu_seconds(), time.perf_counter()
        frames = work()
        cpu, wall = cpu_seconds() - cpu, time.perf_counter() - wall
    stages[native] += cpu - sum(stages.values())
    stages["wait"] = wall * cpu_count() - cpu
    per_frame = {name: round(s / frames * 1e3, 2) for name, s in stages.items() if s}
    return Figure(
        clip.stem,
        what,
        frames,
        wall / frames * 1e3,
        cpu / frames * 1e3,
        0.0,
        peak_memory(),
        per_frame,
    )


def _summed(parts: Iterable[dict[str, float]]) -> dict[str, float]:
    total: defaultdict[str, float] = defaultdict(float)
    for part in parts:
        for name, ms in part.items():
            total[name] += ms
    return {name: round(ms, 2) for name, ms in total.items()}


def _process_start() -> float:
    return float(psutil.Process().create_time())


def deface(command: Path, clip: Path, warm: Path) -> Figure:
    """deface at a render's quality, less its start: a run on the warm-up clip."""
    spent = {}
    with tempfile.TemporaryDirectory(prefix="blur-bench-") as folder:
        for file, frames in ((warm, WARM), (clip, _frames(clip))):
            given = [str(command), str(file), "-o", f"{folder}/out.mp4", "--ffmpeg-config", CRF_18]
            start = time.perf_counter()
            child = subprocess.Popen(given, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            _, status, used = os.wait4(child.pid, 0)  # with FFmpeg, which it starts
            wall = time.perf_counter() - start
            child.returncode = os.waitstatus_to_exitcode(status)
            if child.returncode:
                raise subprocess.CalledProcessError(child.returncode, given)
            spent[frames] = used.ru_utime + used.ru_stime, wall
    (few, (cpu_0, wall_0)), (many, (cpu_1, wall_1)) = sorted(spent.items())
    count = many - few
    return Figure(
        clip.stem,
        "deface",
        count,
        (wall_1 - wall_0) / count * 1e3,
        (cpu_1 - cpu_0) / count * 1e3,
        wall_0,
        used.ru_maxrss / 1024,
    )


def _frames(clip: Path) -> int:
    return int(clip.stem.rpartition("-")[2])


if __name__ == "__main__":
    main()
