from dataclasses import replace

from blur.batch.schedule import Paused, Retried, Schedule, Started, drain
from blur.errors import DecodeError, DiskFull, WorkerLost
from blur.process.executor import Outcome, Task
from blur.process.stop import Stop


def call(argument, progress):
    raise AssertionError("never called here")


class Recorder:
    """An executor on paper: ends the oldest task at each wait, and notes what ran beside it."""

    def __init__(self, slots, errors=()):
        self.slots = slots
        self.errors = list(errors)
        self.running = []
        self.beside = []

    def start(self, task):
        self.running.append(task)
        self.beside.append([t.key for t in self.running])

    def wait(self, seconds):
        error = self.errors.pop(0) if self.errors else None
        return [Outcome(self.running.pop(0), error=error)]


def run(tasks, slots=2, memory=100, stop=None, room=lambda: 1 << 40, errors=(), patience=0.0):
    """What ran beside what, and the outcomes; `errors` are given to the tasks in turn."""
    executor = Recorder(slots, errors)
    events = list(drain(Schedule(tasks, memory, room), executor, stop or Stop(), patience))
    return executor.beside, events


def ended(events):
    return [event.task.key for event in events if isinstance(event, Outcome)]


def tasks(*sizes, **values):
    return [Task(i, call, None, size, **values) for i, size in enumerate(sizes)]


def test_tasks_fill_the_slots_in_order():
    beside, events = run(tasks(1, 1, 1, 1))
    assert beside == [[0], [0, 1], [1, 2], [2, 3]]
    assert ended(events) == [0, 1, 2, 3]


def test_memory_is_never_exceeded_and_a_large_task_runs_alone():
    sizes = [60, 60, 40, 500]
    beside, events = run(tasks(*sizes), slots=4)
    assert sorted(ended(events)) == [0, 1, 2, 3]
    assert beside[:2] == [[0], [0, 2]]
    assert all(len(keys) == 1 or sum(sizes[k] for k in keys) <= 100 for keys in beside)


def test_where_no_memory_is_shared_none_waits_for_another():
    suspect = replace(tasks(500)[0], alone=True)
    beside, _ = run([suspect, *tasks(0, 500, 500)[1:]], slots=3, memory=None)
    assert beside == [[0], [0, 1], [0, 1, 2]]


def test_dropped_tasks_do_not_run():
    schedule = Schedule(tasks(1, 1, 1), 100)
    assert schedule.drop({1, 7}) == {1}
    assert [task.key for task in schedule.tasks] == [0, 2]


def test_a_task_that_took_its_worker_along_runs_again_alone_and_last():
    lost = WorkerLost("died")
    beside, events = run(tasks(1, 1, 1, 1), errors=[lost])
    assert ended(events) == [1, 2, 3, 0]
    assert [e.task.key for e in events if isinstance(e, Retried)] == [0]
    assert beside[-1] == [0]


def test_a_task_that_takes_its_worker_along_twice_has_failed():
    _, events = run(tasks(1), errors=[WorkerLost("died"), WorkerLost("again")])
    (outcome,) = [e for e in events if isinstance(e, Outcome)]
    assert outcome.error.problem == "again"


def test_other_errors_are_final():
    _, events = run(tasks(1, 1), errors=[DecodeError("bad")])
    assert ended(events) == [0, 1]


def test_a_task_waits_for_room_on_the_disk():
    free = [5 << 20]
    waiting = Task(0, call, None, disk=20 << 20)
    executor = Recorder(2)
    seen = []
    for event in drain(Schedule([waiting, *tasks(1)], 100, lambda: free[0]), executor, Stop(), 30):
        seen.append(type(event))
        if isinstance(event, Paused):
            free[0] = 30 << 20
    assert seen == [Started, Outcome, Paused, Started, Outcome]


def test_a_full_disk_fails_what_does_not_fit_and_finishes_the_rest():
    large = [Task(i, call, None, disk=20 << 20) for i in (10, 11)]
    _, events = run([*large, *tasks(1, 1)], room=lambda: 5 << 20)
    errors = {e.task.key: e.error for e in events if isinstance(e, Outcome)}
    assert [k for k, e in errors.items() if isinstance(e, DiskFull)] == [10, 11]
    assert errors[0] is errors[1] is None


def test_a_task_that_found_the_disk_full_waits_for_more_room():
    free = [50 << 20]
    seen = []
    executor = Recorder(1, [DiskFull("full")])
    for event in drain(Schedule(tasks(1), 100, lambda: free[0]), executor, Stop(), 30):
        seen.append(type(event))
        if isinstance(event, Paused):
            free[0] += 10 << 20
    assert seen == [Started, Retried, Paused, Started, Outcome]


def test_tasks_in_flight_have_their_room_reserved():
    both = [Task(i, call, None, disk=6 << 20) for i in (0, 1)]
    beside, _ = run(both, room=lambda: 10 << 20)
    assert beside == [[0], [1]]


def test_nothing_new_starts_after_a_stop():
    stop = Stop()
    seen = []
    for event in drain(Schedule(tasks(*[1] * 6), 100, lambda: 1 << 40), Recorder(2), stop, 0):
        seen.append(event)
        stop.requested |= isinstance(event, Outcome)
    assert ended(seen) == [0, 1]


def test_a_clip_to_be_divided_counts_as_the_segments_that_come_of_it():
    long, short = tasks(1, 1)
    _, events = run([replace(long, parts=5), short])
    started = [event.task for event in events if isinstance(event, Started)]
    assert [task.sharers for task in started] == [2, 6]
