"""The audit: faces that still show in a covered clip."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from pathlib import Path

from blur.audit import itinerary, judge
from blur.audit.look import SECOND_LOOKS, Inspection
from blur.cover.region import Covers
from blur.data import resolve as decisions
from blur.data.arrays import Picture
from blur.data.edits import Edits
from blur.data.findings import Audit, Residual, Suspect
from blur.data.plan import Box, Plan
from blur.detect.registry import DETECTORS, load_detector
from blur.errors import OutputError
from blur.media.open.clip_info import ClipInfo
from blur.media.open.probe import probe
from blur.media.open.read import Frame
from blur.media.open.readers import open_reader
from blur.media.open.seek import wanted_frames
from blur.media.open.small_pictures import display_rgb
from blur.media.open.timetable import timetable
from blur.process import memory
from blur.process.prefetch import ahead
from blur.process.progress import Progress, silent
from blur.settings import Settings


def audit(
    out: Path,
    plan: Plan,
    settings: Settings,
    edits: Edits | None = None,
    progress: Progress | None = None,
) -> Audit:
    """Look for faces in the covered clip `out` that are not covered per `plan` and `edits`.

    Faces that a person keeps clear are none. Frames that are not looked at are decoded only where
    the way leads through them. Raises DecodeError, DetectorError, and OutputError when `out` is
    not what `plan` describes.
    """
    return inspect(out, plan, settings, edits, None, progress or silent)[0]


def inspect(
    out: Path,
    plan: Plan,
    settings: Settings,
    edits: Edits | None,
    again: itinerary.Again | None,
    tell: Progress,
) -> tuple[Audit, list[Residual]]:
    """An audit, narrowed by `again`, and all that is likelier a face than not: fainter ones too.

    Raises what `audit` raises.
    """
    memory.give_back()  # of a render, which holds its encoder until it returns
    started = time.monotonic()
    info = probe(out)
    if (info.width, info.height) != (plan.width, plan.height):
        raise OutputError("is of another size than its clip", subject=out.name)
    resolved = decisions.resolve(plan, edits) if edits else decisions.Resolved(plan, (), ())
    shots, tracks = list(plan.shots()), resolved.plan.tracks
    cover = _cover(resolved, settings)
    every = settings.audit.audit_every
    route = itinerary.route(shots, tracks, every, again).where(cover.exposes)
    inspection = Inspection(plan.width, plan.height, load_detector)
    found = [
        _residual(plan, frame, box, 1.0, bare, [])
        for frame, box in itinerary.gaps(shots, tracks)
        if (bare := cover.bare(frame, box) or 0.0) > judge.SLIVER
    ]
    pts = _times(out, info, lambda _: tell("audit", 0, plan.frames))
    if len(pts) != plan.frames:
        raise OutputError(f"has {len(pts)} frames, its plan {plan.frames}", subject=out.name)
    with (
        closing(wanted_frames(out, info, pts, route.wants, settled=True)) as frames,
        closing(ahead(_pictures(frames, info, inspection.size))) as pictures,
    ):
        for index, picture in pictures:
            for suspect in _suspects(inspection, route, index, picture):
                found += _judged(plan, cover, inspection, index, picture, suspect)
            tell("audit", index + 1, plan.frames)
    tell("audit", plan.frames, plan.frames)
    found = judge.recurring(judge.distinct(found))
    seen = Audit(
        frames=plan.frames,
        looked=len(route.whole),
        closeups=sum(map(len, route.places.values())),
        sampling=itinerary.sampling(every),
        detectors=list(DETECTORS),
        residuals=[r for r in found if r.sure >= judge.BAR],
        seconds=round(time.monotonic() - started, 3),
    )
    return seen, [r for r in found if r.sure >= judge.FAINT]


def _cover(resolved: decisions.Resolved, settings: Settings) -> judge.Cover:
    """What the render has covered, and what it has left clear on purpose."""
    plan = resolved.plan
    covers = Covers(plan.tracks, plan.shots(), settings.cover, plan.width, plan.height)
    return judge.Cover(
        lambda frame: [region.outline() for region in covers.at(frame)],
        resolved.kept,
        plan.width,
        plan.height,
    )


def _times(out: Path, info: ClipInfo, heard: Callable[[int], None]) -> Sequence[int]:
    """The pts of every frame."""
    known = timetable(out, info, heard)
    if known is not None:
        return known.pts
    times = []
    with open_reader(out, info) as reader:
        for frame in reader:
            times.append(frame.pts)
            heard(len(times))
    return times


def _pictures(
    frames: Iterator[Frame], info: ClipInfo, size: tuple[int, int]
) -> Iterator[tuple[int, Picture]]:
    """Each frame's index and the small picture of it that is looked at."""
    for frame in frames:
        yield frame.index, display_rgb(frame.picture, info.orientation, *size)


def _suspects(
    inspection: Inspection, route: itinerary.Itinerary, frame: int, picture: Picture
) -> Iterator[Suspect]:
    """What the looks that are due at a frame see."""
    for box in route.places.get(frame, ()):
        yield from inspection.around(picture, box)
    if frame in route.whole:
        yield from inspection.everywhere(picture)


def _judged(
    plan: Plan,
    cover: judge.Cover,
    inspection: Inspection,
    frame: int,
    picture: Picture,
    suspect: Suspect,
) -> list[Residual]:
    """What a suspect comes to after close-ups, as many as it is worth: one face, or none."""
    bare = cover.bare(frame, suspect.box)
    sure = judge.likelihood(suspect, bare)
    for number, family in enumerate(SECOND_LOOKS):
        if sure == 0 or (number and sure < judge.WORTH):
            break
        suspect = inspection.second_look(picture, suspect, family)
        bare = cover.bare(frame, suspect.box)
        sure = judge.likelihood(suspect, bare)
    if bare is None or sure < judge.HINT:
        return []
    return [_residual(plan, frame, suspect.box, sure, bare, sorted(suspect.evidence))]


def _residual(
    plan: Plan, frame: int, box: Box, sure: float, bare: float, seen_by: list[str]
) -> Residual:
    return Residual(
        frame=frame,
        seconds=round(plan.seconds(frame), 3),
        box=box,
        sure=round(sure, 3),
        seen_by=seen_by,
        bare=round(bare, 3),
    )
