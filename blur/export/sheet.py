"""Contact sheets: up to 24 covered frames of a clip, chosen for its doubts and faces.

Sheets are kept and handed on, so they show no clear face: faces that a person keeps clear are
covered, and anything else that a detector takes for a face, and every uncovered doubt, is blotted
out inside a coloured frame.
"""

from __future__ import annotations

import io
import os
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from pathlib import Path
from urllib.parse import quote

import av
import cv2
import msgspec
import numpy as np
from PIL import Image, ImageDraw

from blur.cover.fills import make_fill
from blur.cover.region import Covers, Region
from blur.data.arrays import Gray, Picture
from blur.data.boxes import bounds
from blur.data.doubts import ranked
from blur.data.edits import Decision, Edits
from blur.data.plan import Boxes, Doubt, Plan
from blur.data.resolve import apply
from blur.data.timecode import clock
from blur.detect.registry import load_detector
from blur.disk import atomic
from blur.export import single
from blur.export.templates import Templates, joined
from blur.media.open.clip_info import ClipInfo
from blur.media.open.seek import glimpses
from blur.media.open.small_pictures import display_rgb
from blur.render.fonts import font_for
from blur.render.pictures import Pictures, as_shown, covered
from blur.scan.looks import LookRequest, ScanLooks
from blur.settings import CoverSettings, Level

MOST = 24
"""Frames on a sheet."""
TILE = 400
"""Pixels on the longer side of a frame on the sheet."""

_COLUMNS, _GAP, _CAPTION, _TOP = 4, 10, 22, 62
"""Columns of full-width tiles; pixels between tiles, of a caption's line, of the title."""
_GROUND, _TEXT, _DIM, _BLOT = (24, 26, 30), (230, 232, 236), (166, 173, 185), (40, 43, 49)
_DOUBT, _MISSED = (242, 189, 82), (255, 128, 120)
_LOOKS = (("centerface", 0.35), ("yunet", 0.5), ("blazeface-full", 0.5))
"""Detectors that search tiles for missed faces, and their least scores; lower scores blot more
false faces."""
_HEAD = 1.9
"""Width and height of a blot, in those of the detected box."""
_DECODE = 0.05
"""Seconds, estimated, to decode another frame of a sample."""
_LEAST, _SAMPLE = 8, 48
"""Fewest and most frames of a sample."""
_NEAR = 0.25
"""Seconds between two frames of a sheet, at least."""
_UNWRITTEN = "this file has the clip's name, which no font of this system can write"


@dataclass(frozen=True, slots=True)
class Moment:
    """A frame worth seeing, and why."""

    frame: int
    why: str


@dataclass(frozen=True, slots=True)
class Tile:
    """One frame on the sheet. Of too many tiles the most `worth` stay.

    `doubtful`: an uncovered doubt is blotted out; `missed`: blots of uncovered faces.
    """

    seconds: float
    picture: Picture
    caption: str
    doubtful: bool = False
    missed: int = 0
    worth: float = 0.0


def moments(plan: Plan, most: int = MOST) -> list[Moment]:
    """The frames to show, ascending and apart: the worst doubts, the largest faces, the first and
    last sighting of each face, then the middles of shots."""
    per_second = plan.frames / max(plan.seconds(plan.frames), 1e-3)
    near = max(1, round(per_second * _NEAR), plan.frames // (4 * most))
    chosen: dict[int, str] = {}
    for frame, why in _worth_seeing(plan):
        if len(chosen) < most and all(abs(frame - other) >= near for other in chosen):
            chosen[frame] = why
    return [Moment(frame, chosen[frame]) for frame in sorted(chosen)]


def _worth_seeing(plan: Plan) -> Iterator[tuple[int, str]]:
    """(frame, why), most worth seeing first."""
    doubts = ranked(plan)
    tracks = sorted(plan.tracks, key=lambda t: -float(t.boxes[:, 2].max()))
    for doubt in doubts[: MOST // 3]:
        yield doubt.start, doubt.reason.words
    for track in tracks[: MOST // 4]:
        yield track.start + int(track.boxes[:, 2].argmax()), f"cover {track.id} at its largest"
    for track in tracks:
        seen = track.sightings()
        for frame, when in zip(seen[[0, -1]] if len(seen) else (), ("first", "last"), strict=False):
            yield int(frame), f"cover {track.id}: {when} sighting"
    for doubt in doubts[MOST // 3 :]:
        yield doubt.start, doubt.reason.words
    for start, end in plan.shots():
        yield (start + end) // 2, "middle of a shot"
    for part in range(MOST):
        yield plan.frames * part // MOST, "sample"


def of_plan(
    pictures: Pictures,
    plan: Plan,
    edits: Edits | None,
    cover: CoverSettings,
    doubts: Sequence[Doubt] | None = None,
) -> list[Tile]:
    """The tiles of a scanned clip; `doubts` choose frames in place of the plan's own.

    Every uncovered doubt of the plan is blotted out, whichever choose. Raises DecodeError.
    """
    if edits is not None:
        kept = tuple(edit for edit in edits.tracks if edit.decision is Decision.COVER)
        plan = apply(plan, msgspec.structs.replace(edits, tracks=kept))
    covers = Covers.of_plan(plan, cover)
    fill = make_fill(cover)
    tiles = []
    chosen = plan if doubts is None else replace(plan, doubts=tuple(doubts))
    for moment in moments(chosen):
        frame, seconds = moment.frame, plan.seconds(moment.frame)
        open_doubts = [
            doubt.box
            for doubt in plan.doubts
            if doubt.track is None and doubt.box and doubt.start <= frame < doubt.end
        ]
        regions = covers.at(frame)
        picture = covered(pictures.at(frame), pictures.info, regions, fill)
        small = as_shown(picture, pictures.info, TILE)
        hidden = _masked(regions, small, plan.width, plan.height)
        scale = small.shape[1] / plan.width, small.shape[0] / plan.height
        boxes = np.array(open_doubts, np.float32).reshape(-1, 5) * (*scale, *scale, 1)
        doubtful = _blot(small, hidden, boxes, _DOUBT)
        missed = _blot_faces(small, hidden, _MISSED)
        caption = f"{clock(seconds)}  {moment.why}"
        tiles.append(Tile(seconds, small, caption, doubtful > 0, missed))
    return tiles


def of_sample(
    clip: Path,
    info: ClipInfo,
    cover: CoverSettings,
    seconds: float,
    tell: Callable[[int], None],
) -> tuple[list[Tile], int]:
    """The tiles of a clip without a plan, and the number of frames looked at.

    Spends about `seconds` on evenly spaced frames and keeps those with the most faces. `tell` is
    called with the frames done. Raises DecodeError and DetectorError.
    """
    looks = ScanLooks(Level.BALANCED, info.width, info.height, load_detector)
    fill = make_fill(cover)

    def tile(at: Fraction, picture: av.VideoFrame) -> Tile:
        small = display_rgb(picture, info.orientation, *looks.size_at(None))
        (seen,) = looks.take([LookRequest(0, small, None)])
        seen = single.sure(seen)
        regions = single.covers(seen.boxes, info, cover)
        small = as_shown(covered(picture, info, regions, fill), info, TILE)
        hidden = _masked(regions, small, info.width, info.height)
        unsure = _blot_faces(small, hidden, _DOUBT)
        caption = f"{clock(float(at))}  {len(seen) or 'no'} face{'s' * (len(seen) != 1)}"
        caption += f", {unsure} unsure" if unsure else ""
        worth = len(seen) + unsure + float(seen.boxes[:, 2].max(initial=0)) / info.width
        return Tile(float(at), small, caption, unsure > 0, worth=worth)

    first = next(glimpses(clip, info, 1))
    tile(*first)  # loads the detectors
    began = time.monotonic()
    tile(*first)
    count = round(seconds / (time.monotonic() - began + _DECODE))
    tiles: list[Tile] = []
    for at, picture in glimpses(clip, info, min(max(count, _LEAST), _SAMPLE)):
        tiles.append(tile(at, picture))
        tell(len(tiles))
    best = sorted(tiles, key=lambda t: -t.worth)[:MOST]
    return sorted(best, key=lambda t: t.seconds), len(tiles)


def compose(title: str, about: str, tiles: Sequence[Tile]) -> Image.Image:
    """The sheet: title, a line about it, and the tiles with their captions."""
    tall = max((tile.picture.shape[0] for tile in tiles), default=TILE // 2)
    wide = max((tile.picture.shape[1] for tile in tiles), default=TILE)
    columns = max(1, min(len(tiles), _COLUMNS * TILE // wide))
    rows = -(-len(tiles) // columns)
    width = max(2 * TILE, columns * (wide + _GAP) + _GAP)
    sheet = Image.new("RGB", (width, _TOP + rows * (tall + _CAPTION + _GAP) + _GAP), _GROUND)
    draw = ImageDraw.Draw(sheet)
    large, small = font_for(title, 18), font_for("", 13)
    draw.text((_GAP, 10), title if large else _UNWRITTEN, _TEXT, large or font_for("", 18))
    draw.text((_GAP, 36), about, _DIM, small)
    for number, tile in enumerate(tiles):
        x = _GAP + number % columns * (wide + _GAP)
        y = _TOP + number // columns * (tall + _CAPTION + _GAP)
        sheet.paste(Image.fromarray(tile.picture), (x, y))
        colour = _MISSED if tile.missed else _DOUBT if tile.doubtful else _DIM
        caption = tile.caption + (f"  {tile.missed} not covered!" if tile.missed else "")
        draw.text((x, y + tall + 3), caption, colour, small)
    return sheet


def save(sheet: Image.Image, path: Path) -> None:
    """Write a sheet as PNG without metadata. Raises OutputError."""
    content = io.BytesIO()
    sheet.save(content, "PNG")
    atomic.write(path, content.getvalue())


def index(title: str, sheets: Sequence[tuple[str, Path, Plan]]) -> str:
    """A page with all sheets: (clip, path of its sheet from the page's folder, plan with the doubts
    that wait there), the gravest doubt first."""
    html = Templates("sheets.html")
    items = joined(
        html.fill(
            "sheet",
            name=name,
            file=quote(os.fsencode(path.as_posix())),
            doubts=joined(html.fill("doubt", text=text) for text in _told(plan)),
        )
        for name, path, plan in sheets
    )
    return html.fill("page", title=title, sheets=items)


def _told(plan: Plan) -> Iterator[str]:
    for doubt in ranked(plan):
        start, end = (clock(plan.seconds(frame)) for frame in (doubt.start, doubt.end))
        yield f"{start}-{end}  {doubt.reason.words}"


def _masked(regions: Sequence[Region], tile: Picture, width: int, height: int) -> Gray:
    """1 where a tile is covered; `regions` are in pixels of the clip, `width` x `height`."""
    mask = np.zeros(tile.shape[:2], np.uint8)
    scale = tile.shape[1] / width, tile.shape[0] / height
    for region in regions:
        cv2.fillConvexPoly(mask, (region.outline() * scale).round().astype(np.int32), 1)
    return mask


def _blot_faces(tile: Picture, hidden: Gray, colour: tuple[int, int, int]) -> int:
    """Blot out faces outside the covers; returns the number of blots."""
    missed = 0
    for _ in range(3):  # a face may have kept a detector from seeing its neighbour
        found = [load_detector(name).detect([tile], bar)[0].boxes for name, bar in _LOOKS]
        blotted = max(_blot(tile, hidden, boxes, colour) for boxes in found)
        if not blotted:
            break
        missed += blotted
    return missed


def _blot(tile: Picture, hidden: Gray, boxes: Boxes, colour: tuple[int, int, int]) -> int:
    """Blot out boxes whose centre no cover hides; returns the number of blots."""
    blotted = 0
    for left, top, right, bottom in bounds(boxes):
        cx, cy = (left + right) / 2, (top + bottom) / 2
        row = min(max(int(cy), 0), tile.shape[0] - 1)
        column = min(max(int(cx), 0), tile.shape[1] - 1)
        if hidden[row, column]:
            continue
        w, h = (right - left) * _HEAD / 2, (bottom - top) * _HEAD / 2
        low, high = (round(cx - w), round(cy - h)), (round(cx + w), round(cy + h))
        cv2.rectangle(tile, low, high, _BLOT, -1)
        cv2.rectangle(tile, low, high, colour, 2)
        blotted += 1
    return blotted
