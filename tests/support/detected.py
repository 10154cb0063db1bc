"""Ordinary photographs, and how sure detectors are of a face."""

from __future__ import annotations

import numpy as np
import skimage.data

from blur.detect.centerface import CenterFace
from blur.detect.yunet import YuNet


def photograph(name: str) -> np.ndarray:
    """(h, w, 3) of a photograph that scikit-image ships."""
    picture = getattr(skimage.data, name)()
    return picture if picture.ndim == 3 else np.stack([picture] * 3, axis=-1)


def best_scores(picture: np.ndarray) -> list[float]:
    """Of a picture's surest face, by YuNet and by CenterFace; 0 where they see none."""
    detectors = [YuNet(threads=1), CenterFace(threads=1)]
    return [float(d.detect([picture], 0.05)[0].scores.max(initial=0)) for d in detectors]
