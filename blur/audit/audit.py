"""The audit: faces that still show in a covered clip."""

from __future__ import annotations

import time
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import closing
from functools import partial
from pathlib import Path

from blur.audit import itinerary, judge
from blur.audit.exposure import SLIVER, Exposure
from blur.audit.look import SECOND_LOOKS, AuditLooks
from blur.data.arrays import Picture
from blur.data.edits import Edits
from blur.data.findings import Audit, Residual, Suspect
from blur.data.plan import Box, Plan
from blur.data.resolve import Resolved, resolve
from blur.detect.registry import DETECTORS, load_detector
from blur.errors import OutputError
from blur.media.open.clip_info import ClipInfo
from blur.media.open.probe import probe
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
    """Look for faces in the covered clip `out` that `plan` and `edits` leave uncovered.

    Faces that a person keeps clear do not count. Raises DecodeError (only for damage on the way to
    a frame that is looked at), DetectorError, and OutputError when `out` does not fit `plan`.
    """
    return audit_with_faints(out, plan, settings, edits, None, progress or silent)[0]


def audit_with_faints(
    out: Path,
    plan: Plan,
    settings: Settings,
    edits: Edits | None,
    again: itinerary.Again | None,
    tell: Progress,
) -> tuple[Audit, list[Residual]]:
    """An audit, narrowed by `again`; and its residuals with the fainter ones, from `judge.FAINT`.

    Raises the errors of `audit`.
    """
    memory.give_back()  # of a render, which holds its encoder until it returns
    started = time.monotonic()
    info = probe(out)
    if (info.width, info.height) != (plan.width, plan.height):
        raise OutputError("is of another size than its clip", subject=out.name)
    resolved = resolve(plan, edits) if edits else Resolved(plan, (), ())
    shots, tracks = list(plan.shots()), resolved.plan.tracks
    exposure = Exposure.of(resolved, settings.cover)
    every = settings.audit.audit_every
    route = itinerary.route(shots, tracks, every, again).where(exposure.exposes)
    looks = AuditLooks(*info.square, load_detector, info.still, info.pixel)
    found = [
        _residual(plan, frame, Suspect(box, {}), 1.0, bare)
        for frame, box in itinerary.gaps(shots, tracks)
        if (bare := exposure.bare(frame, box) or 0.0) > SLIVER
    ]
    pts = _times(out, info, lambda _: tell("audit", 0, plan.frames))
    if len(pts) != plan.frames:
        raise OutputError(f"has {len(pts)} frames, its plan {plan.frames}", subject=out.name)
    with closing(_pictures(out, info, pts, route, looks.size)) as pictures:
        for index, picture in pictures:
            for suspect in _suspects(looks, route, index, picture):
                found += _judged(plan, exposure, looks, index, picture, suspect)
            tell("audit", index + 1, plan.frames)
    tell("audit", plan.frames, plan.frames)
    found = judge.recurring(judge.distinct(found))
    report = Audit(
        frames=plan.frames,
        looked=len(route.whole),
        closeups=sum(map(len, route.places.values())),
        sampling=itinerary.sampling(every),
        detectors=list(DETECTORS),
        residuals=[r for r in found if r.sure >= judge.RESIDUAL_BAR],
        seconds=round(time.monotonic() - started, 3),
    )
    return report, [r for r in found if r.sure >= judge.FAINT]


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
    out: Path,
    info: ClipInfo,
    pts: Sequence[int],
    route: itinerary.Itinerary,
    size: tuple[int, int],
) -> Generator[tuple[int, Picture]]:
    """Index and picture, (width, height) `size`, of each frame on the route, decoded ahead."""
    with closing(wanted_frames(out, info, pts, route.wants, settled=True)) as frames:
        small = ((f.index, display_rgb(f.picture, info.orientation, *size)) for f in frames)
        with closing(ahead(small)) as pictures:
            yield from pictures


def _suspects(
    looks: AuditLooks, route: itinerary.Itinerary, frame: int, picture: Picture
) -> Iterator[Suspect]:
    """The suspects of all looks that are due at a frame."""
    for box in route.places.get(frame, ()):
        yield from looks.around(picture, box)
    if frame in route.whole:
        yield from looks.everywhere(picture)


def _judged(
    plan: Plan,
    exposure: Exposure,
    looks: AuditLooks,
    frame: int,
    picture: Picture,
    suspect: Suspect,
) -> list[Residual]:
    """The suspect as a residual after the close-ups it is worth; nothing below `judge.HINT`."""
    suspect, bare, sure = examined(looks, picture, suspect, partial(exposure.bare, frame))
    if bare is None or sure < judge.HINT:
        return []
    return [_residual(plan, frame, suspect, sure, bare)]


def examined(
    looks: AuditLooks, picture: Picture, suspect: Suspect, bare_of: Callable[[Box], float | None]
) -> tuple[Suspect, float | None, float]:
    """A suspect after the close-ups it is worth; the share of it outside all covers, by `bare_of`
    (None: kept clear); its likelihood, 0 to 1."""
    bare = bare_of(suspect.box)
    sure = judge.likelihood(suspect, bare)
    for number, family in enumerate(SECOND_LOOKS):
        if sure == 0 or (number and sure < judge.WORTH):
            break
        suspect = looks.second_look(picture, suspect, family)
        bare = bare_of(suspect.box)
        sure = judge.likelihood(suspect, bare)
    return suspect, bare, sure


def _residual(plan: Plan, frame: int, suspect: Suspect, sure: float, bare: float) -> Residual:
    return Residual(
        frame=frame,
        seconds=round(plan.seconds(frame), 3),
        box=suspect.box,
        sure=round(sure, 3),
        seen_by=sorted(suspect.evidence),
        bare=round(bare, 3),
    )
