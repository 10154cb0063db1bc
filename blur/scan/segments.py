"""Segments of a long clip: the first pass of its scan in parts, joined to an identical result.

The first pass needs only the frames near a frame: motion the frame before, cuts a few after and the
undecided ones before. So a segment begins to measure a little before its first frame and stops a
little after its last, and need not end at cuts. Tracks reach farther: the scan makes them from all
segments at once.
"""

from __future__ import annotations

import dataclasses
import io
import itertools
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from blur.data.plan import Box
from blur.data.sightings import FAMILIES, Sightings
from blur.media.open.clip_info import ClipInfo
from blur.media.open.probe import probe
from blur.media.open.seek import strict_frames
from blur.media.open.small_pictures import display_gray
from blur.media.open.timetable import timetable
from blur.process.progress import Progress
from blur.scan.camera import MOTION_WIDTH, Camera, Step, StepMeter
from blur.scan.dark import Light
from blur.scan.looks import LookClock
from blur.scan.scan import FirstPass, ScanJob, first_pass
from blur.scan.surprise import REACH, Surprise
from blur.settings import ScanSettings

_CALM = 5
"""Frames in a row with a reliable step, more than a flash lasts, after which no cut is undecided
and the finder's start has no influence; larger needs longer run-ups."""
_RUN_UP = 32
"""Frames before a segment in which a calm row is sought first; larger measures more frames
twice."""


@dataclasses.dataclass(frozen=True, slots=True)
class Segments:
    """The timestamps of a clip's frames, and the first frames of its segments."""

    pts: Sequence[int]
    starts: Sequence[int]

    def spans(self) -> list[range]:
        return [range(a, b) for a, b in itertools.pairwise([*self.starts, len(self.pts)])]


def divide(clip: Path, length: int, tell: Progress) -> Segments | None:
    """Segments of about `length` frames, each beginning at a key frame.

    None if the clip is too short, has too few key frames, or must be read from its start because
    its timestamps do not lead to frames beyond doubt. Raises NotAClip.
    """
    found = timetable(clip, probe(clip), lambda packets: tell("divide", packets, None))
    if found is None:
        return None
    starts = [span.start for span in found.divided(length)]
    return Segments(found.pts, starts) if len(starts) > 1 else None


def look(
    clip: Path, settings: ScanSettings, pts: Sequence[int], span: range, tell: Progress
) -> FirstPass:
    """The first pass over the frames of `span` only; `pts` are the timestamps of the whole clip.

    Raises DecodeError, for a clip with other timestamps as well, or DetectorError.
    """
    info = probe(clip)
    begin = _run_up(info, pts, span.start)
    until = min(span.stop + max(_CALM, REACH), len(pts))
    frames = strict_frames(clip, info, pts, range(begin, until))
    clock = LookClock(settings.level, info.time_base)
    for at, following in itertools.pairwise(pts[: begin + 1]):
        clock.tick(at, following)

    def heard(stage: str, done: int, total: int | None) -> None:
        tell(stage, min(max(0, begin + done - span.start), len(span)), len(pts))

    first = first_pass(ScanJob(info, settings, heard), frames, span, clock)
    here = slice(span.start - begin, span.stop - begin)
    camera = Camera.of(first.camera.steps[here])
    cuts = [begin + cut for cut in first.cuts if begin + cut in span]
    mixed = [begin + frame for frame in first.mixed if begin + frame in span]
    surprises = [surprise for surprise in first.surprises if surprise.frame in span]
    return FirstPass(
        pts=first.pts[here],
        lights=first.lights[here],
        sightings=first.sightings,
        camera=camera,
        cuts=cuts,
        mixed=mixed,
        surprises=surprises,
    )


def joined(parts: Sequence[FirstPass]) -> FirstPass:
    """The first pass over the whole clip, from its segments in order."""
    return FirstPass(
        pts=[pts for part in parts for pts in part.pts],
        lights=[light for part in parts for light in part.lights],
        sightings=[sightings for part in parts for sightings in part.sightings],
        camera=Camera.of(step for part in parts for step in part.camera.steps),
        cuts=[cut for part in parts for cut in part.cuts],
        mixed=[frame for part in parts for frame in part.mixed],
        surprises=[surprise for part in parts for surprise in part.surprises],
    )


def to_bytes(first: FirstPass) -> bytes:
    """Columns in NumPy's npz format, without notes."""
    file = io.BytesIO()
    np.savez(
        file,
        pts=np.array(first.pts, np.int64),
        lit=np.array([light.share for light in first.lights]),
        black=np.array([light.black for light in first.lights]),
        transforms=np.array([step.transform for step in first.camera.steps]).reshape(-1, 3, 3),
        supports=np.array([step.support for step in first.camera.steps]),
        cuts=np.array(first.cuts, np.int64),
        mixed=np.array(first.mixed, np.int64),
        surprised=np.array([s.frame for s in first.surprises], np.int64),
        turned=np.array([s.turned for s in first.surprises], bool),
        places=np.array([s.box for s in first.surprises]).reshape(-1, 5),
        looks=np.array([s.frame for s in first.sightings], np.int64),
        counts=np.array([len(s) for s in first.sightings], np.int64),
        boxes=np.concatenate([np.zeros((0, 5), np.float32), *(s.boxes for s in first.sightings)]),
        evidence=np.concatenate(
            [np.zeros((0, len(FAMILIES)), np.float32), *(s.evidence for s in first.sightings)]
        ),
    )
    return file.getvalue()


def from_bytes(content: bytes) -> FirstPass:
    """The first pass in `to_bytes`' format. Raises ValueError, KeyError, EOFError or BadZipFile."""
    with np.load(io.BytesIO(content), allow_pickle=False) as columns:
        steps = zip(columns["transforms"], columns["supports"].tolist(), strict=True)
        ends = np.cumsum(columns["counts"])
        boxes = np.split(columns["boxes"], ends)[:-1]
        evidence = np.split(columns["evidence"], ends)[:-1]
        looks = columns["looks"].tolist()
        return FirstPass(
            pts=columns["pts"].tolist(),
            lights=list(map(Light, columns["lit"].tolist(), columns["black"])),
            sightings=[Sightings(*row) for row in zip(looks, boxes, evidence, strict=True)],
            camera=Camera.of(itertools.starmap(Step, steps)),
            cuts=columns["cuts"].tolist(),
            mixed=columns["mixed"].tolist(),
            surprises=[
                Surprise(frame, turned, Box(*box))
                for frame, turned, box in zip(
                    columns["surprised"].tolist(),
                    columns["turned"].tolist(),
                    columns["places"].tolist(),
                    strict=True,
                )
            ],
        )


def _run_up(info: ClipInfo, pts: Sequence[int], start: int) -> int:
    """The frame to measure from, for the same result from `start` on as from the clip's first."""
    width, height = info.fitted(MOTION_WIDTH)
    back = _RUN_UP
    while back < start:
        meter = StepMeter(info.square[0] / width)
        calm = 0
        for frame in strict_frames(info.path, info, pts, range(start - back, start)):
            gray = display_gray(frame.picture, info.orientation, width, height)
            calm = calm + 1 if meter.measure(gray).reliable else 0
            if calm == _CALM:
                return start - back
        back *= 4
    return 0
