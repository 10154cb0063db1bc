"""Calls that workers make beside `clip.process_clip`: probe files, divide clips, scan segments."""

from __future__ import annotations

import math
from pathlib import Path
from typing import TYPE_CHECKING, Self

from msgspec import Struct

from blur.clip import ClipJob
from blur.disk.fingerprint import fingerprint
from blur.errors import BlurError
from blur.settings import Settings
from blur.store.folder import WorkFolder
from blur.store.ledger import Entry
from blur.store.names import from_text
from blur.store.segment_files import LENGTH

if TYPE_CHECKING:  # the batch's own process stays free of native libraries
    from blur.process.progress import Progress


class RunRequest(Struct, frozen=True):
    """The order for a whole batch: where it writes, how, and which stages of the corridor.

    `scan` false starts from saved plans, `render` false stops at them.
    """

    folder: WorkFolder
    settings: Settings
    scan: bool = True
    render: bool = True

    @property
    def stages(self) -> tuple[str, ...]:
        """The stages that report progress, in order."""
        audit = self.render and self.settings.audits
        return ("scan", "follow") * self.scan + ("render",) * self.render + ("audit",) * audit

    def job(self, path: Path, entry: Entry, notes: tuple[str, ...] = ()) -> ClipJob:
        return ClipJob(
            path=path,
            out=self.folder.out,
            entry=entry,
            settings=self.settings,
            scan=self.scan,
            render=self.render,
            notes=notes,
        )


_LOOKS = 1_300_000
"""Pixels whose decoding, covering and encoding cost as much as a frame's looks, whose pictures have
a size of their own: 305 and 200 ms of CPU a frame at 1080p and 720p (tests/bench/speed.py, one
face, f32). Larger takes clips of few pixels for dearer."""
_START = 25
"""Frames that cost as much as the start of a clip, whose networks are made ready and whose first
frame takes every look: 3 to 7 s where a frame takes 0.2 (four clips, f32, one core). Larger takes
short clips for dearer."""
_SERIAL = 0.75
"""Power of the cores by which a start costs more frames: little of it runs on two (41 frames there,
one clip of 900). Larger takes short clips for dearer where a clip has many cores."""


def work_of(frames: int, width: int, height: int, cores: int = 1) -> int:
    """The cost of so many frames of a clip that has `cores`, from its start, in pixels."""
    return (frames + round(_START * math.pow(cores, _SERIAL))) * (width * height + _LOOKS)


class Probed(Struct, frozen=True):
    """Size of a clip, known before work on it starts.

    `frames` is an estimate, at least 1; `suffix` is the output file's, with its dot. `sha256` is of
    every byte of the clip, None where it was known before. A `still` needs no video encoder.
    `proxy_suffix` is its proxy's, "" where none is made beside a master; `alone` is the kind of
    proxy that the output is, "" for a master.
    """

    frames: int
    width: int
    height: int
    suffix: str
    sha256: str | None = None
    still: bool = False
    proxy_suffix: str = ""
    alone: str = ""

    @classmethod
    def again(cls, entry: Entry) -> Self:
        """The size of a clip as an earlier run entered it in the ledger."""
        suffix = from_text(entry.output or "").suffix
        return cls(max(1, entry.frames), entry.width, entry.height, suffix)

    @property
    def work(self) -> int:
        """The cost of a clip relative to others; see `work_of`."""
        return self.work_on(cores=1)

    def work_on(self, cores: int) -> int:
        """`work` where the clip has so many cores."""
        return work_of(self.frames, self.width, self.height, cores)

    @property
    def pixels(self) -> int:
        """Pixels in all frames: the size of its output relative to others."""
        return self.frames * self.width * self.height

    @property
    def memory(self) -> int:
        """Bytes that a worker needs for it, measured on 720p to 4K in 10 bits."""
        return 600_000_000 + 180 * self.width * self.height

    @property
    def disk(self) -> int:
        """Bytes that its output takes at least: a twentieth of a bit per pixel."""
        return self.pixels // 160


class ProbeJob(Struct, frozen=True):
    """Files to probe; those of `unread` are read whole, for their hash.

    With `render`, the encoder of each is opened once: what it refuses fails before it is scanned.
    """

    paths: list[Path]
    unread: list[Path]
    settings: Settings
    render: bool = True


def probe_clips(job: ProbeJob, progress: Progress) -> list[Probed | BlurError]:
    """Probe files in order; a file that is no clip gives its error instead."""
    from blur.media.open.probe import probe
    from blur.media.write.writers import output_suffix, proxy_suffix, require_writable

    answers: list[Probed | BlurError] = []
    for i, path in enumerate(job.paths):
        try:
            info = probe(path)
            frames = info.likely_frames or 1
            suffix = output_suffix(info, job.settings.output)
            beside = proxy_suffix(info, job.settings.output)
            if job.render:
                require_writable(info, job.settings.output)
            whole = read_whole(path, progress) if path in job.unread else None
            width, height = info.width, info.height
            made = job.settings.output
            alone = str(made.proxy) if made.proxy_alone and not info.still else ""
            answers.append(Probed(frames, width, height, suffix, whole, info.still, beside, alone))
        except BlurError as error:
            answers.append(error)
        progress("probe", i + 1, len(job.paths))
    return answers


def read_whole(path: Path, progress: Progress) -> str:
    """SHA-256 of every byte of a clip. Raises BlurError."""
    try:
        return fingerprint(path, lambda done, total: progress("read", done, total)).sha256
    except OSError as error:
        raise BlurError(
            f"cannot be read: {error.strerror}",
            subject=path.name,
            remedy="check its disk, then run the same command again",
        ) from error


class SegmentsToDo(Struct, frozen=True):
    """The numbers of the segments that are not scanned yet, and the frames of all others."""

    todo: list[int]
    done: int = 0


def divide_clip(job: ClipJob, progress: Progress) -> SegmentsToDo:
    """Divide a long clip; one with a valid plan, or that cannot be divided, has no segments."""
    from blur.scan import segments

    job.require_unchanged()
    if job.saved_plan() is not None:
        return SegmentsToDo([])
    folder = job.segments()
    layout = folder.layout()
    if layout is None:
        divided = segments.divide(job.path, LENGTH, progress)
        if divided is None:
            return SegmentsToDo([])
        layout = folder.begin(divided.pts, divided.starts)
    spans = segments.Segments(layout.pts, layout.starts).spans()
    todo = [number for number in range(len(spans)) if not folder.has(number)]
    return SegmentsToDo(todo, len(layout.pts) - sum(len(spans[number]) for number in todo))


def scan_segment(job: tuple[ClipJob, int], progress: Progress) -> int:
    """Make and save the first pass of the scan over one segment; returns its frames."""
    from blur.detect.registry import use_device
    from blur.scan import segments

    clip, number = job
    clip.require_unchanged()
    use_device(clip.settings.batch.device)
    folder = clip.segments()
    layout = folder.layout()
    if layout is None:
        raise BlurError("its segments were removed while it was scanned", subject=clip.entry.name)
    span = segments.Segments(layout.pts, layout.starts).spans()[number]
    first = segments.look(clip.path, clip.settings.scan, layout.pts, span, progress)
    folder.save(number, segments.to_bytes(first))
    return len(span)
