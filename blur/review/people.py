"""Who appears in which clips: found when the page asks, forgotten when it closes.

Descriptors and pictures of faces live in memory, from the first question until `forget`.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass, field

from blur.data.likeness import mean
from blur.data.persons import Face, persons
from blur.errors import BlurError, UsageError
from blur.review import offer
from blur.review import protocol as ask
from blur.review.recognise import clip_faces
from blur.store.shelf import Shelf

_PICTURES = 6
"""Pictures on a person's card at most, of different clips first."""


@dataclass(slots=True)
class _Known:
    """Answers held in memory between a question and `forget`."""

    keys: list[str]
    stopped: threading.Event = field(default_factory=threading.Event)
    looked: int = 0
    faces: list[Face] = field(default_factory=list)
    seconds: list[float] = field(default_factory=list)
    shown: list[tuple[int, int]] = field(default_factory=list)
    pictures: list[bytes] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)
    people: dict[str, list[int]] | None = None
    offers: dict[str, list[offer.Offer]] = field(default_factory=dict)

    def picture(self, made: bytes) -> int:
        """The number of a picture to be asked for."""
        self.pictures.append(made)
        return len(self.pictures) - 1

    def left_out(self, error: BlurError) -> None:
        self.problems.append(str(error))


class People:
    """The people of an output folder's clips. Safe to share between threads."""

    def __init__(self, shelf: Shelf) -> None:
        self._shelf = shelf
        self._known: _Known | None = None
        self._lock = threading.Lock()
        self._looking = threading.Lock()

    def view(self) -> ask.PeopleView:
        """As far as it is known; the first question starts the search."""
        with self._lock:
            if self._known is None:
                self._known = _Known(offer.scanned(self._shelf))
                threading.Thread(target=self._look, args=[self._known], daemon=True).start()
            known = self._known
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

    def offers(self, person: str) -> ask.OffersView:
        """The spans to offer as a person's in all clips. Takes a look at many moments of each."""
        known, rows = self._person(person)
        faces = [known.faces[row] for row in rows]
        lanes: dict[str, list[int]] = {}
        for face in faces:
            lanes.setdefault(face.clip, []).append(face.track.id)
        look = mean(face.look for face in faces)
        problems: list[str] = []
        views: list[ask.OfferView] = []
        with self._looking:
            found = list(
                offer.offers(self._shelf, lanes, look, lanes.get, lambda e: problems.append(str(e)))
            )
            pictures = [[known.picture(made) for made in o.pictures] for o in found]
        known.offers[person] = found
        for each, numbers in zip(found, pictures, strict=True):
            views.append(
                ask.OfferView(
                    name=each.name,
                    start=each.start,
                    end=each.end,
                    seconds=each.seconds,
                    pictures=numbers,
                )
            )
        return ask.OffersView(code=offer.code_of(found), spans=views, problems=problems)

    def keep(self, asked: ask.KeepPerson, clip_of: offer.ClipOf) -> ask.KeptView:
        """Keep the confirmed spans clear. Raises UsageError unless they are those last offered."""
        known, _ = self._person(asked.person)
        found = known.offers.get(asked.person, [])
        if offer.code_of(found) != asked.code or not set(asked.spans) <= set(range(len(found))):
            raise UsageError("these spans are no longer offered", remedy="look at them again")
        kept, problems = offer.keep([found[i] for i in asked.spans], asked.reason, clip_of)
        return ask.KeptView(kept, [str(problem) for problem in problems])

    def forget(self) -> ask.KeptView:
        """Drop every descriptor and picture, and end a search under way."""
        with self._lock:
            if self._known is not None:
                self._known.stopped.set()
            self._known = None
        return ask.KeptView(0, [])

    def _now(self) -> _Known:
        with self._lock:
            if self._known is None:
                raise UsageError("people are known only while their list is open")
            return self._known

    def _person(self, person: str) -> tuple[_Known, list[int]]:
        known = self._now()
        if known.people is None or person not in known.people:
            raise UsageError("there is no such person", remedy="open the list of people again")
        return known, known.people[person]

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
            for face, frame in clip.faces():
                known.faces.append(face)
                known.seconds.append(seconds(face.track.end) - seconds(face.track.start))
                hidden = known.picture(clip.picture(face.track, frame, hidden=True))
                known.shown.append((hidden, known.picture(clip.picture(face.track, frame))))


def _person(known: _Known, name: str, rows: list[int]) -> ask.PersonView:
    clips = [known.faces[row].clip for row in rows]
    first = dict(zip(reversed(clips), reversed(rows), strict=True))
    ordered = [*first.values(), *(row for row in rows if row not in first.values())]
    return ask.PersonView(
        id=name,
        clips=len(first),
        tracks=len(rows),
        seconds=sum(known.seconds[row] for row in rows),
        pictures=[known.shown[row] for row in ordered[:_PICTURES]],
    )
