"""The audit: faces that still show in a covered clip."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

from blur import edits as decisions
from blur.cover.region import Covers
from blur.errors import OutputError
from blur.faces.detections import Picture
from blur.faces.registry import DETECTORS, load_detector
from blur.faces.residual import SECOND_LOOKS, Inspection
from blur.findings import Audit, Residual, Suspect
from blur.media import open_reader
from blur.media.convert import display_rgb
from blur.media.probe import probe
from blur.overlap import ahead
from blur.pipeline.progress import Progress, silent
from blur.plan import Edits, Plan
from blur.settings import Settings
from blur.tracks import residual


def audit(
    out: Path,
    plan: Plan,
    settings: Settings,
    edits: Edits | None = None,
    progress: Progress | None = None,
) -> Audit:
    """Look for faces in the covered clip `out` that are not covered per `plan` and `edits`.

    Faces that a person keeps clear are none. Raises DecodeError, DetectorError, and OutputError
    when `out` is not what `plan` describes.
    """
    return inspect(out, plan, settings, edits, None, progress or silent)[0]


def inspect(
    out: Path,
    plan: Plan,
    settings: Settings,
    edits: Edits | None,
    again: residual.Again | None,
    tell: Progress,
) -> tuple[Audit, list[Residual]]:
    """An audit, narrowed by `again`, and all that it saw: fainter suspects as well."""
    started = time.monotonic()
    info = probe(out)
    if (info.width, info.height) != (plan.width, plan.height):
        raise OutputError("is of another size than its clip", subject=out.name)
    resolved = decisions.resolve(plan, edits) if edits else decisions.Resolved(plan, (), ())
    tracks, shots, every = resolved.plan.tracks, list(plan.shots()), settings.audit.audit_every
    covers = Covers(tracks, shots, settings.cover, plan.width, plan.height)
    cover = residual.Cover(
        lambda frame: [region.outline() for region in covers.at(frame)],
        resolved.kept,
        plan.width,
        plan.height,
    )
    route = residual.itinerary(shots, tracks, every, again)
    inspection = Inspection(plan.width, plan.height, load_detector)
    found = [
        Residual(frame=frame, seconds=round(plan.seconds(frame), 3), box=box, sure=1.0, seen_by=[])
        for frame, box in residual.gaps(shots, tracks)
        if cover.exposes(frame, box, residual.SLIVER)
    ]
    frames = closeups = 0

    def pictures() -> Iterator[tuple[int, Picture]]:
        nonlocal frames
        for frame in reader:
            frames += 1
            if route.wants(frame.index):
                yield frame.index, display_rgb(frame.picture, info.orientation, *inspection.size)

    with open_reader(out, info) as reader, closing(ahead(pictures())) as looked:
        for index, picture in looked:
            places = [box for box in route.places.get(index, ()) if cover.exposes(index, box)]
            suspects = [suspect for box in places for suspect in inspection.around(picture, box)]
            closeups += len(places)
            if index in route.whole:
                suspects += inspection.everywhere(picture, route.whole[index])
            for suspect in suspects:
                bare = cover.bare(index, suspect.box)
                if bare is not None:
                    suspect, sure = _second_looks(inspection, picture, suspect, bare)
                    if sure >= residual.FAINT:
                        found.append(_residual(index, plan.seconds(index), suspect, bare, sure))
            tell("audit", index + 1, plan.frames)
    if frames != plan.frames:
        raise OutputError(f"has {frames} frames, its plan {plan.frames}", subject=out.name)
    found = residual.distinct(found)
    seen = Audit(
        frames=frames,
        looked=len(route.whole),
        closeups=closeups,
        sampling=residual.sampling(settings.audit.audit_every),
        detectors=list(DETECTORS),
        residuals=[r for r in found if r.sure >= residual.BAR],
        seconds=round(time.monotonic() - started, 3),
    )
    return seen, found


def _second_looks(
    inspection: Inspection, picture: Picture, suspect: Suspect, bare: float
) -> tuple[Suspect, float]:
    """The suspect after close-ups, as many as it is worth, and how likely it is a face."""
    sure = residual.likelihood(suspect, bare)
    for number, family in enumerate(SECOND_LOOKS):
        if sure == 0 or (number and sure < residual.WORTH):
            break
        suspect = inspection.second_look(picture, suspect, family)
        sure = residual.likelihood(suspect, bare)
    return suspect, sure


def _residual(frame: int, seconds: float, suspect: Suspect, bare: float, sure: float) -> Residual:
    return Residual(
        frame=frame,
        seconds=round(seconds, 3),
        box=suspect.box,
        sure=round(sure, 3),
        seen_by=sorted(suspect.evidence),
        covered=bare <= residual.EXPOSED,
    )
