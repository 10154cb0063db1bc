from __future__ import annotations

import csv
import io
import json
from dataclasses import replace

import numpy as np
from test_markers import STEADY

from blur.data.edits import Decision, Edits, RegionEdit, TrackEdit
from blur.data.plan import Box, Keyframe
from blur.data.resolve import resolve
from blur.export.boxes import as_csv, as_json, table

PLACE = Box(50, 50, 20, 30)
MADE = table(
    "a, b.mp4",
    resolve(
        replace(STEADY, tracks=tuple(replace(track, chain=3) for track in STEADY.tracks)),
        Edits(
            fingerprint=STEADY.fingerprint,
            tracks=(
                TrackEdit(
                    decision=Decision.KEEP,
                    path=(Keyframe(100, PLACE), Keyframe(119, PLACE)),
                    confirmed=True,
                ),
            ),
            regions=(
                RegionEdit(id=7, keyframes=(Keyframe(5, PLACE), Keyframe(8, Box(56, 50, 20, 30)))),
            ),
        ),
    ),
)


def test_every_frame_of_every_track_has_its_box_and_whether_it_is_covered() -> None:
    read = json.loads(as_json(MADE))
    face, region = read["tracks"]
    assert (face["kind"], face["number"], region["kind"], region["number"]) == (
        "face", 0, "region", 7,
    )  # fmt: skip
    rows = [dict(zip(read["columns"], row, strict=True)) for row in face["rows"]]
    assert [row["frame"] for row in rows] == list(range(200))
    assert {row["frame"] for row in rows if not row["covered"]} == set(range(100, 120))
    assert (rows[25]["seconds"], rows[25]["how"]) == (1.0, "detected")
    assert [row[2] for row in region["rows"]] == [50, 52, 54, 56]
    assert (face["person"], region["person"]) == (3, None)


def test_csv_holds_the_rows_of_json() -> None:
    rows = list(csv.DictReader(io.StringIO(as_csv(MADE))))
    flat = [row for track in json.loads(as_json(MADE))["tracks"] for row in track["rows"]]
    assert np.array_equal(
        [[float(row[name]) for name in ("frame", "cx", "cy", "w", "h")] for row in rows],
        [[row[0], *row[2:6]] for row in flat],
    )
    assert sum(row["covered"] == "no" for row in rows) == 20
    assert {row["person"] for row in rows if row["kind"] == "face"} == {"3"}
    assert {row["clip"] for row in rows} == {"a, b.mp4"}
