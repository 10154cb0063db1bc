"""What a worker does: probe a few files, or take one clip down the corridor."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from msgspec import Struct

from blur.clip import ClipJob
from blur.errors import BlurError
from blur.settings import Settings
from blur.store.segment_files import LENGTH

if TYPE_CHECKING:  # the pipeline loads every native library; the batch's own process needs none
    from blur.process.progress import Progress


class Probed(Struct, frozen=True):
    """What the batch needs to know of a clip before work on it starts.

    `frames` is an estimate, at least 1; `suffix` is that of the output file, with its dot.
    """

    frames: int
    width: int
    height: int
    suffix: str

    @property
    def work(self) -> int:
        """What it costs beside other clips: pixels in all frames."""
        return self.frames * self.width * self.height

    @property
    def memory(self) -> int:
        """Bytes that a worker needs for it: what 720p to 4K in 10 bits took, by measurement."""
        return 600_000_000 + 180 * self.width * self.height

    @property
    def disk(self) -> int:
        """Bytes that its output takes at least: a twentieth of a bit for each pixel."""
        return self.work // 160


def probe_clips(job: tuple[list[Path], Settings], progress: Progress) -> list[Probed | BlurError]:
    """Probe files in order; a file that is no clip gives its error instead."""
    from blur.media.open.probe import probe
    from blur.media.write.writers import output_suffix

    paths, settings = job
    answers: list[Probed | BlurError] = []
    for i, path in enumerate(paths):
        try:
            info = probe(path)
            frames = info.frames or int((info.duration or 0) * info.rate) or 1
            suffix = output_suffix(info, settings.output)
            answers.append(Probed(frames, info.width, info.height, suffix))
        except BlurError as error:
            answers.append(error)
        progress("probe", i + 1, len(paths))
    return answers


class Divided(Struct, frozen=True):
    """The segments of a clip that are still to be scanned, and the frames of those that are."""

    todo: list[int]
    done: int = 0


def divide_clip(job: ClipJob, progress: Progress) -> Divided:
    """Divide a long clip; one that has a valid plan, or cannot be divided, has no segments."""
    from blur.scan import segments

    job.require_unchanged()
    if job.saved_plan() is not None:
        return Divided([])
    saved = job.segments()
    division = saved.division()
    if division is None:
        division = segments.divide(job.path, LENGTH, progress)
        if division is None:
            return Divided([])
        saved.divide(division)
    spans = division.spans()
    todo = [number for number in range(len(spans)) if not saved.has(number)]
    return Divided(todo, len(division.pts) - sum(len(spans[number]) for number in todo))


def scan_segment(job: tuple[ClipJob, int], progress: Progress) -> int:
    """The first pass of the scan over one segment of a clip that was divided; its frames."""
    from blur.detect.registry import use_device
    from blur.scan import segments

    clip, number = job
    clip.require_unchanged()
    use_device(clip.settings.batch.device)
    saved = clip.segments()
    division = saved.division()
    if division is None:
        raise BlurError("its segments were removed while it was scanned", subject=clip.entry.name)
    span = division.spans()[number]
    seen = segments.look(clip.path, clip.settings.scan, division.pts, span, progress)
    saved.save(number, seen)
    return len(span)
