"""Plans are read once while their files stay as they are."""

from __future__ import annotations

import gc
import shutil
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from blur.data.plan import Plan
from blur.errors import PlanMismatch
from blur.review import plan_file
from blur.review.plan_file import read_plan
from blur.store.plans import load_plan, save_plan


@pytest.fixture
def plans(out: Path) -> list[Path]:
    return sorted(out.rglob("plans/*.json"))


@pytest.fixture
def loaded(monkeypatch: pytest.MonkeyPatch) -> list[Path]:
    paths: list[Path] = []

    def load(path: Path) -> Plan:
        paths.append(path)
        return load_plan(path)

    monkeypatch.setattr(plan_file, "load_plan", load)
    return paths


def test_queue_and_clip_read_a_plan_together(plans: list[Path], loaded: list[Path]) -> None:
    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(read_plan, [plans[0]] * 8))
    assert loaded == [plans[0]] and all(one is found[0] for one in found)


def test_a_plan_that_was_written_anew_is_read_anew(plans: list[Path], loaded: list[Path]) -> None:
    before = read_plan(plans[0])
    save_plan(before.plan.with_tracks((), ()), plans[0])
    after = read_plan(plans[0])
    assert len(loaded) == 2 and after.plan.tracks == () and after.sha256 != before.sha256


def test_few_plans_are_kept(plans: list[Path], loaded: list[Path]) -> None:
    for path in (*plans, plans[0]):
        read_plan(path)
    assert len(plans) == 3 and loaded == [*plans, plans[0]]


def test_a_damaged_plan_is_an_error_each_time_and_garbage_is_collected_again(
    plans: list[Path], tmp_path: Path
) -> None:
    shutil.copy(plans[0], path := tmp_path / "plan.json")
    path.write_bytes(path.read_bytes()[:-9])
    for _ in range(2):
        with pytest.raises(PlanMismatch):
            read_plan(path)
    assert gc.isenabled()
