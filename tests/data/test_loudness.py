"""What a timeline draws of a sound: peaks in dB, from blocks in any order."""

from __future__ import annotations

import numpy as np
import pytest

from blur.data.loudness import BINS, loudness

RATE = 48_000
BIN = RATE // BINS


def block(level: float, samples: int) -> np.ndarray:
    """Two channels, of which the second is silent."""
    return np.stack([np.full(samples, -level), np.zeros(samples)])


@pytest.mark.parametrize(("db", "byte"), [(0, 255), (-30, 128), (-59.9, 1), (-61, 0), (6, 255)])
def test_levels_are_decibels(db: float, byte: int) -> None:
    made = loudness([(0, block(10 ** (db / 20), BIN))], RATE, 1 / BINS)
    assert made.tolist() == [byte]


def test_each_bin_has_the_loudest_sample_of_all_blocks() -> None:
    blocks = [(-BIN // 2, block(1, BIN)), (3 * BIN - 1, block(0.1, 2)), (3 * BIN, block(0.01, BIN))]
    assert loudness(blocks, RATE, 6 / BINS).tolist() == [255, 0, 170, 170, 0, 0]
    random = np.random.default_rng(1)
    samples = random.normal(0, 0.2, (2, 10 * BIN)).clip(-1, 1)
    edges = sorted(random.integers(0, 10 * BIN, 30).tolist())
    parts = [(a, samples[:, a:b]) for a, b in zip([0, *edges], [*edges, 10 * BIN], strict=True)]
    whole = loudness([(0, samples)], RATE, 10 / BINS)
    assert (loudness(reversed(parts), RATE, 10 / BINS) == whole).all()
    peaks = np.abs(samples).max(axis=0).reshape(10, BIN).max(axis=1)
    assert (whole == np.ceil(255 * (1 + 20 * np.log10(peaks) / 60))).all()


def test_sound_beyond_the_pictures_is_not_drawn() -> None:
    assert loudness([(0, block(1, 5 * BIN)), (9 * BIN, block(1, 5))], RATE, 2 / BINS).size == 2
