#!/usr/bin/env python3
"""Edited films whose every frame mixes two neighbours, for `leak.py FOLDER`.

    python tests/bench/woven.py FOLDER [--blended]

A clip with cuts and three films cut together of short parts of CLIPS, as if edited and then woven
of fields: even lines of a frame, odd ones of the next; or, --blended, the mean of both. The frame
at each cut shows the faces of both shots, and both must be covered.
"""

from __future__ import annotations

import argparse
import itertools
import json
import random
from pathlib import Path
from typing import Any

import av
import numpy as np
import paths

from blur.data.arrays import Picture

_CUT = "cuts0"
_SEEDS = (1, 2, 3)
_LENGTHS = (9, 14, 20, 27)
_PARTS = 14
"""Frames of a part, and parts of a film at most."""
_APART = 100
"""Numbers of people from shot to shot."""

Row = dict[str, Any]
Film = list[tuple[Picture, list[Row]]]
"""Pictures with the rows of their faces."""


def clip(name: str) -> Film:
    frames = json.loads((paths.CLIPS / f"{name}.json").read_text())["frames"]
    with av.open(str(paths.CLIPS / f"{name}.mp4")) as container:
        pictures = [frame.to_ndarray(format="rgb24") for frame in container.decode(video=0)]
    return list(zip(pictures, frames, strict=False))


def edited(seed: int) -> Film:
    """Parts of clips of one size, cut together."""
    chosen = random.Random(seed)
    names = sorted(path.stem for path in paths.CLIPS.glob("*.json") if path.stem != _CUT)
    chosen.shuffle(names)
    film: Film = []
    parts = 0
    for name in names:
        shots = clip(name)
        if film and shots[0][0].shape != film[0][0].shape:
            continue
        length = chosen.choice(_LENGTHS)
        start = chosen.randrange(max(1, len(shots) - length))
        for picture, rows in shots[start : start + length]:
            film.append((picture, [row | {"id": row["id"] + _APART * parts} for row in rows]))
        parts += 1
        if parts == _PARTS:
            break
    return film


def shot_of(rows: list[Row]) -> set[int]:
    return {row["id"] // _APART for row in rows}


def mixed(film: Film, blended: bool) -> Film:
    """Each frame with the next; at a cut, with the faces of both."""
    out: Film = []
    for (first, here), (second, there) in itertools.pairwise(film):
        if blended:
            picture = ((first.astype(np.uint16) + second) // 2).astype(np.uint8)
        else:
            picture = first.copy()
            picture[1::2] = second[1::2]
        out.append((picture, here if shot_of(here) & shot_of(there) else here + there))
    return out


def save(film: Film, made: Path) -> None:
    with av.open(str(made), "w") as container:
        options = {"crf": "23", "preset": "fast"}
        stream = container.add_stream("libx264", rate=30, options=options)
        stream.height, stream.width = film[0][0].shape[:2]
        stream.pix_fmt = "yuv420p"
        for picture, _ in film:
            container.mux(stream.encode(av.VideoFrame.from_ndarray(picture, format="rgb24")))
        container.mux(stream.encode(None))
    made.with_suffix(".json").write_text(json.dumps({"frames": [rows for _, rows in film]}))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--blended", action="store_true")
    given = parser.parse_args()
    given.folder.mkdir(parents=True, exist_ok=True)
    for name, film in [(_CUT, clip(_CUT)), *((f"edit{seed}", edited(seed)) for seed in _SEEDS)]:
        save(mixed(film, given.blended), given.folder / f"{name}-woven.mp4")
        print(f"{name}: {len(film) - 1} frames", flush=True)


if __name__ == "__main__":
    main()
