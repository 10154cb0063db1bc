"""The render: a clip, covered per its plan and edits."""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Iterable
from pathlib import Path

import av
from msgspec import Struct

from blur.cover.fills import make_fill
from blur.cover.layout import paintable
from blur.cover.paint import paint
from blur.cover.region import Covers
from blur.data import resolve
from blur.data.edits import Edits
from blur.data.placement import WHOLE, Placement
from blur.data.plan import Plan
from blur.disk.fingerprint import fingerprint
from blur.errors import PlanMismatch
from blur.media.open.clip_info import ClipInfo
from blur.media.open.probe import probe
from blur.media.open.read import Frame, FrameReader
from blur.media.open.readers import open_reader
from blur.media.write.delivery import delivery_of
from blur.media.write.still_writer import StillWriter
from blur.media.write.writer import Writer
from blur.media.write.writers import open_writer
from blur.process.prefetch import AHEAD, ahead
from blur.process.progress import Progress, silent
from blur.settings import Settings

_LARGE = 4_000_000
"""Pixels from which a single decoded frame waits: at 4K each takes up to 25 MB. Larger needs more
memory."""


class Rendered(Struct, frozen=True, kw_only=True):
    """The report of a render: frames written and damaged, sizes in bytes, time in seconds, and the
    metadata dropped."""

    frames: int
    damaged: int
    bytes_in: int
    bytes_out: int
    sha256: str
    seconds: float
    dropped: list[str]
    notes: list[str]


def render(
    clip: Path,
    plan: Plan,
    out: Path,
    settings: Settings,
    edits: Edits | None = None,
    progress: Progress | None = None,
    placed: Placement = WHOLE,
) -> Rendered:
    """Write `clip`, covered per `plan` and `edits`, to `out`: whole, or not at all.

    Raises PlanMismatch if plan or edits are of another clip, DecodeError, OutputError.
    """
    started = time.monotonic()
    covering = Covering(clip, plan, settings, edits)
    info = covering.info
    delivery = delivery_of(info, settings.output, edits, plan.seconds(plan.frames), placed)
    with (
        open_source(clip, info, settings) as reader,
        open_writer(out, info, settings.output, delivery) as writer,
    ):
        done = covering.write(reader, writer, progress or silent)
        if done != plan.frames:
            raise PlanMismatch(f"has {done} frames, its plan {plan.frames}", subject=clip.name)
        notes, damaged = list(reader.notes), reader.damaged
        if (painted := paintable(info.pix_fmt)) != info.pix_fmt:
            notes.append(f"samples converted from {info.pix_fmt} to {painted} to be covered")
        written = writer.finish()
    return Rendered(
        frames=written.frames,
        damaged=damaged,
        bytes_in=clip.stat().st_size,
        bytes_out=written.bytes,
        sha256=written.sha256,
        seconds=round(time.monotonic() - started, 3),
        dropped=list(written.dropped),
        notes=notes + list(written.notes),
    )


def open_source(clip: Path, info: ClipInfo, settings: Settings) -> FrameReader:
    """The reader of the frames that are covered."""
    return open_reader(
        clip,
        info,
        max_damaged=settings.scan.max_damaged,
        deinterlace=settings.output.deinterlace,
        on_resize=settings.scan.on_resize,
    )


def covers_of(plan: Plan, settings: Settings, edits: Edits | None) -> Covers:
    """The covers of a plan and a person's edits."""
    if edits is not None:
        plan = resolve.apply(plan, edits)
    return Covers.of_plan(plan, settings.cover)


class Covering:
    """Paints the covers of a plan and edits on the frames of `clip`.

    Raises PlanMismatch if plan or edits are of another clip.
    """

    def __init__(self, clip: Path, plan: Plan, settings: Settings, edits: Edits | None) -> None:
        if fingerprint(clip) != plan.fingerprint:
            raise PlanMismatch("is not the clip that this plan was made from", subject=clip.name)
        self.info = probe(clip)
        self._clip, self._plan = clip, plan
        self.covers = covers_of(plan, settings, edits)
        self._fill = make_fill(settings.cover)

    def write(self, frames: Iterable[Frame], writer: Writer | StillWriter, tell: Progress) -> int:
        """Write `frames`, covered; returns the last index + 1. Raises PlanMismatch for a frame at
        another time than scanned."""
        done = 0
        for frame in ahead(frames, 1 if self.info.width * self.info.height > _LARGE else AHEAD):
            writer.write(dataclasses.replace(frame, picture=self._covered(frame)))
            done = frame.index + 1
            tell("render", done, self._plan.frames)
        return done

    def _covered(self, frame: Frame) -> av.VideoFrame:
        index, times = frame.index, self._plan.pts
        if index >= len(times) or frame.pts != times[index]:
            raise PlanMismatch(f"frame {index} is not as it was scanned", subject=self._clip.name)
        to_stored = self.info.orientation.box_to_stored
        regions = [region.mapped(to_stored) for region in self.covers.at(index)]
        return paint(frame.picture, regions, self._fill)
