"""The doubts of all clips, in the order in which a person looks at them.

A clip's plan is read when the queue is first asked for, and again once the clip changed.
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence

from blur.data.answers import Group, Said, in_force, sign
from blur.data.doubts import gravity, ranked
from blur.data.plan import Plan
from blur.data.questions import Question, questions
from blur.data.resolve import resolve
from blur.errors import BlurError
from blur.review.plan_file import read_plan
from blur.review.protocol import QueueItem, QueueView
from blur.review.snapshot import Stamps, stamps_of
from blur.store.answers import load_answers
from blur.store.ledger import Entry
from blur.store.plans import load_edits
from blur.store.report import State
from blur.store.shelf import Shelf, key_of

_PATIENCE = 0.25
"""Seconds of reading in one answer; a larger value keeps the page waiting, a smaller one asks more
often."""


class Queue:
    """The doubts of an output folder. Safe under a caller's lock alone."""

    def __init__(self, shelf: Shelf) -> None:
        self._shelf = shelf
        self._known: dict[str, tuple[tuple[Stamps, str], list[QueueItem]]] = {}

    def view(self) -> QueueView:
        """As far as it is known; asked again, it goes on reading. A clip that cannot be read is
        left to the list of clips, which says why."""
        shelf, began = self._shelf, time.monotonic()
        entries = [e for e in shelf.entries() if e.state in (State.SCANNED, State.DONE)]
        entries.sort(key=lambda e: -(e.report.doubt_seconds if e.report else 0.0))
        found: list[tuple[Entry, list[QueueItem]]] = []
        for entry in entries:
            key, cover = key_of(entry), str(shelf.settings.cover)
            now = stamps_of(shelf.folder, entry), cover
            known = self._known.get(key)
            if known is None or known[0] != now:
                if found and time.monotonic() - began > _PATIENCE:
                    break
                known = self._known[key] = now, self._read(entry, now[0], cover)
            found.append((entry, known[1]))
        items = ordered([items for _, items in found])
        return QueueView(looked=len(found), total=len(entries), items=items)

    def _read(self, entry: Entry, stamps: Stamps, cover: str) -> list[QueueItem]:
        folder, report = self._shelf.folder, entry.report
        _, edited, *_ = stamps
        if report and not edited and not report.doubt_seconds and not report.excess_seconds:
            return []  # without its plan: most clips of a batch have no doubt
        try:
            plan, _ = read_plan(folder.plan_of(entry.fingerprint))
            if edited:
                plan = resolve(plan, load_edits(folder.edits_of(entry.fingerprint))).plan
            answers = load_answers(folder, entry.fingerprint)
        except BlurError:
            return []
        settled = in_force(plan, answers, cover)
        return [
            _item(key_of(entry), plan, asked, settled) for asked in questions(plan, ranked(plan))
        ]


def _item(key: str, plan: Plan, asked: Question, settled: Mapping[str, Said]) -> QueueItem:
    gravest, names = asked.doubts[0], [sign(doubt) for doubt in asked.doubts]
    return QueueItem(
        key=key,
        id=names[0],
        doubts=names,
        start=asked.start,
        end=asked.end,
        first=min(doubt.start for doubt in asked.doubts),
        last=max(doubt.end for doubt in asked.doubts) - 1,
        at=plan.seconds(asked.start),
        seconds=plan.seconds(asked.end) - plan.seconds(asked.start),
        group=Group.of(gravest.reason),
        reason=gravest.reason,
        weight=gravity(plan, gravest),
        said=settled[names[0]] if all(name in settled for name in names) else None,
        still=asked.is_still(plan),
    )


def ordered(clips: Sequence[Sequence[QueueItem]]) -> list[QueueItem]:
    """By group; within one, the clip of the gravest doubt first, and its doubts together: to go
    from clip to clip takes longer than to go on in one."""
    grave = {
        (items[0].key, group): max(item.weight for item in items if item.group is group)
        for items in clips
        for group in {item.group for item in items}
    }
    order = list(Group)
    return sorted(
        (item for items in clips for item in items),
        key=lambda i: (order.index(i.group), -grave[i.key, i.group], i.key, -i.weight, i.start),
    )
