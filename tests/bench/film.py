"""A film of 12 clips and 30 events, through `blur run` and `blur conform`, in each timeline format.

Each frame of the clips carries its number, which is read again in the conformed files: an event is
exact if they show its very frames. Proxies must show the same frames, and fit. Clips are those of
the shared material, looped; a clip of uneven times is conformed first. `python tests/bench/film.py
WORK FRAMES [--scan]`; without a scan and its audit, which take an hour of a core, plans are made
up.
"""

from __future__ import annotations

import itertools
import subprocess
import sys
import time
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import opentimelineio as otio
import paths
from made_output import plan_for
from numbered import numbers, stamped
from passing import facts

from blur.batch.run import run
from blur.disk.fingerprint import fingerprint
from blur.settings import AuditMode, AuditSettings, OutputSettings, ScanSettings, Settings
from blur.store.checks import sign
from blur.store.folder import WorkFolder
from blur.store.plans import save_plan
from blur.store.report import Signature
from blur.store.shelf import Shelf

KINDS = "pan0 dark0 edge0 lying0 mask0 occlude0 cuts0 upside0 edge1 lying1 mask1 occlude1"
SIZE, RATE = (512, 288), 25
BAND = 96
"""Black rows under the picture, with the number in the last of them: covers of heads at the
picture's edge end above it."""
UNEVEN = "occlude1"
NO_TIMECODE = ("mask1", UNEVEN)
UNCHECKED = ("lying1", "cuts0")
FORMATS = (".otio", ".edl", ".xml", ".fcpxml")
EVENTS, SPEEDY, AGAIN = 30, 4, (7, 18)


def looped(kind: str, frames: int) -> Iterator[np.ndarray]:
    with av.open(str(paths.CLIPS / f"{kind}.mp4")) as container:
        pictures = [
            np.pad(f.reformat(*SIZE, "rgb24").to_ndarray(), ((0, BAND), (0, 0), (0, 0)))
            for f in container.decode(video=0)
        ]
    there_and_back = itertools.cycle([*pictures, *reversed(pictures)])
    return itertools.islice(there_and_back, frames)


def make(path: Path, kind: str, frames: int, hour: int) -> None:
    rng, time_base = np.random.default_rng(5), Fraction(1, 1000)
    steps = rng.integers(25, 56, frames) if kind == UNEVEN else np.full(frames, 1000 // RATE)
    with av.open(str(path), "w") as container:
        film = container.add_stream("libx264", RATE, options={"preset": "ultrafast", "crf": "16"})
        film.width, film.height, film.pix_fmt = SIZE[0], SIZE[1] + BAND, "yuv420p"
        film.time_base = film.codec_context.time_base = time_base
        if kind not in NO_TIMECODE:
            film.metadata["timecode"] = f"{hour:02}:00:00:00"
        sound = container.add_stream("aac", rate=48_000)
        due = np.concatenate([[0], np.cumsum(steps)])
        for number, picture in enumerate(looped(kind, frames)):
            frame = av.VideoFrame.from_ndarray(stamped(picture, number), "rgb24")
            frame.pts, frame.time_base = int(due[number]), time_base
            container.mux(film.encode(frame))
        tone = np.zeros((2, 48 * int(due[-1])), np.float32)
        wave = av.AudioFrame.from_ndarray(tone, "fltp", "stereo")
        wave.sample_rate, wave.pts, wave.time_base = 48_000, 0, Fraction(1, 48_000)
        container.mux([*film.encode(None), *sound.encode(wave), *sound.encode(None)])


def blur(*arguments: object) -> tuple[int, str, float]:
    began = time.monotonic()
    done = subprocess.run(
        [sys.executable, "-m", "blur", *map(str, arguments)], capture_output=True, text=True
    )
    return done.returncode, done.stdout + done.stderr, time.monotonic() - began


def written(folder: Path, suffix: str, events: list[tuple[str, int, int, float]]) -> Path:
    """`events` are clip, first frame of the covered clip, frames in the timeline, speed."""
    when = otio.opentime.RationalTime
    track = otio.schema.Track("V1", kind=otio.schema.TrackKind.Video)
    for name, start, length, speed in events:
        kind = name.partition(".")[0]
        begin = 0 if kind in NO_TIMECODE else (1 + KINDS.split().index(kind)) * 3600 * RATE
        whole = otio.opentime.TimeRange(when(begin, RATE), when(5000, RATE))
        media = otio.schema.ExternalReference(f"file:///covered/{name}", whole)
        shown = otio.opentime.TimeRange(when(begin + start, RATE), when(length, RATE))
        clip = otio.schema.Clip(name, media, shown)
        clip.metadata["cmx_3600"] = {"reel": kind[:8]}
        if speed != 1:
            clip.effects.append(otio.schema.LinearTimeWarp("speed", speed))
        track.append(clip)
    made = otio.schema.Timeline("film", global_start_time=when(3600 * RATE, RATE))
    made.tracks.append(track)
    path = folder / f"film{suffix}"
    options = {"rate": RATE} if suffix == ".edl" else {}
    otio.adapters.write_to_file(made, str(path), **options)
    return path


def judged(into: Path, events: list[tuple[str, int, int, float]], maps: dict[str, list[int]]):
    """Exact events, all events, files, and files whose numbers go on without a break."""
    read: dict[str, list[int]] = {}
    exact, clips = 0, list(otio.adapters.read_from_file(str(into / "film.otio")).find_clips())
    for clip, (name, start, length, _) in zip(clips, events, strict=True):
        url = clip.media_reference.target_url
        if url not in read:
            read[url] = numbers(into / url)
        held = clip.media_reference.available_range.start_time.value
        first = round(clip.source_range.start_time.value - held)
        wanted = maps.get(name, list(range(start + length)))[start : start + length]
        exact += read[url][first : first + length] == wanted
    whole = [
        all(found in itertools.chain([a], [a + 1]) for a, found in itertools.pairwise(film))
        for url, film in read.items()
        if UNEVEN not in url
    ]
    return exact, len(clips), len(read), sum(whole), len(whole)


def main(work: Path, frames: int, *, scan: bool) -> None:
    footage, out = work / "in", work / "out"
    footage.mkdir(parents=True)
    for hour, kind in enumerate(KINDS.split(), 1):
        ending = ".mp4" if kind in NO_TIMECODE else ".mov"
        make(footage / f"{kind}{ending}", kind, frames, hour)
    began = time.monotonic()
    if not scan:
        work_folder = WorkFolder(out)
        work_folder.create()
        for clip in footage.iterdir():
            plan = plan_for(clip)
            for track in plan.tracks:  # above the numbers
                track.boxes[:, :4] *= 0.5
            save_plan(plan, work_folder.plan_of(fingerprint(clip)))
    output = OutputSettings(
        conform=str(RATE), timecode="keep", crf=12, preset="ultrafast", proxy="h264"
    )
    audit = AuditSettings(audit=AuditMode.FIX if scan else AuditMode.OFF)
    settings = Settings(scan=ScanSettings(level="fast"), output=output, audit=audit)
    done = run([footage], out, settings, scan=scan, serial=True)
    print(f"run: exit {done.exit_code}, {time.monotonic() - began:.0f} s")
    shelf = Shelf(out)
    maps = {}
    for entry in shelf.entries():
        shown = numbers(out / str(entry.output))
        if entry.even_rate:
            maps[str(entry.output)] = shown
        else:
            assert shown == list(range(frames)), entry.name
        beside = out / str(entry.proxy)
        assert numbers(beside, 0.5) == shown, f"{entry.proxy} shows other frames"
        assert facts(beside) == facts(out / str(entry.output)), f"{entry.proxy} differs"
        unlike = [n for n in entry.report.notes if "place" in n]
        print(entry.name, len(shown), "frames", entry.even_rate or "own", unlike or "fits")
        if not entry.name.startswith(UNCHECKED):
            word = Signature(by="AB", at="2026-11-29", watched=9, seconds=9)
            sign(shelf.folder, entry, entry.edits_sha256, word)
    names = sorted(path.name for path in out.glob("*.m*"))
    rng = np.random.default_rng(3)
    events = []
    for number in range(EVENTS):
        name = names[number % 12] if number not in AGAIN else names[0]
        start, length = int(rng.integers(30, frames - 90)), int(rng.integers(8, 20))
        events.append((name, start, length, 2.0 if number == SPEEDY else 1.0))
    for suffix in FORMATS:
        path, into = written(work, suffix, events), work / f"into{suffix}"
        refused, listed, _ = blur("conform", path, out, "--into", into)
        code, said, seconds = blur("conform", path, out, "--into", into, "--unchecked-ok")
        if not (into / "film.otio").exists():
            print(suffix, "FAILED", said[-800:])
            continue
        summary = next(line for line in said.splitlines() if "events matched" in line)
        at = [line.split()[1] for line in listed.splitlines() if "UNCHECKED" in line]
        exact, all_, files, whole, even = judged(into, events, maps)
        print(
            f"{suffix}: refused {refused}; {summary}; {exact} of {all_} events exact, {files}"
            f" files, {whole} of {even} without a break; written back:"
            f" {(into / path.name).exists()}; {seconds:.0f} s, exit {code}; unchecked at"
            f" {', '.join(at)}"
        )


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]), scan="--scan" in sys.argv)
