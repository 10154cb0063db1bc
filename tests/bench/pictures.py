"""Pictures of the worst misses. They show faces: never commit one."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np
from score import Miss
from truth import Case, Face

from blur.cover.region import Covers
from blur.data.arrays import Picture
from blur.data.plan import Mark, Plan
from blur.media.open.probe import probe
from blur.media.open.seek import Seeker
from blur.media.open.small_pictures import display_rgb
from blur.settings import Settings

_PICTURES_PER_CLIP = 3
_COLOURS = {
    Mark.DETECTED: (0, 255, 0),
    Mark.FOLLOWED: (0, 255, 255),
    Mark.BRIDGED: (80, 120, 255),
    Mark.HELD: (255, 160, 0),
}
_KINDS = {"clear": (255, 255, 255), "hard": (200, 200, 80), "other": (128, 128, 128)}


def draw(case: Case, plan: Plan, settings: Settings, misses: Sequence[Miss], folder: Path) -> None:
    """Write pictures of the worst misses: covers by mark, all faces, the missed one thick."""
    folder.mkdir(parents=True, exist_ok=True)
    info = probe(case.file())
    covers = Covers(plan.tracks, plan.shots(), settings.cover, plan.width, plan.height)
    tracks = {t.id: t for t in plan.tracks}
    with Seeker(case.file(), info, plan.pts) as seeker:
        for miss in sorted(misses, key=lambda m: (m.kind, -m.exposed))[:_PICTURES_PER_CLIP]:
            frame = seeker.frame(miss.worst).picture
            picture = display_rgb(frame, info.orientation, info.width, info.height)
            for region in covers.at(miss.worst):
                track = tracks[region.seed]
                colour = _COLOURS[Mark(int(track.marks[miss.worst - track.start]))]
                outline = np.round(region.outline() * 16).astype(np.int32)
                cv2.polylines(picture, [outline], True, colour, 2, cv2.LINE_AA, 4)
            for face in case.faces[miss.worst]:
                missed = face.id == miss.id
                ellipse(
                    picture,
                    face.scaled(case.core),
                    (255, 0, 0) if missed else _KINDS[face.kind],
                    4 if missed else 1,
                )
            words = f"{miss.clip} {miss.worst}: {miss.why}; " + " ".join(
                f"{mark.name.lower()} {name}"
                for mark, name in zip(Mark, ("green", "cyan", "blue", "orange"), strict=True)
            )
            cv2.rectangle(picture, (0, 0), (picture.shape[1], 24), (0, 0, 0), -1)
            cv2.putText(picture, words, (8, 17), cv2.FONT_HERSHEY_SIMPLEX, 0.5, (255, 255, 255), 1)
            name = f"{miss.clip}-{miss.kind}-{miss.id}-{miss.worst}.png"
            cv2.imwrite(str(folder / name), picture[..., ::-1])


def ellipse(picture: Picture, face: Face, colour: tuple[int, int, int], thick: int) -> None:
    centre, axes = (
        (round(face.cx * 16), round(face.cy * 16)),
        (round(face.a * 16), round(face.b * 16)),
    )
    cv2.ellipse(
        picture, centre, axes, float(np.degrees(face.theta)), 0, 360, colour, thick, cv2.LINE_AA, 4
    )
