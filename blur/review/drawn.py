"""The covers of a clip as plan and edits have them, and whose they are."""

from __future__ import annotations

from blur.cover.region import Covers, Region
from blur.review import present
from blur.review.protocol import MarkView
from blur.review.snapshot import Snapshot


class Drawn:
    """Covers of a snapshot, made up to the frame that was wanted last; for one thread at a time."""

    def __init__(self, now: Snapshot) -> None:
        plan = now.plan
        self._frames = plan.frames
        self._covers = Covers.of_plan(plan, now.cover, now.resolved.plan.tracks)
        self._lanes = {lane.track.id: lane for lane in now.resolved.lanes}
        tracks = [lane.track for lane in now.resolved.lanes]
        self._of_lanes = Covers(tracks, plan.shots(), now.cover, plan.width, plan.height)

    def regions(self, frame: int) -> list[Region]:
        """The covers on a frame."""
        return self._covers.at(frame)

    def marks(self, start: int, end: int) -> list[list[MarkView]]:
        """The lanes on each frame of [start, end), covered or kept clear."""
        return [
            list(present.marks(self._of_lanes.at(frame), self._lanes, frame))
            for frame in range(max(start, 0), min(end, self._frames))
        ]
