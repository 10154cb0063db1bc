"""A stage that runs ahead in a thread gives the same items, and leaves no thread behind."""

from __future__ import annotations

import itertools
import threading
import time
from collections.abc import Iterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from blur.process.prefetch import ahead


@pytest.fixture(autouse=True)
def no_thread_stays() -> Iterator[None]:
    before = set(threading.enumerate())
    yield
    assert set(threading.enumerate()) <= before


@settings(max_examples=30, deadline=None)
@given(st.lists(st.integers()), st.integers(1, 5))
def test_same_items_in_the_same_order(items: list[int], depth: int) -> None:
    assert list(ahead(items, depth)) == items


def test_it_runs_ahead_but_no_further_than_its_depth() -> None:
    made: list[int] = []
    running = ahead((made.append(i) or i for i in itertools.count()), 3)
    assert next(running) == 0
    until = time.monotonic() + 5
    while len(made) < 5 and time.monotonic() < until:
        time.sleep(0.01)
    time.sleep(0.05)
    assert len(made) == 5  # one used, three waiting, one in hand
    running.close()


@pytest.mark.parametrize("error", [ValueError("broken"), KeyboardInterrupt(), MemoryError()])
def test_an_error_comes_in_its_place(error: BaseException) -> None:
    def failing() -> Iterator[int]:
        yield from (1, 2, 3)
        raise error

    got = []
    with pytest.raises(type(error)) as caught:
        for item in ahead(failing(), 2):
            got.append(item)
    assert got == [1, 2, 3]
    assert caught.value is error


def test_an_error_before_the_first_item_is_raised() -> None:
    with pytest.raises(ZeroDivisionError):
        next(ahead((1 // 0 for _ in range(3)), 2))


@pytest.mark.parametrize("used", [0, 1, 4])
def test_closing_early_stops_the_thread_and_closes_the_source(used: int) -> None:
    closed = threading.Event()

    def endless() -> Iterator[int]:
        try:
            yield from itertools.count()
        finally:
            closed.set()

    running = ahead(endless(), 2)
    next(running)
    for _ in range(used):
        next(running)
    running.close()
    assert closed.is_set()
    assert not [t for t in threading.enumerate() if t.name == "ahead"]


def test_the_source_is_closed_by_the_time_that_the_last_item_is_used() -> None:
    closed = []

    def source() -> Iterator[int]:
        try:
            yield from range(3)
        finally:
            closed.append(threading.current_thread().name)

    list(ahead(source(), 1))
    assert len(closed) == 1


def test_an_unused_stage_starts_no_work() -> None:
    made: list[int] = []
    unused = ahead((made.append(i) or i for i in range(3)), 2)
    del unused
    assert made == []
