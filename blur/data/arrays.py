"""Array types shared by all rooms."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]

Gray = npt.NDArray[np.uint8]
"""(height, width) luma, 0-255."""

Picture = npt.NDArray[np.uint8]
"""(height, width, 3) RGB, 0-255, C-contiguous."""
