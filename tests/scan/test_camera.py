"""The camera's motion is measured, and leads from any frame to any other."""

from __future__ import annotations

import numpy as np
import pytest
from filming import HEIGHT, WIDTH, Pose, filmed, photograph, shaken, view_from
from hypothesis import given, settings
from hypothesis import strategies as st

from blur.data.boxes import Affine
from blur.scan.camera import Camera, Step, StepMeter

FRAMES = 700


def wandering(seed: int) -> list[Step]:
    """Steps of a camera that pans, rolls and zooms; one in ten is unknown."""
    rng = np.random.default_rng(seed)
    steps = [Step.unknown()]
    for _ in range(FRAMES - 1):
        zoom, turn = 1 + rng.normal(0, 0.004), rng.normal(0, 0.01)
        transform = np.eye(3)
        transform[:2, :2] = zoom * np.array(
            [[np.cos(turn), -np.sin(turn)], [np.sin(turn), np.cos(turn)]]
        )
        transform[:2, 2] = rng.normal(0, 10, 2)
        steps.append(Step(transform, 0.0 if rng.random() < 0.1 else 0.9))
    return steps


STEPS = wandering(3)
CAMERA = Camera.of(STEPS)

frames = st.integers(0, FRAMES - 1)
POINTS = np.array([[0, 0, 1], [1920, 0, 1], [960, 540, 1], [1920, 1080, 1]], float).T


def same(a: Affine, b: Affine) -> bool:
    return np.allclose(a @ POINTS, b @ POINTS, atol=1e-3, rtol=1e-6)


@given(frames, frames)
def test_between_is_the_product_of_the_measured_steps(a: int, b: int) -> None:
    a, b = min(a, b), max(a, b)
    product = np.eye(3)
    for step in STEPS[a + 1 : b + 1]:
        product = (step.transform if step.reliable else np.eye(3)) @ product
    assert same(CAMERA.between(a, b), product)


@given(frames, frames, frames)
def test_any_way_round_leads_to_the_same_place(a: int, b: int, c: int) -> None:
    assert same(CAMERA.between(a, c), CAMERA.between(b, c) @ CAMERA.between(a, b))


@given(frames, frames)
def test_the_way_back_is_the_inverse(a: int, b: int) -> None:
    assert same(CAMERA.between(b, a) @ CAMERA.between(a, b), np.eye(3))


@pytest.mark.parametrize(("a", "b"), [(255, 256), (256, 257), (0, 256), (511, 513), (0, 699)])
def test_blocks_have_no_seams(a: int, b: int) -> None:
    middle = (a + b) // 2
    assert same(CAMERA.between(a, b), CAMERA.between(middle, b) @ CAMERA.between(a, middle))


@settings(max_examples=40)
@given(frames, frames)
def test_a_way_is_reliable_only_when_each_of_its_steps_is(a: int, b: int) -> None:
    steps = STEPS[min(a, b) + 1 : max(a, b) + 1]
    assert CAMERA.reliable(a, b) == CAMERA.reliable(b, a) == all(s.reliable for s in steps)


def test_a_way_through_hours_is_found() -> None:
    step = Step(np.array([[1, 0, 0.5], [0, 1, 0], [0, 0, 1.0]]), 1.0)
    camera = Camera.of([step] * 400_000)
    assert camera.between(0, 399_999)[:2, 2] == pytest.approx([199_999.5, 0])
    assert camera.between(399_999, 0)[:2, 2] == pytest.approx([-199_999.5, 0])


def test_a_long_zoom_keeps_its_precision() -> None:
    """A camera that zooms in for an hour: products of all steps would overflow."""
    camera = Camera.of([Step(np.diag([1.01, 1.01, 1.0]), 1.0)] * 110_000)
    assert np.allclose(camera.between(109_000, 109_100), np.diag([1.01**100] * 2 + [1]), rtol=1e-6)


@pytest.mark.parametrize("number", [0, 1, 3])
@pytest.mark.parametrize(
    "move",
    [
        Pose(0.01, -0.01),
        Pose(0.05, 0.02),
        Pose(0, 0, 1.03),
        Pose(0, 0, 0.97),
        Pose(0.01, 0, 1.01, 3),
        Pose(0.15, 0.0),
    ],
)
def test_steps_are_measured_to_a_pixel(number: int, move: Pose) -> None:
    source = photograph(number)
    first, second = (filmed(source, [pose])[0] for pose in (Pose(), move))
    meter = StepMeter(4.0)
    assert meter.measure(first).support == 0
    step = meter.measure(second)
    assert step.reliable
    expected = view_from(move, source) @ np.linalg.inv(view_from(Pose(), source))
    expected[:2, 2] *= 4  # display pixels
    corners = np.array([[0, 0, 1], [4 * WIDTH, 0, 1], [4 * WIDTH, 4 * HEIGHT, 1]], float).T
    assert np.abs((step.transform - expected) @ corners).max() < 4


def test_a_cut_has_no_reliable_step() -> None:
    rng = np.random.default_rng(0)
    meter = StepMeter(1.0)
    for frame in filmed(photograph(0), shaken(rng, 3)):
        meter.measure(frame)
    assert not meter.measure(filmed(photograph(5), [Pose()])[0]).reliable


@pytest.mark.parametrize("level", [0, 255])
def test_blank_pictures_have_no_reliable_step(level: int) -> None:
    meter = StepMeter(1.0)
    blank = np.full((HEIGHT, WIDTH), level, np.uint8)
    steps = [meter.measure(g) for g in (blank, blank, filmed(photograph(0), [Pose()])[0], blank)]
    assert [s.support for s in steps] == [0, 0, 0, 0]
    assert all((s.transform == np.eye(3)).all() for s in steps)


@pytest.mark.parametrize("size", [(2, 2), (16, 9), (1, 480)])
def test_tiny_pictures_are_measured_without_complaint(size: tuple[int, int]) -> None:
    rng = np.random.default_rng(0)
    meter = StepMeter(1.0)
    for _ in range(3):
        assert not meter.measure(rng.integers(0, 255, size, dtype=np.uint8)).reliable
