"""A long clip in segments: the first pass of its scan in pieces, with the result of one piece.

What the pass knows of a frame comes from the frames near it: motion from the frame before, cuts
from the few after and from what the search for them still had to decide. A segment therefore
begins to measure a little before its first frame and stops a little after its last, and need not
end at cuts: a long take is divided as well. Tracks, which do reach far, are made from all
segments at once, by the scan that is given them.
"""

from __future__ import annotations

import dataclasses
import io
import itertools
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np

from blur.data.sightings import FAMILIES, Sightings
from blur.errors import DecodeError
from blur.media.open.probe import ClipInfo, probe
from blur.media.open.read import Frame
from blur.media.open.seek import wanted_frames
from blur.media.open.small_pictures import display_gray
from blur.media.open.timetable import timetable
from blur.process.progress import Progress
from blur.scan.camera import MOTION_WIDTH, Camera, Step, StepMeter
from blur.scan.scan import Seen, first_pass
from blur.settings import ScanSettings

_CALM = 5
"""Frames with a measured step, in a row, after which the search for cuts waits for no decision:
more than a flash lasts. From then on it does not matter where it began."""

_RUN_UP = 32
"""Frames before a segment in which such a row is looked for first; more than any look lays over
each other."""


@dataclasses.dataclass(frozen=True, slots=True)
class Division:
    """The timestamps of a clip's frames, and the first frames of its segments."""

    pts: Sequence[int]
    starts: Sequence[int]

    def spans(self) -> list[range]:
        return [range(a, b) for a, b in itertools.pairwise([*self.starts, len(self.pts)])]


def divide(clip: Path, length: int, tell: Progress) -> Division | None:
    """Segments of about `length` frames, each of which begins at a key frame.

    None for a clip that is too short, has too few key frames, or must be read from its start
    because its times or its frames are not beyond doubt. Raises NotAClip.
    """
    found = timetable(clip, probe(clip), lambda packets: tell("divide", packets, None))
    if found is None:
        return None
    starts = [0]
    for key in found.keys:
        if key - starts[-1] >= length and len(found.pts) - key >= length // 2:
            starts.append(key)
    return Division(found.pts, starts) if len(starts) > 1 else None


def look(
    clip: Path, settings: ScanSettings, pts: Sequence[int], span: range, tell: Progress
) -> Seen:
    """The first pass over the frames of `span` alone, of a clip whose frames are at `pts`.

    Raises DecodeError, also where the clip is not what a division took it for, or DetectorError.
    """
    info = probe(clip)
    begin = _run_up(clip, info, pts, span.start)
    frames = _frames(clip, info, pts, begin, min(span.stop + _CALM, len(pts)))

    def heard(stage: str, done: int, total: int | None) -> None:
        tell(stage, min(max(0, begin + done - span.start), len(span)), len(pts))

    seen = first_pass(frames, info, settings, heard, span)
    here = slice(span.start - begin, span.stop - begin)
    camera = Camera()
    for step in seen.camera.steps[here]:
        camera.append(step)
    cuts = [begin + cut for cut in seen.cuts if begin + cut in span]
    return Seen(seen.pts[here], seen.lit[here], seen.sightings, camera, cuts, ())


def joined(parts: Sequence[Seen]) -> Seen:
    """What a first pass over the whole clip would have brought, from its segments in order."""
    camera = Camera()
    for part in parts:
        for step in part.camera.steps:
            camera.append(step)
    return Seen(
        pts=[pts for part in parts for pts in part.pts],
        lit=[lit for part in parts for lit in part.lit],
        sightings=[sightings for part in parts for sightings in part.sightings],
        camera=camera,
        cuts=[cut for part in parts for cut in part.cuts],
        notes=(),
    )


def to_bytes(seen: Seen) -> bytes:
    """Columns in NumPy's npz format."""
    file = io.BytesIO()
    np.savez(
        file,
        pts=np.array(seen.pts, np.int64),
        lit=np.array(seen.lit),
        transforms=np.array([step.transform for step in seen.camera.steps]).reshape(-1, 3, 3),
        supports=np.array([step.support for step in seen.camera.steps]),
        cuts=np.array(seen.cuts, np.int64),
        looks=np.array([s.frame for s in seen.sightings], np.int64),
        counts=np.array([len(s) for s in seen.sightings], np.int64),
        boxes=np.concatenate([np.zeros((0, 5), np.float32), *(s.boxes for s in seen.sightings)]),
        evidence=np.concatenate(
            [np.zeros((0, len(FAMILIES)), np.float32), *(s.evidence for s in seen.sightings)]
        ),
    )
    return file.getvalue()


def from_bytes(content: bytes) -> Seen:
    """What `to_bytes` was given. Raises ValueError, KeyError, EOFError or BadZipFile."""
    with np.load(io.BytesIO(content), allow_pickle=False) as columns:
        camera = Camera()
        for transform, support in zip(columns["transforms"], columns["supports"], strict=True):
            camera.append(Step(transform, float(support)))
        ends = np.cumsum(columns["counts"])
        boxes = np.split(columns["boxes"], ends)[:-1]
        evidence = np.split(columns["evidence"], ends)[:-1]
        looks = columns["looks"].tolist()
        return Seen(
            pts=columns["pts"].tolist(),
            lit=columns["lit"].tolist(),
            sightings=[Sightings(*row) for row in zip(looks, boxes, evidence, strict=True)],
            camera=camera,
            cuts=columns["cuts"].tolist(),
            notes=(),
        )


def _run_up(clip: Path, info: ClipInfo, pts: Sequence[int], start: int) -> int:
    """Where to begin measuring so that at `start` all is as if begun with the clip."""
    width, height = info.fitted(MOTION_WIDTH)
    back = _RUN_UP
    while back < start:
        meter = StepMeter(info.width / width)
        calm = 0
        for frame in _frames(clip, info, pts, start - back, start):
            gray = display_gray(frame.picture, info.orientation, width, height)
            calm = calm + 1 if meter.measure(gray).reliable else 0
            if calm == _CALM:
                return start - back
        back *= 4
    return 0


def _frames(
    clip: Path, info: ClipInfo, pts: Sequence[int], start: int, stop: int
) -> Iterator[Frame]:
    """Some frames of a clip, in order, as strictly as a `Reader` takes them."""
    stored = info.orientation.stored_width, info.orientation.stored_height, info.pix_fmt
    for frame in wanted_frames(clip, info, pts, lambda index: start <= index < stop):
        picture = frame.picture
        if picture.is_corrupt or stored != (picture.width, picture.height, picture.format.name):
            raise DecodeError(f"is damaged at frame {frame.index}", subject=clip.name)
        yield frame
