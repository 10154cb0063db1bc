"""Kills in every stage: nothing half or clear is left, and the same work, done again, ends well.

`tests/bench/kills.py` kills 60 times; `test_crash_safety.py` kills whole batches at random moments.
"""

import shutil

import pytest
from attacked import after_kill
from killed import Killer
from made_clips import film


@pytest.fixture(scope="module")
def killed(tmp_path_factory):
    folder = tmp_path_factory.mktemp("killed")
    inputs = film(folder / "in" / "a.mp4", frames=20, seed=3, face=True).parent
    killer = Killer()
    assert killer.work("run", inputs, folder / "done")["code"] == 0
    yield killer, inputs, folder / "done"
    killer.close()


@pytest.mark.slow
@pytest.mark.parametrize(
    ("what", "stage", "nth"),
    [
        ("run", "mend", 2),
        ("run", "audit again", 12),
        ("review", "render", 9),
        ("clean", "change", 7),
        ("export", "change", 3),
    ],
)
def test_a_kill(killed, what, stage, nth):
    killer, inputs, done = killed
    out = done.with_name(f"{what} {stage}")  # as far from the inputs
    if what != "run":
        shutil.copytree(done, out)
    assert not after_kill(killer, inputs, out, what, stage, nth)
