"""A film of 12 clips and 30 events, through `blur run` and `blur conform`, in each timeline format.

Each frame of the clips carries its number, which is read again in the conformed files: an event is
exact if they show its very frames; a number under a cover of the plan counts for nothing. Proxies
must show the same frames, and fit. Clips are those of the shared material, looped; a clip of uneven
times is conformed first. `python tests/bench/film.py WORK FRAMES [--scan]`; without a scan and its
audit, of two seconds a frame, plans are made up. A finished WORK is taken as it is.
"""

from __future__ import annotations

import itertools
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from typing import NamedTuple

import av
import numpy as np
import opentimelineio as otio
import paths
from made_output import plan_for
from numbered import numbers, stamped
from passing import facts

from blur.batch.run import run
from blur.cover.region import Covers
from blur.data.frame_map import frame_map
from blur.disk.fingerprint import fingerprint
from blur.settings import AuditMode, AuditSettings, OutputSettings, ScanSettings, Settings
from blur.store.checks import sign
from blur.store.folder import WorkFolder
from blur.store.ledger import Entry
from blur.store.plans import load_plan, save_plan
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
BIT, BITS = 16, 12
"""Pixels of a bit of the numbers, and their bits."""
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


class Shown(NamedTuple):
    """The clip's frames that a covered clip shows, and those whose numbers a cover touches."""

    frames: list[int]
    hidden: set[int]

    @classmethod
    def of(cls, shelf: Shelf, entry: Entry) -> Shown:
        plan = load_plan(shelf.folder.plan_of(entry.fingerprint))
        covers = Covers.of_plan(plan, shelf.settings.cover)
        hidden = set()
        for frame in range(plan.frames):
            for region in covers.at(frame):
                (left, _), (_, low) = region.outline(BIT).min(0), region.outline(BIT).max(0)
                if left < BITS * BIT and low > plan.height - BIT:
                    hidden.add(frame)
        return cls(list(frame_map(plan, entry.placement).shown), hidden)

    def fits(self, read: list[int], wanted: list[int]) -> bool:
        pairs = list(zip(read, wanted, strict=True))
        return all(seen == frame or frame in self.hidden for seen, frame in pairs)


def judged(into: Path, events: list[tuple[str, int, int, float]], maps: dict[str, Shown]):
    """Exact events, all events, files, files whose numbers go on without a break, and events whose
    numbers are all hidden."""
    read: dict[str, list[int]] = {}
    blind = 0
    exact, clips = 0, list(otio.adapters.read_from_file(str(into / "film.otio")).find_clips())
    for clip, (name, start, length, _) in zip(clips, events, strict=True):
        url = clip.media_reference.target_url
        if url not in read:
            read[url] = numbers(into / url)
        held = clip.media_reference.available_range.start_time.value
        first = round(clip.source_range.start_time.value - held)
        wanted = maps[name].frames[start : start + length]
        exact += maps[name].fits(read[url][first : first + length], wanted)
        blind += maps[name].hidden.issuperset(wanted)
    whole = []
    for url, film in read.items():
        name = next(name for name in maps if Path(url).stem.partition("_")[0] == Path(name).stem)
        if UNEVEN not in url:
            begin = statistics.mode(seen - place for place, seen in enumerate(film))
            whole.append(maps[name].fits(film, list(range(begin, begin + len(film)))))
    return exact, len(clips), len(read), sum(whole), len(whole), blind


def main(work: Path, frames: int, *, scan: bool) -> None:
    footage, out = work / "in", work / "out"
    if not (out / "report.json").exists():
        made(footage, out, frames, scan=scan)
    shelf = Shelf(out)
    maps = {}
    for entry in shelf.entries():
        shown = maps[str(entry.output)] = Shown.of(shelf, entry)
        beside = out / str(entry.proxy)
        for path, scale in ((out / str(entry.output), 1.0), (beside, 0.5)):
            assert shown.fits(numbers(path, scale), shown.frames), f"{path} shows other frames"
        assert entry.even_rate or shown.frames == list(range(frames)), entry.name
        assert facts(beside) == facts(out / str(entry.output)), f"{entry.proxy} differs"
        unlike = [n for n in entry.report.notes if "place" in n]
        told = f"{len(shown.frames)} frames, {len(shown.hidden)} numbers hidden"
        print(entry.name, told, entry.even_rate or "own", unlike or "fits")
        if not entry.name.startswith(UNCHECKED):
            word = Signature(by="AB", at="2026-11-29", watched=9, seconds=9)
            sign(shelf.folder, entry, entry.edits_sha256, word)
    conformed(work, out, frames, maps)


def made(footage: Path, out: Path, frames: int, *, scan: bool) -> None:
    """The clips, and a run over them."""
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


def conformed(work: Path, out: Path, frames: int, maps: dict[str, Shown]) -> None:
    """The film in each format, rendered and read again."""
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
        exact, all_, files, whole, even, blind = judged(into, events, maps)
        print(
            f"{suffix}: refused {refused}; {summary}; {exact} of {all_} events exact ({blind}"
            f" with all numbers hidden), {files} files, {whole} of {even} without a break; written"
            f" back: {(into / path.name).exists()}; {seconds:.0f} s, exit {code}; unchecked at"
            f" {', '.join(at)}"
        )


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]), scan="--scan" in sys.argv)
