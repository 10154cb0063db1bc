"""The whole corridor on real photographs filmed by a virtual phone, scored by a neutral judge."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from typing import Any

import pytest

from blur.render.render import render
from blur.scan.scan import scan
from blur.settings import Settings

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def judge(shared_clips: Path) -> Any:
    path = shared_clips.parent / "tools" / "leak.py"
    spec = importlib.util.spec_from_file_location("judge", path)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize("name", ["lying0", "mask1", "occlude0", "pan1", "upside1", "whip2"])
def test_no_clear_face_is_exposed(
    name: str, shared_clips: Path, judge: Any, tmp_path: Path
) -> None:
    clip = shared_clips / f"{name}.mp4"
    settings = Settings()
    plan = scan(clip, settings.scan)
    render(clip, plan, tmp_path / clip.name, settings)
    score = judge.score(str(clip), str(tmp_path / clip.name), str(clip.with_suffix(".json")))
    assert score["clear"]["face_frames"] > 0
    assert score["clear"]["exposed"] == 0
    assert score["max_time_error"] == 0
    assert score["overblur"] < 0.15
