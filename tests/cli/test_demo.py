import subprocess
import sys
from itertools import pairwise

import av
import numpy as np
import pytest
from PIL import Image

from blur.cli import demo
from blur.errors import Exit, SetupError

pytest.importorskip("skimage")


def test_the_film_is_short_and_every_frame_is_another_view(tmp_path):
    demo.film(demo.photograph(), tmp_path / "film.mp4")
    with av.open(str(tmp_path / "film.mp4")) as container:
        pictures = [f.to_ndarray(format="gray") for f in container.decode(video=0)]
    assert len(pictures) == demo.FRAMES
    assert pictures[0].shape == (demo.HEIGHT, demo.WIDTH)
    steps = [np.abs(a.astype(int) - b).mean() for a, b in pairwise(pictures)]
    assert min(steps) > 0.5


def test_without_its_photograph_the_demo_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "skimage", None)
    with pytest.raises(SetupError, match=r"pip install \"blur-faces\[demo\]\""):
        demo.photograph()


def test_the_demo_leaves_other_files_alone(tmp_path):
    footage = tmp_path / "filmed" / "astronaut.mp4"
    footage.parent.mkdir()
    footage.write_text("footage")
    command = [sys.executable, "-m", "blur", "demo", "-o", tmp_path]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300)
    assert done.returncode == Exit.USAGE and "no demo made" in done.stderr
    assert footage.read_text() == "footage"


@pytest.mark.slow
def test_the_demo_leaves_a_covered_clip_a_picture_and_a_hint(tmp_path):
    command = [sys.executable, "-m", "blur", "demo", "-o", tmp_path / "demo"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300)
    assert done.returncode == Exit.OK, done.stdout + done.stderr
    assert "blur run FOLDER" in done.stdout
    picture = np.asarray(Image.open(tmp_path / "demo" / "before-after.jpg").convert("L"), int)
    before, after = np.hsplit(picture, 2)
    changed = np.abs(before - after) > 25
    assert 0.02 < changed.mean() < 0.8
    with av.open(str(tmp_path / "demo" / "covered" / "astronaut.mp4")) as container:
        assert sum(1 for _ in container.decode(video=0)) == demo.FRAMES
