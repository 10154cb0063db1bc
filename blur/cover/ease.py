"""Sizes that never pop: a cover grows ahead of need, and shrinks slowly."""

from __future__ import annotations

import numpy as np

from blur.data.arrays import Floats

OUT, IN = 0.035, 0.03
"""Log width that a cover gains or loses a frame at most: 7.3 and 6.2 % of its area. Larger pops."""


def eased(widths: Floats) -> Floats:
    """The smallest (n,) log widths that are nowhere under `widths`, rise by `OUT` a frame at most
    and fall by `IN` at most."""
    ahead = np.arange(len(widths)) * OUT
    risen = np.maximum.accumulate((widths - ahead)[::-1])[::-1] + ahead
    behind = np.arange(len(widths)) * IN
    return np.asarray(np.maximum.accumulate(risen + behind) - behind)
