"""The tasks that come before a long clip's own: one that divides it, then its segments."""

from __future__ import annotations

import itertools
from collections import defaultdict
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from blur.batch.schedule import Schedule
from blur.batch.work import Divided, divide_clip, scan_segment
from blur.clip import ClipJob
from blur.process.executor import Outcome, Task
from blur.store.segment_files import LENGTH

if TYPE_CHECKING:
    from blur.process.progress import Progress


def pieces(frames: int) -> int:
    """How many segments a clip of about so many frames is scanned in."""
    return 1 if frames < 2 * LENGTH else frames // LENGTH


class Parts:
    """Which part belongs to which clip, what follows it, and how far a clip's parts are.

    Parts have keys of their own, from `first_key` on; a clip's own task keeps the clip's key.
    """

    def __init__(self, first_key: int) -> None:
        self._keys = itertools.count(first_key)
        self._clips: dict[int, Task] = {}
        self._waiting: dict[int, set[int]] = defaultdict(set)
        self._done: dict[int, dict[int, int]] = defaultdict(dict)

    def first(self, clip: Task, frames: int) -> Task:
        """The task to begin a clip of about so many frames with."""
        job: ClipJob = clip.argument
        if not job.scan or pieces(frames) == 1:
            return clip
        return self._part(clip, divide_clip, job)

    def __contains__(self, key: int) -> bool:
        return key in self._clips

    def clip_of(self, key: int) -> int:
        """The key of the clip that a task works on."""
        return self._clips[key].key if key in self._clips else key

    def after(self, outcome: Outcome, schedule: Schedule) -> None:
        """Queue what comes after a part, before all others.

        When one failed, those that have not begun are dropped: the clip's own task will find out
        what is wrong, or succeed where a segment could not.
        """
        clip = self._clips[outcome.task.key]
        waiting = self._waiting[clip.key]
        waiting.discard(outcome.task.key)
        queue: list[Task] = []
        if outcome.error is not None:
            waiting -= schedule.drop(waiting)
        elif isinstance(outcome.result, Divided):
            self._done[clip.key][outcome.task.key] = outcome.result.done
            queue = [
                self._part(clip, scan_segment, (clip.argument, number))
                for number in outcome.result.todo
            ]
            waiting |= {task.key for task in queue}
        else:
            self.done(outcome.task.key, outcome.result)
        if not waiting:
            queue = [clip]
        schedule.tasks[:0] = queue

    def done(self, key: int, done: int) -> int:
        """Frames done in all segments of a clip, where one of them has so many now."""
        frames = self._done[self.clip_of(key)]
        frames[key] = done
        return sum(frames.values())

    def _part(self, clip: Task, call: Callable[[Any, Progress], Any], argument: Any) -> Task:
        task = Task(next(self._keys), call, argument, memory=clip.memory)
        self._clips[task.key] = clip
        return task
