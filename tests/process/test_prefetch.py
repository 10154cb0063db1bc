"""Stages and viewers in threads of their own get the same items, and leave no thread behind."""

from __future__ import annotations

import itertools
import threading
import time
from collections.abc import Iterator
from functools import partial

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from blur.process.prefetch import BEHIND, ahead, in_turn, viewed
from blur.settings.cores import ALLOTTED_CORES


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


@pytest.mark.parametrize("count", [1, 3])
def test_calls_give_results_in_order_while_the_reader_hears_of_them(count: int) -> None:
    stopped, heard, threads = threading.Event(), set(), set()

    def call(number: int) -> int:
        threads.add(threading.current_thread())
        time.sleep(0.3 if number == 0 else 0)
        return number

    calls = (partial(call, number) for number in range(9))
    given = list(in_turn(calls, count, stopped, lambda: heard.add(threading.current_thread())))
    assert given == list(range(9)) and len(threads) == count and stopped.is_set()
    assert heard == {threading.current_thread()}


def test_an_error_of_a_call_comes_in_its_place_and_ends_the_others() -> None:
    stopped = threading.Event()

    def call(number: int) -> int:
        if number == 2:
            raise TimeoutError("own")
        return number if number < 2 else stopped.wait(10)

    got = []
    with pytest.raises(TimeoutError, match="own"):
        for item in in_turn((partial(call, n) for n in range(9)), 3, stopped, lambda: None):
            got.append(item)
    assert got == [0, 1] and stopped.is_set()


def test_a_reader_that_ends_early_ends_the_calls() -> None:
    stopped, done = threading.Event(), []

    def call() -> None:
        stopped.wait(10)
        done.append(time.monotonic())

    def interrupted() -> None:
        raise KeyboardInterrupt

    began = time.monotonic()
    with pytest.raises(KeyboardInterrupt):
        next(in_turn([call] * 9, 2, stopped, interrupted))
    assert len(done) == 2 and max(done) - began < 5


@settings(max_examples=30, deadline=None)
@given(st.lists(st.integers()), st.integers(0, 4), st.sampled_from(["1", "3"]))
def test_every_viewer_sees_every_item_in_order(items: list[int], count: int, cores: str) -> None:
    seen: list[list[tuple[int, str]]] = [[] for _ in range(count)]
    viewers = [lambda *item, mine=mine: mine.append(item) for mine in seen]
    pairs = [(item, str(item)) for item in items]
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(ALLOTTED_CORES, cores)
        assert list(viewed(iter(pairs), viewers)) == pairs
    assert seen == [pairs] * count


def test_no_viewer_falls_far_behind(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(ALLOTTED_CORES, "2")
    slow = threading.Semaphore(0)
    seen: list[int] = []

    def view(item: int) -> None:
        slow.acquire()
        seen.append(item)

    running = viewed(((i,) for i in itertools.count()), [view, lambda item: None])
    for _ in range(BEHIND):
        next(running)
    assert seen == []
    threading.Timer(0.1, slow.release).start()
    assert next(running) == (BEHIND,)  # waited for the oldest view
    assert seen == [0]
    slow.release(BEHIND)
    running.close()


@pytest.mark.parametrize("cores", ["1", "2"])
@pytest.mark.parametrize("last", [3, 100])
def test_an_error_of_a_viewer_is_raised(
    last: int, cores: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(ALLOTTED_CORES, cores)

    def view(item: int) -> None:
        if item == 2:
            raise ValueError("broken")

    with pytest.raises(ValueError, match="broken"):
        list(viewed(((i,) for i in range(last)), [lambda item: None, view]))
