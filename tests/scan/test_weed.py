"""Log-odds that weeding gives ten recorded tracklets."""

from __future__ import annotations

import math

import numpy as np
import pytest

from blur.scan.link import Tracklet
from blur.scan.weed import FACE_BAR, credence, is_face

NONE = math.nan
"""No close-ups were taken."""

# From scans of photographs filmed with a moving camera: truth, share of the looks that saw it,
# answer of close-ups, sightings (frame, cx, cy, w, h, angle, score by family), log-odds.
RECORDED = [
    (
        "face: comes into the frame",
        0.353,
        NONE,
        [
            (63, 26, 26, 56, 54, 0, 0.1, 0),
            (99, 548, 37, 63, 70, 0, 0.55, 0),
            (102, 482, 147, 56, 70, 0, 0.24, 0),
            (105, 399, 250, 60, 74, -3, 0.56, 0),
            (108, 312, 339, 56, 70, 0, 0.11, 0),
            (111, 210, 412, 62, 76, 0, 0.46, 0),
        ],
        1.105,
    ),
    (
        "face: at the edge",
        1.0,
        0.075,
        [
            (105, 188, 47, 72, 83, 0, 0.28, 0),
            (108, 104, 136, 70, 82, 0, 0.24, 0),
        ],
        -0.244,
    ),
    (
        "face: in a pan",
        0.444,
        0.044,
        [
            (0, 1204, 364, 168, 144, -90, 0.24, 0),
            (12, 906, 282, 136, 134, 0, 0.12, 0.48),
            (18, 633, 279, 148, 153, 0, 0.16, 0.71),
            (24, 310, 319, 138, 165, 0, 0.2, 0.62),
        ],
        -0.714,
    ),
    (
        "face: turned, by both families",
        0.333,
        NONE,
        [
            (45, 32, 678, 37, 41, 90, 0.16, 0.76),
            (66, 16, 101, 29, 61, 0, 0.23, 0.38),
            (69, 28, 36, 42, 51, 0, 0.13, 0),
        ],
        0.216,
    ),
    (
        "face: rolling",
        1.0,
        NONE,
        [
            (105, 221, 333, 95, 70, -27, 0.27, 0),
            (108, 226, 292, 69, 55, -20, 0.3, 0),
            (114, 246, 206, 46, 49, -6, 0.25, 0),
            (117, 262, 165, 67, 61, 0, 0.29, 0),
        ],
        0.141,
    ),
    (
        "face: upside down",
        1.0,
        0.188,
        [
            (105, 1178, 325, 106, 136, 0, 0.16, 0),
        ],
        -1.277,
    ),
    (
        "none: texture",
        1.0,
        0.0,
        [
            (6, 680, 109, 323, 212, 0, 0.13, 0.47),
        ],
        -1.956,
    ),
    (
        "none: large, by the second family",
        0.143,
        NONE,
        [
            (0, 371, 426, 493, 478, 0, 0, 0.57),
            (30, 439, 332, 485, 501, 0, 0, 0.62),
            (60, 340, 328, 493, 485, 0, 0, 0.65),
        ],
        -3.705,
    ),
    (
        "none: shadows, upside down",
        0.5,
        0.008,
        [
            (21, 405, 682, 101, 72, -180, 0, 0.4),
            (30, 412, 692, 99, 63, -180, 0.24, 0),
        ],
        -1.295,
    ),
    (
        "none: by each family once",
        1.0,
        0.017,
        [
            (96, 282, 62, 77, 87, 0, 0, 0.46),
            (99, 357, 38, 103, 69, 0, 0.13, 0),
        ],
        -1.627,
    ),
]


@pytest.mark.parametrize(
    ("hits", "answer", "rows", "expected"),
    [pytest.param(*rest, id=name) for name, *rest in RECORDED],
)
def test_credence(
    hits: float, answer: float, rows: list[tuple[float, ...]], expected: float
) -> None:
    frames, boxes, evidence = np.split(np.array(rows, np.float32), [1, 6], axis=1)
    tracklet = Tracklet(frames[:, 0].astype(np.intp), boxes, evidence, hits, answer)
    assert credence(tracklet) == pytest.approx(expected, abs=5e-4)


def test_a_face_that_is_seen_well_thrice_stays_whatever_its_other_sightings_say() -> None:
    frames = np.arange(0, 60, 3)
    boxes = np.tile(np.array([450, 420, 520, 520, 0], np.float32), (len(frames), 1))
    evidence = np.zeros((len(frames), 2), np.float32)
    evidence[:, 0], evidence[::2, 1] = 0.02, (0.6, 0.3, 0.83, 0.2, 0.78, 0.1, 0.77, 0.2, 0.3, 0.4)
    boxes[::2, 4] = 150  # the turns disagree, as those of a masked lying face do
    masked = Tracklet(frames, boxes, evidence, hits=0.4)
    assert credence(masked) < FACE_BAR
    assert is_face(masked)
    evidence[:, 1] *= 0.8
    assert not is_face(Tracklet(frames, boxes, evidence, hits=0.4))
