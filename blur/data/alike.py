"""Spans of a track that look like a known person throughout. Likeness proposes, a person decides:
nothing here keeps a face clear.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from blur.data.certainty import alone
from blur.data.likeness import Descriptor, mean
from blur.data.plan import Mark, Track
from blur.data.spans import FrameSpan, runs

OFFERED = 0.45
"""Mean likeness over a span from which it is offered as a person's: exceeded by 1 in 10,000 pairs
of strangers and 98 in 100 pictures of a person, against one photograph. Larger offers less."""
UNLIKE = 0.3
"""Likeness at a single moment under which somebody else is there, whatever came before: 1 in 100
pictures of a person fall below. Larger ends spans more often."""
_EVERY = 0.5
"""Seconds between the moments that are compared; smaller notices an exchange of people sooner and
takes longer."""
_MOST = 60
"""Moments of a span at most; a longer span has them further apart."""
_BLIND = 4
"""Moments on end without a look, from which a span ends; larger follows faces that turn away, and
exchanges that nobody saw."""
SHOWN = 6
"""Moments of a span that a person is shown."""

Look = Callable[[Track, int], Descriptor | None]
"""A track's face on a frame; None where it is not to be made out."""


@dataclass(frozen=True, slots=True)
class Alike:
    """Frames [start, end) of a track on which nobody else can be meant, with `likeness` to the
    person, and the frames that show it best."""

    track: Track
    start: int
    end: int
    likeness: float
    shown: tuple[int, ...]


def alike(
    track: Track, others: Iterable[Track], look: Look, person: Descriptor, rate: float
) -> list[Alike]:
    """The spans of a track to offer as a person's; `rate` is in frames a second.

    A span ends where another face comes near, where the face goes unseen (`certainty`), and where
    it no longer looks like the person: at its last moment that did.
    """
    found: list[Alike] = []
    for first, last in runs(alone(track, others)):
        step, frames = _moments(track, (first, last), rate)
        looks = [(frame, look(track, frame)) for frame in frames]
        for begin, stop in _agreeing(looks, person):
            run = [(f, known) for f, known in looks[begin:stop] if known is not None]
            likeness = mean(known for _, known in run).like(person)
            if likeness < OFFERED:
                continue
            # Beyond the first and the last look only as far as the next moment would have been.
            start = track.start + first if begin == 0 else run[0][0]
            end = track.start + last if stop == len(looks) else run[-1][0] + 1
            start, end = max(start, run[0][0] - step), min(end, run[-1][0] + step)
            found.append(Alike(track, start, end, likeness, _spread([f for f, _ in run], SHOWN)))
    return found


def faceless(
    track: Track, others: Iterable[Track], look: Look, usual: Descriptor, rate: float
) -> list[Alike]:
    """The spans of a track to offer as no face, where it looks like `usual` or like nothing that
    can be described; `rate` is in frames a second.

    A span ends where a face comes near, where detectors see nothing for long (`certainty`), and a
    moment before and after a look unlike `usual`: somebody may have passed there.
    """
    found: list[Alike] = []
    for first, last in runs(alone(track, others)):
        step, frames = _moments(track, (first, last), rate)
        free = np.ones(last - first, bool)
        for frame in frames:
            known = look(track, frame)
            if known is not None and known.like(usual) < UNLIKE:
                row = frame - track.start - first
                free[max(0, row - step) : row + step + 1] = False
        for begin, stop in runs(free):
            start, end = track.start + first + begin, track.start + first + stop
            shown = [frame for frame in frames if start <= frame < end]
            if shown:
                found.append(Alike(track, start, end, 1.0, _spread(shown, SHOWN)))
    return found


def best_moments(track: Track, most: int) -> list[int]:
    """Up to `most` frames, ascending and apart in time, where a detector saw the face best."""
    seen = np.flatnonzero(track.marks == Mark.DETECTED)
    return [_best(track, part) for part in np.array_split(seen, most) if len(part)]


def _moments(track: Track, rows: FrameSpan, rate: float) -> tuple[int, list[int]]:
    """Frames between moments, and the best frame of each; of frames without a sighting none."""
    first, last = rows
    step = max(1, round(rate * _EVERY), -(-(last - first) // _MOST))
    seen = np.flatnonzero(track.marks[first:last] == Mark.DETECTED) + first
    parts = (seen[(seen >= at) & (seen < at + step)] for at in range(first, last, step))
    return step, [_best(track, part) for part in parts if len(part)]


def _best(track: Track, rows: npt.NDArray[np.intp]) -> int:
    worth = track.scores[rows] * np.sqrt(track.boxes[rows, 2])
    return track.start + int(rows[worth.argmax()])


def _agreeing(
    looks: Sequence[tuple[int, Descriptor | None]], person: Descriptor
) -> list[FrameSpan]:
    """Runs [begin, stop) of moments without a look that is unlike and without a long blind."""
    known = [(i, look.like(person)) for i, (_, look) in enumerate(looks) if look is not None]
    cuts = {0, len(looks)}
    for i, likeness in known:
        if likeness < UNLIKE:
            cuts |= {i, i + 1}
    for (i, _), (j, _) in itertools.pairwise(known):
        if j - i > _BLIND:
            cuts |= {i + 1, j}
    spans = itertools.pairwise(sorted(cuts))
    inside = [(span, [like for i, like in known if span[0] <= i < span[1]]) for span in spans]
    return [span for span, likes in inside if likes and min(likes) >= UNLIKE]


def _spread(frames: Sequence[int], most: int) -> tuple[int, ...]:
    """The first, the last and those evenly between."""
    rows = np.unique(np.linspace(0, len(frames) - 1, min(most, len(frames))).round().astype(int))
    return tuple(frames[row] for row in rows.tolist())
