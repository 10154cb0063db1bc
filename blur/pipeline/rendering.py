"""The render: from a clip, its plan and edits to the covered clip."""

from __future__ import annotations

import dataclasses
import time
from pathlib import Path

from msgspec import Struct

from blur import edits as decisions
from blur import memory
from blur.cover.fills import make_fill
from blur.cover.layout import paintable
from blur.cover.paint import paint
from blur.cover.region import Covers
from blur.errors import PlanMismatch
from blur.fingerprint import fingerprint
from blur.media import open_reader, open_writer
from blur.media.probe import probe
from blur.overlap import AHEAD, ahead
from blur.pipeline.progress import Progress, silent
from blur.plan import Edits, Plan
from blur.settings import Settings

_LARGE = 4_000_000
"""Pixels from which one decoded frame waits, not several: at 4K each takes up to 25 MB."""


class Rendered(Struct, frozen=True, kw_only=True):
    """What a render did; goes into the report."""

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
) -> Rendered:
    """Write `clip`, covered per `plan` and `edits`, to `out`: whole, or not at all.

    Raises PlanMismatch when the plan is of another clip, DecodeError, OutputError.
    """
    tell = progress or silent
    started = time.monotonic()
    if fingerprint(clip) != plan.fingerprint:
        raise PlanMismatch("is not the clip that this plan was made from", subject=clip.name)
    if edits is not None:
        plan = decisions.apply(plan, edits)
    info = probe(clip)
    covers = Covers(plan.tracks, plan.shots(), settings.cover, plan.width, plan.height)
    fill = make_fill(settings.cover)
    damage = settings.scan.max_damaged
    with (
        open_reader(
            clip, info, max_damaged=damage, deinterlace=settings.output.deinterlace
        ) as reader,
        open_writer(out, info, settings.output) as writer,
    ):
        done = 0
        for frame in ahead(reader, 1 if info.width * info.height > _LARGE else AHEAD):
            if done >= plan.frames or frame.pts != plan.pts[done]:
                raise PlanMismatch(f"frame {done} is not as it was scanned", subject=clip.name)
            regions = [r.mapped(info.orientation.box_to_stored) for r in covers.at(done)]
            writer.write(dataclasses.replace(frame, picture=paint(frame.picture, regions, fill)))
            done += 1
            tell("render", done, plan.frames)
        if done != plan.frames:
            raise PlanMismatch(f"has {done} frames, its plan {plan.frames}", subject=clip.name)
        notes, damaged = list(reader.notes), reader.damaged
        if (painted := paintable(info.pix_fmt)) != info.pix_fmt:
            notes.append(f"samples converted from {info.pix_fmt} to {painted} to be covered")
        written = writer.finish()
    memory.give_back()  # an audit comes next
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
