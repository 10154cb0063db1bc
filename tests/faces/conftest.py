import numpy as np
import pytest

from blur.faces.detections import Picture


@pytest.fixture(scope="session")
def astronaut() -> Picture:
    """512x512 RGB with one upright face, about 90 pixels wide, around (224, 118)."""
    data = pytest.importorskip("skimage.data", reason="scikit-image ships the photograph")
    return np.ascontiguousarray(data.astronaut())
