"""A window that plays a clip covered while it is scanned.

It looks forward only: the first frames of a face stay clear, which a scan covers.
"""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np

from blur.cover.fills import make_fill
from blur.data.plan import Boxes
from blur.detect.registry import load_detector
from blur.export import single
from blur.media.open.probe import probe
from blur.media.open.readers import open_reader
from blur.media.open.small_pictures import display_rgb
from blur.render.pictures import as_shown, covered
from blur.scan.looks import LookRequest, ScanLooks
from blur.settings import CoverSettings, Level

_EVERY = 3
"""Frames from a look to the next, as the fast level has them."""
_LONGEST = 1280
"""Pixels on the longer side of the window's picture."""
_HELD = 8
"""Frames that a sighting stays covered; more of them cover longer gaps between looks."""
_TITLE = "blur: space stops until the next key, q ends"


def play(clip: Path, cover: CoverSettings) -> int:
    """Play `clip` covered until it ends or q is pressed; returns the number of frames shown."""
    info = probe(clip)
    looks = ScanLooks(Level.FAST, info.width, info.height, load_detector)
    fill = make_fill(cover)
    recent: list[tuple[int, Boxes]] = []
    number = 0
    cv2.namedWindow(_TITLE, cv2.WINDOW_AUTOSIZE | cv2.WINDOW_GUI_NORMAL)
    with open_reader(clip, info) as reader:
        for frame in reader:
            if frame.index % _EVERY == 0:  # ticks of the schedule are frames here
                size = looks.size_at(frame.index)
                small = display_rgb(frame.picture, info.orientation, *size)
                (seen,) = looks.take([LookRequest(frame.index, small, frame.index)])
                recent.append((frame.index, single.sure(seen).boxes))
            recent = [(at, boxes) for at, boxes in recent if frame.index - at <= _HELD]
            boxes = np.concatenate([np.zeros((0, 5), np.float32), *(b for _, b in recent)])
            picture = covered(frame.picture, info, single.covers(boxes, info, cover), fill)
            cv2.imshow(_TITLE, cv2.cvtColor(as_shown(picture, info, _LONGEST), cv2.COLOR_RGB2BGR))
            number += 1
            key = cv2.waitKey(1)
            if key == ord(" "):
                key = cv2.waitKey(0)
            if key == ord("q"):
                break
    cv2.destroyAllWindows()
    return number
