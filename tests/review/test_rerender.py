from __future__ import annotations

import time
from pathlib import Path

import pytest

from blur.data.edits import Keyframe
from blur.data.plan import Box
from blur.errors import UsageError
from blur.review.acts import DrawRegion
from blur.review.open_clip import OpenClip
from blur.review.rerender import Rerender
from blur.store.shelf import Shelf


def test_one_series_at_a_time_and_each_clip_of_it_ends(out: Path) -> None:
    """Nothing waits for ever once the series is stopped, and what is done is the result."""
    shelf = Shelf(out)
    keys = [shelf.find(name) for name in ("a.mp4", "b ü.mp4", "c.mp4")]
    clip = OpenClip(shelf, keys[0])
    clip.perform(DrawRegion((Keyframe(50, Box(250, 180, 40, 40)),)), clip.revision)
    rerender = Rerender(shelf)
    rerender.start(keys)
    with pytest.raises(UsageError, match="already"):
        rerender.start(keys)
    while rerender.running and rerender.progress()[0].stage != "done":
        time.sleep(0.05)
    rerender.stop()
    assert not rerender.running
    stages = [progress.stage for progress in rerender.progress()]
    assert stages[0] == "done" and set(stages) <= {"done", "stopped"}
    assert clip.view().rendered


def test_what_goes_wrong_around_a_series_is_told(
    out: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shelf = Shelf(out)
    rerender = Rerender(shelf)

    def broken(entry: object) -> Path:
        raise OSError("the disk is gone")

    monkeypatch.setattr(shelf, "source", broken)
    rerender.start([shelf.find("a.mp4")])
    while rerender.running:
        time.sleep(0.05)
    (progress,) = rerender.progress()
    assert progress.stage == "failed"
    assert "the disk is gone" in str(progress.problem)
