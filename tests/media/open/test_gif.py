"""Damaged GIFs: FFmpeg ends at the first bytes that it does not know, and says nothing."""

from __future__ import annotations

import io

import numpy as np
import pytest
from passing import passed_through
from photographs import scene
from PIL import Image

from blur.errors import DecodeError
from blur.media.open.gif import count_images
from blur.settings import OutputSettings

SETTINGS = OutputSettings(preset="ultrafast")
FRAMES = 5


def moving() -> bytearray:
    frames = [Image.fromarray(np.roll(scene(), 8 * i, 1)) for i in range(FRAMES)]
    held = io.BytesIO()
    frames[0].save(held, "GIF", save_all=True, append_images=frames[1:], duration=40)
    return bytearray(held.getvalue())


def third_image(data: bytearray) -> int:
    """The place of the third image block."""
    at = -1
    for _ in range(3):
        at = data.index(b"\x21\xf9\x04", at + 1)
    return at + 8


DAMAGE = {
    "no image where one was": lambda d, at: d.__setitem__(at, 0),
    "an impossible code size": lambda d, at: d.__setitem__(at + 10 + 3 * 256, 13),
    "blocks of a wrong length": lambda d, at: d.__setitem__(at + 12 + 3 * 256 + 255, 3),
    "cut off": lambda d, at: d.__delitem__(slice(at + 100, None)),
    "cut off, with an end mark": lambda d, at: d.__setitem__(slice(at + 100, None), b";"),
}


@pytest.mark.parametrize("kind", DAMAGE)
def test_a_gif_that_loses_frames_says_so(tmp_path, kind):
    source = tmp_path / "a.gif"
    data = moving()
    at = third_image(data)
    assert data[at] == 0x2C
    DAMAGE[kind](data, at)
    source.write_bytes(data)
    with pytest.raises(DecodeError, match="damaged or lost"):
        passed_through(source, tmp_path, SETTINGS)
    done = passed_through(source, tmp_path, SETTINGS, max_damaged=FRAMES)
    assert done.written.frames < FRAMES
    assert any(note.startswith("LOST") for note in done.notes)


def test_a_whole_gif_loses_none(tmp_path):
    source = tmp_path / "a.gif"
    source.write_bytes(moving())
    assert count_images(source) == (FRAMES, True)
    done = passed_through(source, tmp_path, SETTINGS)
    assert done.written.frames == FRAMES and not any("LOST" in note for note in done.notes)


@pytest.mark.parametrize("size", [0, 5, 13, 20])
def test_any_beginning_of_a_gif_is_no_whole_one(tmp_path, size):
    source = tmp_path / "a.gif"
    source.write_bytes(moving()[:size])
    assert count_images(source) == (0, False)
