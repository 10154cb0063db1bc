from blur.batch.executor import Outcome, Task
from blur.batch.schedule import Schedule, drain
from blur.batch.stopping import Stop


def call(argument, progress):
    raise AssertionError("never called here")


class Recorder:
    """An executor on paper: ends the oldest task at each wait, and notes what ran beside it."""

    def __init__(self, slots):
        self.slots = slots
        self.running = []
        self.beside = []

    def start(self, task):
        self.running.append(task)
        self.beside.append([t.key for t in self.running])

    def wait(self, seconds):
        return [Outcome(self.running.pop(0))]


def run(tasks, slots=2, memory=100, stop=None, on_outcome=None):
    schedule = Schedule(tasks, memory)
    executor = Recorder(slots)
    outcomes = []

    def ended(outcome):
        outcomes.append(outcome)
        if on_outcome:
            on_outcome(schedule, outcome)

    drain(schedule, executor, stop or Stop(), lambda task: None, ended)
    return executor.beside, [o.task.key for o in outcomes]


def test_tasks_fill_the_slots_in_order():
    beside, ended = run([Task(i, call, None) for i in range(4)])
    assert beside == [[0], [0, 1], [1, 2], [2, 3]]
    assert ended == [0, 1, 2, 3]


def test_memory_is_never_exceeded_but_a_large_task_still_runs():
    tasks = [Task(1, call, None, 60), Task(2, call, None, 60), Task(3, call, None, 40)]
    beside, _ = run([*tasks, Task(4, call, None, 500)], slots=4)
    assert beside == [[1], [1, 3], [3, 2], [4]] or beside[0] == [1]
    sizes = {1: 60, 2: 60, 3: 40, 4: 500}
    assert all(len(keys) == 1 or sum(sizes[k] for k in keys) <= 100 for keys in beside)
    assert {keys[-1] for keys in beside} == {1, 2, 3, 4}


def test_a_task_put_back_runs_alone_and_last():
    def once_more(schedule, outcome):
        if outcome.task.key == 0 and not outcome.task.alone:
            schedule.put_back(outcome.task)

    beside, ended = run([Task(i, call, None) for i in range(4)], on_outcome=once_more)
    assert ended == [0, 1, 2, 3, 0]
    assert beside[-1] == [0]
    assert all(keys == [0] or 0 not in keys[1:] for keys in beside[1:])


def test_nothing_new_starts_after_a_stop():
    stop = Stop()

    def end(schedule, outcome):
        stop.requested = True

    _, ended = run([Task(i, call, None) for i in range(6)], stop=stop, on_outcome=end)
    assert ended == [0, 1]
