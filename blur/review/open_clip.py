"""A clip under review: its plan, a person's edits with undo, and its pictures.

Every act is saved at once, whole or not at all. Undo lasts as long as the clip is open.
"""

from __future__ import annotations

import hashlib
import threading
from fractions import Fraction
from pathlib import Path, PurePosixPath

import msgspec

from blur.cover.fills import make_fill
from blur.cover.region import Covers
from blur.data.edits import Edits
from blur.data.plan import Box
from blur.data.resolve import Resolved, resolve
from blur.disk.fingerprint import file_sha256, fingerprint
from blur.errors import ClipChanged, DecodeError, UsageError
from blur.media.open.probe import ClipInfo, probe
from blur.render.pictures import DECODED, Pictures, Recent, as_shown, covered, jpeg, thumbnail
from blur.review import protocol as views
from blur.review.acts import Act, Add, Trace, lane_of, perform
from blur.review.flow import followed
from blur.store import checks
from blur.store.ledger import Entry
from blur.store.names import from_text
from blur.store.plans import load_edits, load_plan, save_edits
from blur.store.shelf import Shelf

_COMPRESSED = 64 * 2**20
_BLOCK = 240
"""Frames whose covers are prepared together."""
_UNDO = 500
_THUMBNAIL = 112
_PLAYABLE = ("h264", "yuv420p")


class Outdated(Exception):
    """What was asked for belongs to a version of the clip that is no longer shown."""


class OpenClip:
    """One clip of the shelf, open for review. Safe to use from several threads.

    Raises ClipChanged when the file is not the one that was scanned, PlanMismatch when plan or
    edits cannot be used, DecodeError when the file cannot be read.
    """

    def __init__(self, shelf: Shelf, key: str) -> None:
        self._shelf, self._key = shelf, key
        self._lock = threading.RLock()
        self._jpegs: Recent[tuple[object, ...], bytes] = Recent(_COMPRESSED, len)
        self._undo: list[Edits] = []
        self._redo: list[Edits] = []
        self._rendered: Pictures | None = None
        self._rendered_from: object = None
        self._load()
        path = shelf.source(self._entry)
        self.info = probe(path)
        self.source = Pictures(path, self.info, self.plan.pts, DECODED)
        # Thumbnails come from all over the clip: they must not drive out the player's frames.
        self._glimpses = Pictures(path, self.info, self.plan.pts, DECODED // 8)

    def close(self) -> None:
        with self._lock:
            for pictures in (self.source, self._glimpses, self._rendered):
                if pictures is not None:
                    pictures.close()

    @property
    def place(self) -> PurePosixPath:
        """Where the covered clip lies below OUT; the clip's own name when it has no output."""
        entry = self._entry
        return PurePosixPath(entry.name if entry.output is None else from_text(entry.output))

    def view(self) -> views.ClipView:
        """All that the page shows, as it stands on the disk now."""
        with self._lock:
            self._follow_disk()
            plan, orientation = self.plan, self.info.orientation
            rendered = self._rendered_pictures()
            sar = float(self.info.sample_aspect_ratio)
            return views.ClipView(
                key=self._key,
                name=self._entry.name,
                plan=str(self._plan_sha256)[:16],
                revision=self.revision,
                version=self._version(),
                width=plan.width,
                height=plan.height,
                aspect=plan.width / plan.height * (1 / sar if orientation.transposed else sar),
                frames=plan.frames,
                time_base=(plan.time_base.numerator, plan.time_base.denominator),
                first=plan.pts[0],
                steps=views.steps(plan),
                cuts=list(plan.cuts),
                lanes=views.lanes(self.resolved, self.edits),
                doubts=views.doubts(self.resolved),
                decisions=views.decisions(self.resolved, self.edits),
                rendered=rendered is not None,
                video=rendered is not None and _playable(rendered.info),
                checked_by=self._checked_by(),
                undo=len(self._undo),
                redo=len(self._redo),
                notes=list(plan.notes),
            )

    def act(self, act: Act, revision: str) -> None:
        """Change the edits and save them. `revision` is that of the view that was decided on.

        Raises UsageError when the act cannot be done, or the clip has changed since that view.
        """
        with self._lock:
            self._require(revision)
            self._adopt(perform(act, self.edits, self.resolved))

    def replace(self, edits: Edits, revision: str) -> None:
        """Save other edits in place of these. Raises PlanMismatch when they are of another clip."""
        with self._lock:
            self._require(revision)
            self._adopt(edits)

    def follow(self, lane_id: int, frame: int, revision: str) -> int | None:
        """Follow by flow: a drawn region from `frame` on to its end, or a face from its nearer
        end to `frame`. Returns the frame on which sight of it was lost, if it was."""
        with self._lock:
            self._require(revision)
            lane = lane_of(self.resolved, lane_id)
            track = lane.track
            if lane.region is not None:
                start, end = frame, track.end - 1
            else:
                start, end = (track.end - 1 if frame >= track.end else track.start), frame
        box = track.box(start)
        if box is None or start == end or (lane.region is None and track.box(frame)):
            raise UsageError(
                "there is nothing to follow from here",
                remedy="go to a frame beyond the face's cover, or onto a drawn region",
            )
        path, lost = followed(self.source, box, start, end)
        trace = (
            Trace(lane.region, path)
            if lane.region is not None
            else Add(path, "followed from where the scan lost it")
        )
        self.act(trace, revision)
        return lost

    def undo(self, revision: str) -> None:
        with self._lock:
            self._step(revision, self._undo, self._redo)

    def redo(self, revision: str) -> None:
        with self._lock:
            self._step(revision, self._redo, self._undo)

    def check(self, initials: str, revision: str) -> None:
        """Record that a person watched the clip as it is covered now; "" takes it back."""
        with self._lock:
            self._require(revision)
            by = initials.strip()
            check = checks.Check(by, self._plan_sha256, self._edits_sha256) if by else None
            checks.save(self._shelf.folder, self._entry.fingerprint, check)

    def frame(self, index: int, beneath: bool, longest: int, version: str | None = None) -> bytes:
        """A frame as JPEG: as it will be published, or what lies beneath its covers.

        Raises Outdated when another version of the clip than `version` would be published.
        """
        with self._lock:
            rendered = None if beneath else self._rendered_pictures()
            drawn = not beneath and rendered is None
            if not beneath:
                self._require_version(version)
            regions = self._covers("parts", index).at(index) if drawn else []
            fill = make_fill(self._cover)
            name = (index, longest, None if beneath else self._version())
        done = self._jpegs.get(name)
        if done is None:
            pictures = rendered or self.source
            picture = covered(pictures.at(index), self.info, regions, fill)
            done = jpeg(as_shown(picture, pictures.info, longest))
            self._jpegs.put(name, done)
        return done

    def thumbnail(self, index: int, box: Box) -> bytes:
        """The face that `box` holds on a frame, uncovered, as JPEG."""
        name = ("thumbnail", index, box)
        done = self._jpegs.get(name)
        if done is None:
            done = jpeg(thumbnail(self._glimpses.at(index), self.info, box, _THUMBNAIL), 80)
            self._jpegs.put(name, done)
        return done

    def marks(self, start: int, end: int, version: str | None = None) -> list[list[views.MarkView]]:
        """The faces on each frame of [start, end). Raises Outdated as `frame` does."""
        with self._lock:
            self._require_version(version)
            lanes = {lane.track.id: lane for lane in self.resolved.lanes}
            return [
                list(views.marks(self._covers("lanes", frame).at(frame), lanes, frame))
                for frame in range(max(start, 0), min(end, self.plan.frames))
            ]

    def video(self, version: str | None = None) -> Path:
        """The rendered file, when it shows what plan and edits say. Raises Outdated as `frame`."""
        with self._lock:
            self._require_version(version)
            path = self._shelf.output(self._entry)
            if path is None or self._rendered_pictures() is None:
                raise UsageError("the clip is not rendered as it stands now")
            return path

    def _load(self) -> None:
        """Read everything from the disk; undo starts anew."""
        entry = self._entry = self._shelf.entry(self._key)
        self._require_unchanged()
        self._stamp = self._stamps()
        plan_file = self._shelf.folder.plan_of(entry.fingerprint)
        self._plan_sha256 = file_sha256(plan_file)
        self.plan = load_plan(plan_file)
        file = self._edits_file()
        edits = load_edits(file) if file.exists() else Edits(fingerprint=entry.fingerprint)
        self._undo, self._redo = [], []
        self._cover = self._shelf.settings.cover
        self._take(edits, resolve(self.plan, edits))

    def _take(self, edits: Edits, resolved: Resolved) -> None:
        self.edits, self.resolved = edits, resolved
        self._edits_sha256 = file_sha256(self._edits_file())
        seen = f"{self._plan_sha256} {self._cover}".encode()
        self.revision = hashlib.sha256(seen + msgspec.json.encode(edits)).hexdigest()[:16]
        self._prepared: dict[tuple[str, int], Covers] = {}

    def _adopt(self, edits: Edits) -> None:
        before = self.edits
        self._save(edits)
        self._undo = [*self._undo[1 - _UNDO :], before]
        self._redo = []

    def _save(self, edits: Edits) -> None:
        resolved = resolve(self.plan, edits)  # edits that cannot be applied are not saved
        if edits == Edits(fingerprint=edits.fingerprint):
            self._edits_file().unlink(missing_ok=True)  # as if nothing had ever been decided
        else:
            save_edits(edits, self._edits_file())
        self._stamp = self._stamps()
        self._take(edits, resolved)

    def _step(self, revision: str, come_from: list[Edits], go_to: list[Edits]) -> None:
        self._require(revision)
        if not come_from:
            raise UsageError("there is nothing to undo" if go_to is self._redo else "nothing more")
        before = self.edits
        self._save(come_from[-1])
        come_from.pop()
        go_to.append(before)

    def _require(self, revision: str) -> None:
        self._require_unchanged()
        self._follow_disk()
        if revision != self.revision:
            raise UsageError(
                "the clip's plan or edits were changed elsewhere meanwhile; nothing was done",
                remedy="look at it as it is now, and decide again",
            )

    def _require_unchanged(self) -> None:
        entry = self._entry
        try:
            found = fingerprint(self._shelf.source(entry))
        except OSError as error:
            raise DecodeError(
                f"the clip itself cannot be read: {error.strerror}",
                subject=entry.name,
                remedy="connect its disk, or put it back where it was",
            ) from error
        if found != entry.fingerprint:
            raise ClipChanged(
                "is no longer the file that was scanned; its edits are kept but cannot be used",
                subject=entry.name,
                remedy="run blur on it again, or put the old file back",
            )

    def _follow_disk(self) -> None:
        """Take over what a batch or another program wrote since."""
        self._entry = self._shelf.entry(self._key)
        if (self._stamps(), self._shelf.settings.cover) != (self._stamp, self._cover):
            self._load()

    def _stamps(self) -> list[tuple[int, int] | None]:
        folder, clip = self._shelf.folder, self._entry.fingerprint
        stamps: list[tuple[int, int] | None] = []
        for path in (folder.plan_of(clip), folder.edits_of(clip)):
            try:
                status = path.stat()
                stamps.append((status.st_mtime_ns, status.st_ino))
            except FileNotFoundError:
                stamps.append(None)
        return stamps

    def _edits_file(self) -> Path:
        return self._shelf.folder.edits_of(self._entry.fingerprint)

    def _version(self) -> str:
        """Names what the pictures show: the rendered file, or what plan and edits make."""
        if self._rendered_pictures() is None:
            return f"{self.revision}-drawn"
        return f"{self.revision}-{self._entry.output_sampled}"

    def _require_version(self, version: str | None) -> None:
        if version not in (None, self._version()):
            raise Outdated

    def _checked_by(self) -> str | None:
        check = checks.load(self._shelf.folder, self._entry.fingerprint)
        valid = checks.holds(check, self._plan_sha256, self._edits_sha256)
        return check.by if check and valid else None

    def _rendered_pictures(self) -> Pictures | None:
        """The rendered file's pictures, while it is what plan and edits say."""
        entry, path = self._entry, self._shelf.output(self._entry)
        current = (entry.plan_sha256, entry.edits_sha256) == (self._plan_sha256, self._edits_sha256)
        made_from = (entry.output_fingerprint, current)
        if made_from != self._rendered_from:
            self._rendered_from, self._rendered = made_from, None
            if current and path is not None and _is_whole(path, entry):
                info = probe(path)
                pts = [_moved(t, self.plan.time_base, info.time_base) for t in self.plan.pts]
                self._rendered = Pictures(path, info, pts, DECODED)
        return self._rendered

    def _covers(self, of: str, frame: int) -> Covers:
        """The covers around a frame: of the "parts" that are covered, or of all "lanes"."""
        block = frame // _BLOCK
        found = self._prepared.get((of, block))
        if found is None:
            start, end = block * _BLOCK, (block + 1) * _BLOCK
            every = (
                self.resolved.plan.tracks
                if of == "parts"
                else [lane.track for lane in self.resolved.lanes]
            )
            tracks = [t for t in every if t.start < end and t.end > start]
            plan = self.plan
            found = Covers(tracks, plan.shots(), self._cover, plan.width, plan.height)
            self._prepared[of, block] = found
        return found


def _is_whole(path: Path, entry: Entry) -> bool:
    return path.exists() and fingerprint(path) == entry.output_fingerprint


def _moved(pts: int, time_base: Fraction, other: Fraction) -> int:
    return round(pts * time_base / other)


def _playable(info: ClipInfo) -> bool:
    return (info.codec, info.pix_fmt) == _PLAYABLE and "mp4" in info.container
