from types import SimpleNamespace

import numpy as np

from blur.data.arrays import Picture
from blur.detect.blazeface import BlazeFace


def test_decode_makes_squares_tight() -> None:
    square = SimpleNamespace(origin_x=100, origin_y=200, width=100, height=100)
    face = SimpleNamespace(bounding_box=square, categories=[SimpleNamespace(score=0.8)])
    found = BlazeFace.decode(SimpleNamespace(detections=[face]), "blazeface-short")
    np.testing.assert_allclose(found.boxes, [[150, 241, 87, 113, 0]], rtol=1e-5)
    assert found.detectors.tolist() == ["blazeface-short"]


def test_decode_of_nothing() -> None:
    assert len(BlazeFace.decode(SimpleNamespace(detections=[]), "blazeface-full")) == 0


def test_threshold_holds(astronaut: Picture) -> None:
    detector = BlazeFace("blazeface-full")
    score = float(detector.detect([astronaut], 0.3)[0].scores[0])
    assert len(detector.detect([astronaut], score)[0]) == 1
    assert len(detector.detect([astronaut], score + 0.01)[0]) == 0
    detector.close()
