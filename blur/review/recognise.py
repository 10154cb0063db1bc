"""Faces of clips and photographs, described. Descriptors live as long as the objects here."""

from __future__ import annotations

import contextlib
import itertools
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import TypeAlias

from blur.cover.fills import make_fill
from blur.cover.region import Covers
from blur.data.alike import SHOWN, Alike, Look, alike, best_moments, faceless
from blur.data.boxes import stretched_box
from blur.data.likeness import Descriptor, mean
from blur.data.persons import Face, parted
from blur.data.plan import Track
from blur.data.resolve import Lane
from blur.detect.registry import load_recogniser
from blur.errors import UsageError
from blur.media.open.probe import probe
from blur.media.open.readers import open_reader
from blur.media.open.small_pictures import display_rgb
from blur.render.pictures import DECODED, Pictures, covered, jpeg, thumbnail
from blur.review.snapshot import Snapshot, read_snapshot
from blur.store.shelf import Shelf

_LEAST = 24.0
"""Pixels from ear to ear from which a face is described: at 24, 80 of 100 pictures of a person are
more alike than 999 of 1000 strangers, at 40 it is 98. Larger describes fewer faces."""
_LEAST_SURE = 0.35
"""Likeness of two photographs of one person, at least; larger refuses more pairs that are right."""
_MOMENTS = 4
"""Moments of a track that group it with others; more are steadier, notice briefer exchanges of
people and take longer."""
_OF_CHAIN = 3
"""Tracks of a chain whose moments are looked at, those seen longest; more take longer."""
_SPECK = 0.5
"""Share of the largest face's width up to which other faces of a photograph are bystanders that do
not count; larger accepts more group pictures."""
_THUMBNAIL = 112  # pixels on a side
_BRIEF = 1 / 3
"""Seconds from which a span is offered to be uncovered: shorter ones flash. Larger offers less."""

Finds: TypeAlias = Callable[[Track, Iterable[Track], Look, Descriptor, float], list[Alike]]
"""Spans of a track, beside others, that look like a descriptor."""


class ClipFaces:
    """The faces of one clip as it stands on the disk, apart from any clip open on the page.

    Each frame of a track is looked at once. Not safe to share between threads.
    """

    def __init__(self, shelf: Shelf, key: str) -> None:
        self.key = key
        self.now: Snapshot = read_snapshot(shelf, key)
        path = shelf.source(self.now.entry)
        self._info = probe(path)
        self._pictures = Pictures(path, self._info, self.now.plan.pts, DECODED // 4)
        self._covers = Covers.of_plan(self.now.plan, self.now.cover, self.now.resolved.plan.tracks)
        self._looks: dict[tuple[int, int], Descriptor | None] = {}

    def close(self) -> None:
        self._pictures.close()

    def lanes(self) -> list[Lane]:
        """The lanes that a decision to keep a face clear can be about."""
        lanes = self.now.resolved.lanes
        return [lane for lane in lanes if lane.origin is not None and lane.track.is_face]

    def faces(self) -> Iterator[tuple[Face, int]]:
        """The faces that can be described, by a few moments of each chain and each track in none,
        and a frame that shows each. Of a chain that shows several people, the most seen first."""
        for tracks in self._chains():
            known = [
                (track, at, look)
                for track in sorted(tracks, key=lambda t: -len(t.sightings()))[:_OF_CHAIN]
                for at in best_moments(track, _MOMENTS)
                if (look := self.look(track, at)) is not None
            ]
            for part in sorted(parted([look for _, _, look in known]), key=len, reverse=True):
                track, at, _ = known[part[0]]
                others = tuple(other for other in tracks if other.id != track.id)
                yield Face(self.key, track, mean(known[i][2] for i in part), others), at

    def _chains(self) -> list[list[Track]]:
        """The tracks of each person in the clip, and those of nobody one by one."""
        chains: dict[tuple[int | None, int], list[Track]] = {}
        for lane in self.lanes():
            name = (lane.person, 0 if lane.person else lane.track.id)
            chains.setdefault(name, []).append(lane.track)
        return list(chains.values())

    def alike(self, person: Descriptor, tracks: Sequence[int] | None = None) -> list[Alike]:
        """Spans to offer as a person's, of the named tracks or of all, not kept clear yet."""
        return self._covered_spans(alike, person, tracks)

    def faceless(self, usual: Descriptor, tracks: Sequence[int] | None = None) -> list[Alike]:
        """Spans to offer as no face, of the named tracks or of all, not uncovered yet."""
        return self._covered_spans(faceless, usual, tracks)

    def whole(self, tracks: Sequence[int] | None = None) -> list[Alike]:
        """The named tracks, or all, from end to end."""
        found = [lane.track for lane in self.lanes() if tracks is None or lane.track.id in tracks]
        return [Alike(t, t.start, t.end, 1.0, tuple(best_moments(t, SHOWN))) for t in found]

    def _covered_spans(
        self, finds: Finds, looks_like: Descriptor, tracks: Sequence[int] | None
    ) -> list[Alike]:
        """Spans that `finds` finds on lanes, without those under `_BRIEF` and those that are
        clear from end to end."""
        plan = self.now.plan
        rate = plan.frames / max(plan.seconds(plan.frames), 1e-3)
        everybody = [lane.track for lane in self.now.resolved.lanes if lane.track.is_face]
        spans: list[Alike] = []
        for lane in self.lanes():
            if tracks is not None and lane.track.id not in tracks:
                continue
            for span in finds(lane.track, everybody, self.look, looks_like, rate):
                rows = slice(span.start - lane.track.start, span.end - lane.track.start)
                lasts = plan.seconds(span.end) - plan.seconds(span.start)
                if lasts >= _BRIEF and not lane.clear[rows].all():
                    spans.append(span)
        return spans

    def look(self, track: Track, frame: int) -> Descriptor | None:
        """The track's face on a frame; None where it is small or not to be made out."""
        name = track.id, frame
        if name not in self._looks:
            self._looks[name] = self._described(track, frame)
        return self._looks[name]

    def picture(self, track: Track, frame: int, hidden: bool = False) -> bytes:
        """The track's face on a frame as JPEG: clear, or as it will be published."""
        box = track.box(frame)
        assert box is not None
        picture = self._pictures.at(frame)
        if hidden:
            regions, fill = self._covers.at(frame), make_fill(self.now.cover)
            picture = covered(picture, self._info, regions, fill)
        return jpeg(thumbnail(picture, self._info, box, _THUMBNAIL), 80)

    def _described(self, track: Track, frame: int) -> Descriptor | None:
        box = track.box(frame)
        if box is None or min(box.w, box.h) < _LEAST / 2:
            return None
        info = self._info
        picture = display_rgb(self._pictures.at(frame), info.orientation, *info.square)
        known = load_recogniser().look(picture, stretched_box(box, *info.pixel))
        return known.descriptor if known and known.width >= _LEAST else None


@contextlib.contextmanager
def clip_faces(shelf: Shelf, key: str) -> Iterator[ClipFaces]:
    """Raises as `read_snapshot` does, and DecodeError."""
    with contextlib.closing(ClipFaces(shelf, key)) as faces:
        yield faces


def described(photographs: Sequence[Path]) -> Descriptor:
    """The person whom all photographs show. Raises UsageError unless each shows a single face, and
    all of them the same, and DecodeError."""
    looks = [(path, _only_face(path)) for path in photographs]
    for (path, look), (other, second) in itertools.combinations(looks, 2):
        if look.like(second) < _LEAST_SURE:
            raise UsageError(
                f"does not look like the person in {other.name}",
                subject=path.name,
                remedy="give photographs of one person only",
            )
    return mean(look for _, look in looks)


def _only_face(path: Path) -> Descriptor:
    info = probe(path)
    if not info.still:
        raise UsageError("is no photograph", subject=path.name, remedy="give JPEG or PNG files")
    with open_reader(path, info) as reader:
        picture = display_rgb(next(reader).picture, info.orientation, info.width, info.height)
    faces = load_recogniser().faces(picture)
    if not faces or faces[0][1].width < _LEAST:
        raise UsageError(
            "shows no face that can be made out", subject=path.name, remedy="give another one"
        )
    if any(known.width > faces[0][1].width * _SPECK for _, known in faces[1:]):
        raise UsageError(
            "shows several faces", subject=path.name, remedy="cut it to the person who consented"
        )
    return faces[0][1].descriptor
