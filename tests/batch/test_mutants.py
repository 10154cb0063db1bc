"""Damaged inputs of many containers: none crashes, leaks or stays unnamed.

`tests/bench/damaged.py` tries 300 of them.
"""

import pytest
from attacked import through_blur
from mutants import mutant, originals

SEEDS = range(1000, 1012)


@pytest.mark.slow
def test_damaged_inputs_end_covered_or_named(tmp_path):
    whole = originals(tmp_path / "whole")
    (tmp_path / "in").mkdir()
    for seed in SEEDS:
        mutant(whole, seed, tmp_path / "in")
    end = through_blur(tmp_path / "in", tmp_path / "out")
    assert not end.problems
    assert sum(end.states.values()) == len(SEEDS)
