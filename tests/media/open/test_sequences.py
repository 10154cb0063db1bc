"""Sequences of pictures in HEIF's containers: taken as films, every frame at its own time."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace

import av
import numpy as np
import pytest
from footage import RECIPES, make
from passing import passed_through
from photographs import scene
from PIL import Image

from blur.errors import DecodeError
from blur.media.open.probe import probe
from blur.settings import OutputSettings

SETTINGS = OutputSettings(preset="ultrafast")
LASTS = [40, 80, 40, 200, 40]


def animated(path, alpha=None):
    frames = [Image.fromarray(np.roll(scene(), 12 * i, 1)) for i in range(len(LASTS))]
    if alpha is not None:
        for frame in frames:
            frame.putalpha(alpha)
    frames[0].save(path, save_all=True, append_images=frames[1:], duration=LASTS)
    return path


def test_an_animated_avif_is_a_film(tmp_path):
    source = animated(tmp_path / "a.avif")
    info = probe(source)
    assert not info.still and info.frames == len(LASTS)
    assert info.dropped.count("single picture beside the film") == 1
    done = passed_through(source, tmp_path, SETTINGS)
    assert done.written.frames == len(LASTS) and done.written.path.suffix == ".mp4"
    assert not any("hidden" in note or "LOST" in note for note in done.notes)
    with av.open(str(done.written.path)) as container:
        frames = list(container.decode(video=0))
    assert [round(1000 * f.time) for f in frames] == [0, 40, 120, 160, 360]
    for i, frame in enumerate(frames):
        wanted = np.roll(scene(), 12 * i, 1).astype(int)
        assert np.abs(frame.to_ndarray(format="rgb24") - wanted).mean() < 6


def test_an_animated_avif_that_loses_frames_says_so(tmp_path):
    source = animated(tmp_path / "a.avif")
    data = source.read_bytes()
    source.write_bytes(data[: len(data) - 200])
    with pytest.raises(DecodeError):
        passed_through(source, tmp_path, SETTINGS)


def test_a_picture_with_a_profile_ends_no_process(tmp_path):
    """PyAV and FFmpeg both freed the profile's name once the picture was let go."""
    source = tmp_path / "a.png"
    frame = Image.fromarray(scene())
    others = [Image.fromarray(np.roll(scene(), 9, 1))]
    frame.save(source, save_all=True, append_images=others, icc_profile=bytes(range(256)) * 12)
    code = (
        "import gc, pathlib, sys; from blur.media.open.probe import probe\n"
        "for _ in range(3): print(probe(pathlib.Path(sys.argv[1])).codec); gc.collect()"
    )
    done = subprocess.run([sys.executable, "-c", code, source], capture_output=True, text=True)
    assert (done.returncode, done.stdout.split()) == (0, ["apng"] * 3)


def test_a_heic_sequence_is_a_film(tmp_path):
    source = make(tmp_path / "plain.mp4", replace(RECIPES["hevc-8"], pix_fmt="yuv420p"))
    data = source.read_bytes().replace(b"vide", b"pict")
    at = data.index(b"ftyp") + 4
    source = tmp_path / "a.heics"
    source.write_bytes(data[:at] + b"hevc" + data[at + 4 : at + 8] + b"msf1heic" + data[at + 16 :])
    info = probe(source)
    assert not info.still and info.frames == 12
    done = passed_through(source, tmp_path, SETTINGS)
    assert done.written.frames == 12


def test_what_a_track_of_transparency_hides_is_never_shown(tmp_path):
    source = animated(tmp_path / "a.avif", alpha=Image.new("L", (96, 64), 0))
    with pytest.raises(DecodeError, match="transparency") as caught:
        probe(source)
    assert "GIF" in caught.value.remedy
