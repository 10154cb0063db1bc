import numpy as np
import pytest

from blur.detect.network import fill, padded_size


@pytest.mark.parametrize(
    ("size", "padded"),
    [((640, 384), (640, 384)), ((640, 360), (640, 384)), ((1, 33), (32, 64))],
)
def test_padded_size_by_hand(size: tuple[int, int], padded: tuple[int, int]) -> None:
    assert padded_size(np.zeros((size[1], size[0], 3), np.uint8)) == padded


@pytest.mark.parametrize(
    "wrong", [np.zeros((8, 8), np.uint8), np.zeros((8, 8, 3)), np.zeros((0, 8, 3), np.uint8)]
)
def test_only_rgb_pictures(wrong: np.ndarray) -> None:
    with pytest.raises(ValueError, match="not an RGB picture"):
        padded_size(wrong)


def test_beside_the_picture_lies_black() -> None:
    tensor = np.full((4, 5, 3), 9, np.uint8)
    fill(tensor, np.full((2, 3, 3), 7, np.uint8))
    assert (tensor[:2, :3] == 7).all()
    assert tensor.sum() == 7 * 2 * 3 * 3
