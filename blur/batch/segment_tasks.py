"""Tasks ahead of a long clip's own: one divides the clip, the others scan its segments."""

from __future__ import annotations

import itertools
from collections import defaultdict
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from blur.batch.schedule import Schedule
from blur.batch.work import SegmentsToDo, divide_clip, scan_segment
from blur.clip import ClipJob
from blur.process.executor import Outcome, Task
from blur.store.segment_files import LENGTH

if TYPE_CHECKING:
    from blur.process.progress import Progress


def segment_count(frames: int) -> int:
    """Segments that a clip of about `frames` frames is scanned in."""
    return 1 if frames < 2 * LENGTH else frames // LENGTH


class SegmentTasks:
    """The segment tasks in flight: their clip, their successors, their progress.

    Segment tasks have keys from `first_key` on; a clip's own task keeps the clip's key.
    """

    def __init__(self, first_key: int) -> None:
        self._keys = itertools.count(first_key)
        self._clips: dict[int, Task] = {}
        self._waiting: dict[int, set[int]] = defaultdict(set)
        self._done: dict[int, dict[int, int]] = defaultdict(dict)

    def first(self, clip: Task, frames: int) -> Task:
        """The task that begins a clip of about `frames` frames."""
        job: ClipJob = clip.argument
        count = segment_count(frames)
        if not job.scan or count == 1:
            return clip
        return self._task(clip, divide_clip, job, parts=count)

    def __contains__(self, key: int) -> bool:
        return key in self._clips

    def clip_of(self, key: int) -> int:
        """The key of the clip that a task works on."""
        return self._clips[key].key if key in self._clips else key

    def after(self, outcome: Outcome, schedule: Schedule) -> None:
        """Queue the successors of a segment task, ahead of all others.

        After a failure the clip's segments that have not begun are dropped: its own task then
        scans the whole clip, and succeeds or names the fault.
        """
        clip = self._clips[outcome.task.key]
        waiting = self._waiting[clip.key]
        waiting.discard(outcome.task.key)
        queue: list[Task] = []
        if outcome.error is not None:
            waiting -= schedule.drop(waiting)
        elif isinstance(outcome.result, SegmentsToDo):
            self._done[clip.key][outcome.task.key] = outcome.result.done
            queue = [
                self._task(clip, scan_segment, (clip.argument, number))
                for number in outcome.result.todo
            ]
            waiting |= {task.key for task in queue}
        else:
            self.done(outcome.task.key, outcome.result)
        if not waiting:
            queue = [clip]
        schedule.tasks[:0] = queue

    def done(self, key: int, frames: int) -> int:
        """Frames scanned in all segments of a clip, once `key`, one of them, has `frames`."""
        done = self._done[self.clip_of(key)]
        done[key] = frames
        return sum(done.values())

    def _task(
        self, clip: Task, call: Callable[[Any, Progress], Any], argument: Any, parts: int = 1
    ) -> Task:
        task = Task(next(self._keys), call, argument, memory=clip.memory, parts=parts)
        self._clips[task.key] = clip
        return task
