"""The audit: faces that still show in a covered clip."""

from __future__ import annotations

import copy
import threading
import time
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

import cv2
import numpy as np

from blur.audit import itinerary, judge
from blur.audit.covered import flattened, is_painted
from blur.audit.exposure import EXPOSED, SLIVER, Exposure
from blur.audit.look import SECOND_LOOKS, AuditLooks
from blur.audit.search import Search, Seen
from blur.cover.fills import Fill, make_fill
from blur.cover.region import Covers
from blur.data.arrays import Gray, Picture
from blur.data.edits import Edits
from blur.data.findings import Audit, Residual, Suspect
from blur.data.frame_map import frame_map
from blur.data.gaps import GAP, gaps
from blur.data.overlap import same_sighting
from blur.data.placement import WHOLE, Placement
from blur.data.plan import Box, Plan
from blur.data.resolve import Resolved, resolve
from blur.detect.registry import DETECTORS, load_detector
from blur.errors import OutputError
from blur.media.open.clip_info import ClipInfo
from blur.media.open.probe import probe
from blur.media.open.readers import open_reader
from blur.media.open.timetable import timetable
from blur.media.write.proxies import enlarged
from blur.process import memory
from blur.process.prefetch import AHEAD, ahead, in_turn
from blur.process.progress import Progress, growing, silent
from blur.scan.timeline import Timeline
from blur.settings import Settings
from blur.settings.cores import cpu_count

_AHEAD = 16
"""Frames that decoding may run ahead of looks that lie a dozen apart: with one clip on two cores an
audit keeps them 89 % busy, and 80 % with 3. Larger holds more pictures of up to 3 MB."""


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
    placed: Placement = WHOLE,
) -> tuple[Audit, list[Residual]]:
    """An audit, narrowed by `again`; and its residuals with the fainter ones, from `judge.FAINT`.

    Frames are those of the clip, of which `out` may hold a part, or some of them again. The
    pictures of a proxy that stands alone are enlarged to the clip's size.

    Raises the errors of `audit`.
    """
    memory.give_back()  # of a render, which holds its encoder until it returns
    started = time.monotonic()
    info = probe(out)
    shape = _shape(info, plan, alone=settings.output.proxy_alone)
    resolved = resolve(plan, edits) if edits else Resolved(plan, (), ())
    held, tracks = frame_map(plan, placed), resolved.plan.tracks
    shots, present = list(plan.shots()), held.present()
    covers = Covers.of_plan(resolved.plan, settings.cover)
    exposure = Exposure.of(resolved, covers)
    every = settings.audit.audit_every
    times = [*(held.pts[held.places(frame).start] for frame in present), held.pts[-1]]
    long = [present[n] for n in itinerary.long_frames(times, held.tick)]
    shown = itinerary.shown_shots(shots, present)
    route = itinerary.route(shown, tracks, every, again, long)
    route = route.among(held).where(exposure.exposes)
    looks = AuditLooks(*shape.square, load_detector, info.still, shape.pixel)
    hold = Timeline.of(plan.pts, plan.time_base, plan.cuts).frames(settings.scan.hold)
    most = max(GAP, min(every - 1, hold))
    found = [
        _residual(plan, frame, Suspect(box, {}), 1.0, bare)
        for frame, box in gaps(shots, tracks, resolved.kept, most)
        if held.places(frame) and (bare := exposure.bare(frame, box) or 0.0) > SLIVER
    ]
    pts = _times(out, info, lambda _: tell("audit", 0, len(held.pts)))
    if len(pts) != len(held.pts):
        raise OutputError(f"has {len(pts)} frames, its plan {len(held.pts)}", subject=out.name)
    search = Search(out, info, shape, held, pts, route, again, exposure.covers, looks.size)
    judged = _Judge(plan, exposure, covers, make_fill(settings.cover))
    looked, closeups = 0, 0
    for part in _searched(search, judged, looks, tell):
        found += part.residuals
        looked, closeups = looked + part.looked, closeups + part.closeups
    tell("audit", len(pts), len(pts))
    found = judge.recurring(judge.distinct(found))
    report = Audit(
        frames=len(pts),
        looked=looked,
        closeups=closeups + sum(map(len, route.places.values())),
        sampling=itinerary.sampling(every),
        detectors=list(DETECTORS),
        residuals=[r for r in found if r.sure >= judge.RESIDUAL_BAR],
        seconds=round(time.monotonic() - started, 3),
        unseen=_unseen(looks, len(present) - looked, info.still),
    )
    return report, [r for r in found if r.sure >= judge.FAINT]


def _shape(info: ClipInfo, plan: Plan, *, alone: bool) -> ClipInfo:
    """The covered file as if it had the clip's size. Raises OutputError where it has another, and
    is no proxy that stands `alone`."""
    if (info.width, info.height) == (plan.width, plan.height):
        return info
    whole = enlarged(info, plan.width, plan.height) if alone else None
    if whole is None:
        raise OutputError("is of another size than its clip", subject=info.path.name)
    return whole


def _unseen(looks: AuditLooks, left: int, still: bool) -> list[str]:
    """In words, the faces that an audit cannot have seen; `left` frames were not searched whole."""
    upright, turned = looks.smallest()
    words = [f"faces narrower than {upright} pixels, or {turned} where they lie or are upside down"]
    if left and not still:
        words.append(f"on {left:,} frames, faces that changed the picture little or slowly there")
    return [*words, "heads that are turned away, and faces whose eyes are hidden"]


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


@dataclass(slots=True)
class _Part:
    """All that a part of the search found; `looked` counts whole frames, `closeups` glances."""

    residuals: list[Residual] = field(default_factory=list)
    looked: int = 0
    closeups: int = 0


def _searched(
    search: Search, judged: _Judge, looks: AuditLooks, tell: Progress
) -> Generator[_Part]:
    """The parts of a search, in order of time: as many side by side as there are cores, but a
    single one of large pictures, which take the memory of several."""
    parts = search.parts(1 if looks.tiled else cpu_count())
    depth = AHEAD if looks.tiled or cpu_count() == 1 else _AHEAD
    done, stopped = [0] * len(parts), threading.Event()
    told = growing(tell, "audit", len(search.pts))

    def searched(number: int) -> _Part:
        found, own = _Part(), copy.copy(looks)  # which keep the close-ups of the last picture
        pictures = search.seen(parts[number])
        with closing(ahead(pictures, depth) if len(parts) == 1 else pictures) as seen:
            for item in seen:
                if stopped.is_set():
                    break
                _judge_seen(search, item, own, judged, found)
                done[number] = item.after - parts[number].start
        return found

    calls = [partial(searched, number) for number in range(len(parts))]
    searching = in_turn(calls, len(parts), stopped, lambda: told(sum(done)))
    with closing(searching) as results:
        yield from results


def _judge_seen(
    search: Search, item: Seen, looks: AuditLooks, judged: _Judge, found: _Part
) -> None:
    """Judge the suspects on a picture and its glances."""
    route, index = search.route, item.frame
    if item.picture is not None:
        found.looked += index in route.whole or index not in route.places
        for suspect in _suspects(looks, route, index, item.picture):
            found.residuals += judged.residuals(looks, index, item.picture, suspect)
    for glance in item.glances:
        found.closeups += len(glance.places)
        suspects = looks.at(glance.gray, glance.places, search.scale)
        large = looks.enlarged(glance.gray) if suspects else glance.gray
        for suspect in suspects:
            found.residuals += judged.residuals(looks, glance.frame, large, suspect)


def _suspects(
    looks: AuditLooks, route: itinerary.Itinerary, frame: int, picture: Picture
) -> Iterator[Suspect]:
    """The suspects of all looks that are due at a frame."""
    for box in route.places.get(frame, ()):
        yield from looks.around(picture, box)
    if frame in route.whole or frame not in route.places:
        yield from looks.everywhere(picture)


@dataclass(frozen=True, slots=True)
class _Judge:
    """Tells which suspects are residual faces of a clip that was rendered from a plan."""

    plan: Plan
    exposure: Exposure
    covers: Covers
    fill: Fill

    def residuals(
        self, looks: AuditLooks, frame: int, picture: Picture | Gray, suspect: Suspect
    ) -> list[Residual]:
        """The suspect as a residual after the close-ups it is worth; nothing below `judge.HINT`.

        On a cover, where it is faint, or hardly shows and the cover is painted, its likelihood is
        that on flat covers: a soft fill looks like a face.
        """
        shown = partial(self.exposure.shown, frame)
        suspect, bare, sure = examined(looks, picture, suspect, shown)
        if bare is None or sure < judge.HINT:
            return []
        if judge.may_be_cover(bare, sure):
            hidden = bare <= EXPOSED
            sure = self._with_flat_covers(looks, frame, picture, suspect, sure, hidden=hidden)
        return [_residual(self.plan, frame, suspect, sure, bare)]

    def _with_flat_covers(
        self,
        looks: AuditLooks,
        frame: int,
        picture: Picture | Gray,
        suspect: Suspect,
        sure: float,
        *,
        hidden: bool,
    ) -> float:
        shown = partial(self.exposure.shown, frame)
        if picture.ndim == 2:
            picture = np.asarray(cv2.cvtColor(picture, cv2.COLOR_GRAY2RGB), np.uint8)
        if hidden and not self._is_painted(looks, frame, picture, suspect.box):
            return sure
        flat = flattened(picture, [r.mapped(looks.on_picture) for r in self.covers.at(frame)])
        found = [examined(looks, flat, other, shown) for other in looks.around(flat, suspect.box)]
        boxes = np.array([suspect.box, *(other.box for other, _, _ in found)], np.float32)
        here = same_sighting(boxes)[0, 1:].tolist()
        return max((other[2] for other, same in zip(found, here, strict=True) if same), default=0.0)

    def _is_painted(self, looks: AuditLooks, frame: int, picture: Picture, box: Box) -> bool:
        """`is_painted` at the clip's size, since a fill's cells go by the picture's."""
        whole = np.asarray(cv2.resize(picture, looks.whole, interpolation=cv2.INTER_LINEAR))
        regions = [region.mapped(looks.squared) for region in self.covers.at(frame)]
        return is_painted(whole, regions, self.fill, looks.squared(box))


def examined(
    looks: AuditLooks, picture: Picture, suspect: Suspect, bare_of: Callable[[Box], float | None]
) -> tuple[Suspect, float | None, float]:
    """A suspect after the close-ups it is worth; the share of it that shows, by `bare_of`
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
