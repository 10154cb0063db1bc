"""Every message between the review page and its server; `web/protocol.js` is the page's copy.

Frames count from 0 and spans are [start, end); boxes and points are pixels of the displayed clip.
"""

from __future__ import annotations

from msgspec import Struct, field

from blur.data.answers import Group, Said
from blur.data.edits import Decision, Keyframe
from blur.data.plan import Box, Kind, Reason
from blur.data.spans import FrameSpan
from blur.review.acts import Command
from blur.store.ledger import Flight
from blur.store.remarks import Remark
from blur.store.report import Signature
from blur.store.shelf import Row


class NoRequest(Struct, frozen=True):
    pass


class FileRequest(Struct, frozen=True):
    name: str = "index.html"


class ClipRequest(Struct, frozen=True, kw_only=True):
    """`version` of the view on the screen; None asks for the newest."""

    key: str
    version: str | None = field(name="v", default=None)


class FrameRequest(ClipRequest, frozen=True, kw_only=True):
    """A frame as JPEG, `size` pixels on its longer side; uncovered with `beneath`, of any value."""

    index: int
    size: int = 1280
    beneath: str | None = None


class FaceRequest(ClipRequest, frozen=True, kw_only=True):
    """A thumbnail as JPEG; `box` is "cx,cy,w,h,angle"."""

    index: int
    box: str = ""


class MarksRequest(ClipRequest, frozen=True, kw_only=True):
    """The marks on frames [start, end); on one frame without `end`."""

    start: int = 0
    end: int | None = None


class StripRequest(ClipRequest, frozen=True, kw_only=True):
    """The pictures of doubts that are asked about together, by their ids: "a,b"."""

    doubts: str


class ChangeRequest(ClipRequest, frozen=True, kw_only=True):
    """`revision` of the view on which a person decided."""

    revision: str


class CommandRequest(ChangeRequest, frozen=True, kw_only=True):
    act: Command


class FollowRequest(ChangeRequest, frozen=True, kw_only=True):
    lane: int
    frame: int


class CheckRequest(ChangeRequest, frozen=True, kw_only=True):
    """`initials` of who watched the clip; "" takes the check back."""

    initials: str


class SoundRequest(ClipRequest, frozen=True, kw_only=True):
    """The sound of the covered file, of the clip itself with `beneath`, of any value."""

    beneath: str | None = None


class WatchedRequest(ClipRequest, frozen=True, kw_only=True):
    """Frames that were played, of the view `v`, and those of them with their sound."""

    spans: list[FrameSpan]
    heard: list[FrameSpan] = []


class WatchedView(Struct, frozen=True):
    """All frames that were played, and all that were heard."""

    watched: list[FrameSpan]
    heard: list[FrameSpan]


class NoteRequest(ChangeRequest, frozen=True, kw_only=True):
    """Write a note beside a frame; without a text, remove the one there."""

    frame: int
    text: str
    by: str = ""


class AnswerRequest(ChangeRequest, frozen=True, kw_only=True):
    """Settle doubts of one question by their `id`."""

    doubts: list[str]
    said: Said


class RenderRequest(Struct, frozen=True):
    clips: list[str]


class PeopleRequest(Struct, frozen=True, kw_only=True):
    """Persons in the answer to the last request for people, "0,3", and a decision about them;
    "KEY:2" is person 2 of a clip."""

    people: str
    decision: Decision


class PersonPicture(Struct, frozen=True):
    """A picture that was named in an answer about people."""

    number: int


class DecidePeople(PeopleRequest, frozen=True, kw_only=True):
    """Decide about the offered spans of these numbers; `code` is of the offers that were shown."""

    code: str
    spans: list[int]
    reason: str = ""
    consent: str = ""


class PersonView(Struct, frozen=True, kw_only=True):
    """Faces that look alike; `clear` of the tracks are uncovered, at least in part. `pictures` are
    numbers of (covered, clear) ones of some."""

    id: str
    clips: int
    tracks: int
    clear: int
    seconds: float
    pictures: list[tuple[int, int]]


class PeopleView(Struct, frozen=True, kw_only=True):
    """`looked` of `total` clips; people are known when all are. `problems`: clips left out."""

    looked: int
    total: int
    people: list[PersonView] | None
    problems: list[str]


class OfferView(Struct, frozen=True, kw_only=True):
    """A span to decide about, with numbers of pictures from its first to its last: as published
    where it is to be covered, else clear."""

    name: str
    start: int
    end: int
    seconds: tuple[float, float]
    pictures: list[int]


class OffersView(Struct, frozen=True, kw_only=True):
    code: str
    spans: list[OfferView]
    problems: list[str]


class DecidedView(Struct, frozen=True):
    """Number of spans decided about, or of clips where that was undone, and the reason of each
    other."""

    done: int
    problems: list[str]


class LaneView(Struct, frozen=True, kw_only=True):
    """A face or a drawn region on the timeline. `best`: where a detector saw it best; `person`: the
    number, in the clip, of whom it seems to show, None where nobody can be told."""

    id: int
    start: int
    end: int
    source: str
    region: int | None
    clear: list[FrameSpan]
    seen: list[FrameSpan]
    keys: list[int]
    ellipse: bool
    score: float
    size: int
    best: Keyframe
    person: int | None


class DoubtView(Struct, frozen=True, kw_only=True):
    """`path`: where the detectors saw what is not covered. `said`: the answer that settles it."""

    id: str
    group: Group
    said: Said | None
    start: int
    end: int
    kind: Kind
    reason: str
    explanation: str
    weight: float
    lane: int | None
    box: Box | None
    path: list[Keyframe]


class QueueItem(Struct, frozen=True, kw_only=True):
    """Doubts of the clip `key` that are asked about together: ids there, the gravest's first, which
    is the `id`. Frames [start, end) to play, the first and the last frame of all, time and length
    in seconds, reason and weight of the gravest. `said`: the answer that settles it; None while any
    of them is open. `still`: stills tell as much as a loop does."""

    key: str
    id: str
    doubts: list[str]
    start: int
    end: int
    first: int
    last: int
    at: float
    seconds: float
    group: Group
    reason: Reason
    weight: float
    said: Said | None
    still: bool


class QueueView(Struct, frozen=True, kw_only=True):
    """The questions of `looked` of `total` clips, settled ones, too."""

    looked: int
    total: int
    items: list[QueueItem]


class DecisionView(Struct, frozen=True):
    """A person's decision; `kind` is a `Decision`, draw or split."""

    kind: str
    start: int
    end: int
    reason: str
    lane: int | None
    consent: str = ""


class MarkView(Struct, frozen=True, kw_only=True):
    """A face on one frame. `outline`: its cover's corners; `how`: the mark of the track's box."""

    lane: int
    region: int | None
    box: Box
    outline: list[tuple[int, int]]
    clear: bool
    how: str


class ClipView(Struct, frozen=True, kw_only=True):
    """A clip without its pictures.

    `plan` names the numbering of lanes, `revision` plan and edits, `version` pictures and marks.
    `aspect` is width : height on the screen. `steps` are runs (ticks between frames, count) and
    `time_base` a tick in seconds, as a fraction. `rendered`: pictures come from the rendered file
    and are else drawn from plan and edits. `video`: a browser can play that file. `watched`: its
    frames that were played at twice its speed at most. Without the `original` no cover changes.
    `notes` are the plan's, `remarks` people's. `mutes` are spans without their sound that a person
    set, in seconds of the clip's clock, `bleeps` parts of them with a tone. `spoken`: the clip has
    sound; `whole`: its covered file shows all of it; `audible`: frames during which that keeps
    sound; `heard`: frames whose sound was played from it, as `watched`.
    """

    key: str
    name: str
    plan: str
    revision: str
    version: str
    width: int
    height: int
    aspect: float
    frames: int
    time_base: tuple[int, int]
    first: int
    steps: list[tuple[int, int]]
    cuts: list[int]
    lanes: list[LaneView]
    doubts: list[DoubtView]
    decisions: list[DecisionView]
    rendered: bool
    video: bool
    checked_by: str | None
    checks: list[Signature]
    watched: list[FrameSpan]
    undo: int
    redo: int
    original: bool
    notes: list[str]
    remarks: list[Remark]
    mutes: list[tuple[float, float]]
    bleeps: list[tuple[float, float]]
    spoken: bool
    whole: bool
    audible: list[FrameSpan]
    heard: list[FrameSpan]


class Changed(Struct, frozen=True):
    """The clip after a change; `result` is the frame on which following lost sight of the face."""

    result: int | None
    clip: ClipView


class RenderProgress(Struct, kw_only=True):
    """A clip's render: `done` of `total` frames of a stage, or the `problem` that ended it."""

    key: str
    stage: str = "waiting"
    done: int = 0
    total: int | None = None
    problem: str | None = None


class ClipList(Struct, frozen=True, kw_only=True):
    """All clips, with the progress of a running batch and of the page's own renders."""

    folder: str
    clips: list[Row]
    flights: list[Flight]
    rendering: bool
    progress: list[RenderProgress]


class Refusal(Struct, frozen=True):
    problem: str
    subject: str | None = None
    remedy: str = ""
