"""Who appears in which clips: found when the page asks, forgotten when it closes.

Descriptors and pictures of faces live in memory, from the first question until `forget`.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass, field, replace

from blur.data.edits import Decision
from blur.data.likeness import mean
from blur.data.persons import Face, persons
from blur.errors import BlurError, UsageError
from blur.review import offer
from blur.review import protocol as ask
from blur.review.recognise import ClipFaces, clip_faces
from blur.store.shelf import Shelf

_PICTURES = 6
"""Pictures on a person's card at most, of different clips first."""


@dataclass(slots=True)
class _Known:
    """Answers held in memory between a question and `forget`."""

    keys: list[str]
    searching: bool = False
    stopped: threading.Event = field(default_factory=threading.Event)
    looked: int = 0
    faces: list[Face] = field(default_factory=list)
    seconds: list[float] = field(default_factory=list)
    shown: list[tuple[int, int]] = field(default_factory=list)
    pictures: list[bytes] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)
    people: dict[str, list[int]] | None = None
    uncovered: dict[tuple[str, int], bool] = field(default_factory=dict)
    """By clip and track, whether it is clear, at least in part."""
    offers: dict[tuple[str, Decision], list[offer.Offer]] = field(default_factory=dict)

    def picture(self, made: bytes) -> int:
        """The number of a picture to be asked for."""
        self.pictures.append(made)
        return len(self.pictures) - 1

    def left_out(self, error: BlurError) -> None:
        self.problems.append(str(error))


@dataclass(frozen=True, slots=True)
class _Last:
    """The last decision: what came of it, and which tracks were `uncovered` before."""

    outcome: offer.Outcome
    known: _Known
    uncovered: dict[tuple[str, int], bool]


class People:
    """The people of an output folder's clips. Safe to share between threads."""

    def __init__(self, shelf: Shelf) -> None:
        self._shelf = shelf
        self._known: _Known | None = None
        self._lock = threading.Lock()
        self._looking = threading.Lock()
        self._last: _Last | None = None

    def view(self) -> ask.PeopleView:
        """As far as it is known; the first question starts the search."""
        known = self._opened()
        with self._lock:
            if not known.searching:
                known.searching = True
                threading.Thread(target=self._look, args=[known], daemon=True).start()
            found = None if known.people is None else [
                _person(known, name, rows) for name, rows in known.people.items()
            ]  # fmt: skip
            return ask.PeopleView(
                looked=known.looked,
                total=len(known.keys),
                people=found,
                problems=list(known.problems),
            )

    def picture(self, number: int) -> bytes:
        """A picture named in an earlier answer, as JPEG. Raises UsageError once forgotten."""
        known = self._now()
        if not 0 <= number < len(known.pictures):
            raise UsageError("there is no such picture")
        return known.pictures[number]

    def offers(self, asked: ask.PeopleRequest) -> ask.OffersView:
        """The spans of some people in all clips to decide about; looks at many moments of each.
        Raises UsageError for an unknown person, or one whose face cannot be made out."""
        known = self._opened()
        problems: list[str] = []
        found: dict[tuple[object, ...], offer.Offer] = {}
        with self._looking:
            for faces in [self._faces(known, person) for person in asked.people.split(",")]:
                lanes: dict[str, list[int]] = {}
                for face in faces:
                    lanes.setdefault(face.clip, []).extend(track.id for track in face.tracks)
                for each in offer.offers(
                    self._shelf,
                    lanes,
                    mean(face.look for face in faces),
                    lanes.get,
                    lambda error: problems.append(str(error)),
                    asked.decision,
                ):
                    found[each.clip, each.lane, each.start, each.end] = each
            offered = list(found.values())
            views = [_offered(known, each) for each in offered]
        known.offers[asked.people, asked.decision] = offered
        return ask.OffersView(code=offer.code_of(offered), spans=views, problems=problems)

    def decide(self, asked: ask.DecidePeople, clip_of: offer.ClipOf) -> ask.DecidedView:
        """Decide about confirmed spans. Raises UsageError unless they are those last offered for
        this decision about these people."""
        known = self._now()
        found = known.offers.get((asked.people, asked.decision), [])
        if offer.code_of(found) != asked.code or not set(asked.spans) <= set(range(len(found))):
            raise UsageError("these spans are no longer offered", remedy="look at them again")
        chosen = [found[i] for i in sorted(set(asked.spans))]
        outcome = offer.decide(chosen, asked.decision, asked.reason, clip_of, asked.consent)
        faces = {(o.clip, o.lane) for o in chosen if o.clip in outcome.revisions}
        self._last = _Last(outcome, known, {face: known.uncovered[face] for face in faces})
        known.uncovered |= dict.fromkeys(faces, asked.decision.uncovers)
        return _decided(outcome)

    def take_back(self, clip_of: offer.ClipOf) -> ask.DecidedView:
        """Undo the last decision, in the clips that have not changed since, also once the list was
        closed. Raises UsageError where there is none."""
        last, self._last = self._last, None
        if last is None:
            raise UsageError("there is nothing to undo")
        outcome = offer.take_back(last.outcome, clip_of)
        for (clip, lane), was in last.uncovered.items():
            if clip in outcome.revisions:
                last.known.uncovered[clip, lane] = was
        return _decided(outcome)

    def forget(self) -> ask.DecidedView:
        """Drop every descriptor and picture, and end a search under way."""
        with self._lock:
            if self._known is not None:
                self._known.stopped.set()
            self._known = None
            if self._last is not None:
                self._last = replace(self._last, known=_Known([]))
        return ask.DecidedView(0, [])

    def _now(self) -> _Known:
        with self._lock:
            if self._known is None:
                raise UsageError("people are known only while their list is open")
            return self._known

    def _opened(self) -> _Known:
        """The persons of the open list, which stay known until `forget`."""
        with self._lock:
            self._known = self._known or _Known(offer.scanned(self._shelf))
            return self._known

    def _faces(self, known: _Known, person: str) -> list[Face]:
        """The faces of a person of the list, or of person N of the clip KEY, "KEY:N". Raises
        UsageError."""
        key, _, number = person.rpartition(":")
        if not key:
            if person not in (known.people or {}):
                raise UsageError("there is no such person", remedy="open the list of people again")
            return [known.faces[row] for row in (known.people or {})[person]]
        with clip_faces(self._shelf, key) as clip:
            _note_uncovered(known, clip)
            faces = [face for face, _ in clip.faces() if str(face.track.chain) == number]
        if not faces:
            raise UsageError(
                f"no face of person {number} can be made out",
                remedy="decide about the covers one by one",
            )
        return faces[:1]

    def _look(self, known: _Known) -> None:
        with self._looking:
            for key in known.keys:
                if known.stopped.is_set():
                    return
                try:
                    self._look_at(key, known)
                except BlurError as error:
                    known.left_out(error)
                known.looked += 1
            groups = persons(known.faces)
        with self._lock:
            known.people = {str(number): rows for number, rows in enumerate(groups)}

    def _look_at(self, key: str, known: _Known) -> None:
        with clip_faces(self._shelf, key) as clip:
            seconds = clip.now.plan.seconds
            _note_uncovered(known, clip)
            for face, frame in clip.faces():
                known.faces.append(face)
                known.seconds.append(sum(seconds(t.end) - seconds(t.start) for t in face.tracks))
                hidden = known.picture(clip.picture(face.track, frame, hidden=True))
                known.shown.append((hidden, known.picture(clip.picture(face.track, frame))))


def _note_uncovered(known: _Known, clip: ClipFaces) -> None:
    for lane in clip.lanes():
        known.uncovered[clip.key, lane.track.id] = bool(lane.clear.any())


def _person(known: _Known, name: str, rows: list[int]) -> ask.PersonView:
    faces = [known.faces[row] for row in rows]
    clips = [face.clip for face in faces]
    tracks = {(face.clip, track.id) for face in faces for track in face.tracks}
    first = dict(zip(reversed(clips), reversed(rows), strict=True))
    ordered = [*first.values(), *(row for row in rows if row not in first.values())]
    return ask.PersonView(
        id=name,
        clips=len(first),
        tracks=len(tracks),
        clear=sum(known.uncovered[track] for track in tracks),
        seconds=sum(known.seconds[row] for row in rows),
        pictures=[known.shown[row] for row in ordered[:_PICTURES]],
    )


def _offered(known: _Known, each: offer.Offer) -> ask.OfferView:
    return ask.OfferView(
        name=each.name,
        start=each.start,
        end=each.end,
        seconds=each.seconds,
        pictures=[known.picture(made) for made in each.pictures],
    )


def _decided(outcome: offer.Outcome) -> ask.DecidedView:
    return ask.DecidedView(outcome.done, [str(problem) for problem in outcome.problems])
