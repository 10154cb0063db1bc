import itertools
import threading
import time

import numpy as np
import pytest

from blur.data.arrays import Picture
from blur.data.overlap import overlaps
from blur.detect.registry import DETECTORS, load_detector, unload_detectors, use_device
from blur.errors import SetupError, UsageError
from blur.settings.cores import ALLOTTED_CORES


def test_built_once_and_freed() -> None:
    first = load_detector("yunet")
    assert load_detector("yunet") is first
    unload_detectors()
    assert load_detector("yunet") is not first


def test_the_batch_bounds_the_threads(monkeypatch: pytest.MonkeyPatch) -> None:
    unload_detectors()
    monkeypatch.setenv(ALLOTTED_CORES, "1")
    pictures = [np.zeros((640, 640, 3), np.uint8)] * 40
    load_detector("yunet").detect(pictures, 0.5)  # compiles
    wall, cpu = time.perf_counter(), time.process_time()
    load_detector("yunet").detect(pictures, 0.5)
    assert time.process_time() - cpu < 1.3 * (time.perf_counter() - wall)
    unload_detectors()


def test_a_device_that_is_not_there_is_refused_and_the_others_named() -> None:
    use_device("gpu.7")
    try:
        with pytest.raises(UsageError, match=r"no device GPU\.7 .*--device .*CPU"):
            load_detector("yunet")
    finally:
        use_device("cpu")
    assert load_detector("yunet")


def test_unknown_name_lists_the_known_ones() -> None:
    with pytest.raises(SetupError, match="centerface, yunet"):
        load_detector("haar")


def test_detectors_agree_on_a_real_face(astronaut: Picture) -> None:
    found = {name: load_detector(name).detect([astronaut], 0.5)[0] for name in DETECTORS}
    for name, one in found.items():
        assert len(one) == 1, name
        assert set(one.detectors.tolist()) == {name}
        assert load_detector(name).name == name
    for first, second in itertools.combinations(found.values(), 2):
        assert overlaps(first.boxes, second.boxes)[0] > 0.75


@pytest.mark.parametrize("name", DETECTORS)
def test_pictures_do_not_depend_on_each_other(name: str, astronaut: Picture) -> None:
    """Nor on the order, the thread or the size of earlier pictures."""
    detector = load_detector(name)
    # Equal input sizes after padding: remains of an earlier picture would show.
    pictures = [astronaut, astronaut[:500, :490], astronaut[40:210, 130:320], astronaut[::-1]]
    pictures = [np.ascontiguousarray(picture) for picture in pictures]
    alone = [detector.detect([picture], 0.3)[0] for picture in pictures]
    assert sum(map(len, alone)) >= 3
    answers: dict[int, bool] = {}

    def look(thread: int) -> None:
        order = np.random.default_rng(thread).permutation(np.tile(np.arange(4), 3))
        found = detector.detect([pictures[i] for i in order], 0.3)
        answers[thread] = all(
            np.array_equal(found[k].boxes, alone[i].boxes)
            and np.array_equal(found[k].scores, alone[i].scores)
            for k, i in enumerate(order)
        )

    threads = [threading.Thread(target=look, args=(thread,)) for thread in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert answers == dict.fromkeys(range(4), True)


@pytest.mark.parametrize("name", DETECTORS)
def test_no_pictures_and_tiny_pictures(name: str) -> None:
    detector = load_detector(name)
    assert detector.detect([], 0.5) == []
    assert len(detector.detect([np.zeros((1, 1, 3), np.uint8)], 0.5)) == 1
