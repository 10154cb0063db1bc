"""Array types of all rooms."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
"""Of any shape, which the function that uses it states."""

Gray = npt.NDArray[np.uint8]
"""(height, width) luma, 0-255."""

Picture = npt.NDArray[np.uint8]
"""(height, width, 3) RGB, 0-255, C-contiguous."""
