"""Tasks on the workers of a Dask cluster, which share the storage of footage and outputs.

A Dask worker is connected to its scheduler, and a process that touches footage must not be: so each
Dask worker runs its tasks in a child process, off the network, under the limits of
`workers.ProcessExecutor`. Dask gives the tasks of a lost worker to another.
"""

from __future__ import annotations

import dataclasses
import multiprocessing as mp
import queue
import tempfile
import threading
import time
import uuid
from collections.abc import Callable, Collection, Sequence
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import dask.config
from distributed import Client, Event, Future, LocalCluster, Security, Worker, get_worker
from distributed.core import Status
from distributed.scheduler import KilledWorker
from msgspec import Struct
from msgspec.structs import asdict, replace

from blur.errors import Interrupted, SetupError, UsageError, WorkerLost, install
from blur.process.executor import Outcome, Task, Tell
from blur.process.memory import usable_memory
from blur.process.stop import Stop
from blur.process.workers import ProcessExecutor
from blur.settings import BatchSettings
from blur.settings.cores import cpu_count

Identity = dict[str, str]
"""Facts of an installation by name; equal ones make equal results."""

_CONNECT_WITHIN = 15.0
"""Seconds to wait for the scheduler before the command is refused."""
_LOOK_EVERY = 5.0
"""Seconds between looks at who joined and left; more leaves new workers idle longer."""
_ASK_EVERY = 2.0
"""Seconds between a worker's questions whether its task is still wanted; more stops later."""
_REPORT_EVERY = 1.0
"""Seconds between reports of progress to the scheduler."""


class Order(Struct, frozen=True):
    """A task as it travels to a worker.

    `key` names the task in Dask, `topic` the batch; `share` holds, by address of a worker, the
    number of workers on its machine.
    """

    task: Task
    key: str
    topic: str
    stall_timeout: float
    share: dict[str, int]

    @property
    def terms(self) -> tuple[float, int]:
        """Stall timeout and share: a worker process serves all orders on equal terms."""
        return self.stall_timeout, self.share.get(get_worker().address, 1)


class ClusterExecutor:
    """Runs tasks on a cluster: `tcp://host:8786`, or `local:N` for N workers on this machine.

    Workers may come and go. Those whose `identity` differs from this machine's get no task, and
    `say` names them. Raises UsageError if there is no scheduler, SetupError if no worker is left
    for `stall_timeout` seconds.
    """

    def __init__(
        self,
        tell: Tell,
        stop: Stop,
        settings: BatchSettings,
        say: Callable[[str], None],
        identity: Callable[[], Identity],
    ) -> None:
        self._tell = tell
        self._stop = stop
        self._settings = settings
        self._say = say
        self._identity = identity
        self._mapping = [_pair(text) for text in settings.cluster_map]
        self._topic = f"blur-{uuid.uuid4().hex}"
        self._news: queue.SimpleQueue[tuple[int, str, int, int | None] | Future[Any]] = (
            queue.SimpleQueue()
        )
        self._running: dict[Future[Any], Task] = {}
        self._known: dict[str, bool] = {}
        self._stack = ExitStack()
        self._last_alive = self._looked = 0.0

    memory = None

    @property
    def slots(self) -> int:
        """One task per approved worker."""
        return len(self._approved())

    def expect(self, tasks: int) -> None: ...

    def start(self, task: Task) -> None:
        workers = self._approved()
        machines = [address.rsplit(":", 1)[0] for address in workers]
        share = {a: machines.count(m) for a, m in zip(workers, machines, strict=True)}
        key = f"{self._topic}-{task.key}-{uuid.uuid4().hex}"
        there = dataclasses.replace(task, argument=_mapped(task.argument, self._mapping))
        order = Order(there, key, self._topic, self._settings.stall_timeout, share)
        future = self._client.submit(carry_out, order, key=key, workers=workers, pure=False)
        self._running[future] = task
        future.add_done_callback(self._news.put)

    def wait(self, seconds: float) -> list[Outcome]:
        self._look_around()
        if self._stop.requested and self._connected:
            self._stop_event.set()
        outcomes = []
        try:
            news = self._news.get(timeout=seconds)
            while True:
                if isinstance(news, Future):
                    outcomes.append(self._outcome(news))
                else:
                    self._tell(*news)
                news = self._news.get_nowait()
        except queue.Empty:
            return outcomes

    def __enter__(self) -> Self:
        with ExitStack() as stack:
            self._client = stack.enter_context(self._connect(stack))
            self._stop_event = Event(self._topic, client=self._client)
            self._client.subscribe_topic(self._topic, self._hear)
            self._stack = stack.pop_all()
        self._last_alive = time.monotonic()
        self._look_around()
        if not self.slots and self._known:
            self._stack.close()
            raise SetupError("no worker of the cluster has the same installation as this one")
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._connected:
            self._stop_event.set()  # ends the tasks that still run on workers
            self._client.cancel(list(self._running))
        self._stack.close()

    @property
    def _connected(self) -> bool:
        return bool(self._client.status == "running")

    def _hear(self, event: tuple[float, Any]) -> None:
        """Called in the client's thread."""
        self._news.put(tuple(event[1]))

    def _connect(self, stack: ExitStack) -> Client:
        address, security = self._settings.cluster, self._security()
        kind, _, number = address.partition(":")
        if kind == "local" and number.isdigit() and int(number):
            security = _credentials_of_its_own()
            address = _start_here(stack, int(number), security)
        try:
            return Client(address, security=security, timeout=_CONNECT_WITHIN)
        except (OSError, ValueError, TypeError) as error:  # TypeError: TLS without certificates
            raise UsageError(
                f"cannot be reached: {error}",
                subject=self._settings.cluster,
                remedy="start it with `dask scheduler`, and give its address as tcp://HOST:8786",
            ) from error

    def _security(self) -> Security | None:
        if not self._settings.cluster_tls:
            return None
        folder = Path(self._settings.cluster_tls)
        return Security(
            require_encryption=True,
            tls_ca_file=str(folder / "ca.pem"),
            tls_client_cert=str(folder / "cert.pem"),
            tls_client_key=str(folder / "key.pem"),
        )

    def _approved(self) -> list[str]:
        return [address for address, same in self._known.items() if same]

    def _look_around(self) -> None:
        """Notice workers that left or came. Raises SetupError when none was left for too long."""
        now = time.monotonic()
        if now - self._looked < _LOOK_EVERY and self._known:
            return
        self._looked = now
        if self._connected:
            self._meet(self._client.scheduler_info(n_workers=-1)["workers"])
        else:  # the scheduler may come back
            self._known.clear()
        if self._approved():
            self._last_alive = now
        elif now - self._last_alive > self._settings.stall_timeout:
            raise SetupError(
                "the cluster has no worker left", remedy="start workers, then run blur again"
            )

    def _meet(self, there: Collection[str]) -> None:
        """Forget workers that left, and ask new ones for their identity."""
        self._known = {a: same for a, same in self._known.items() if a in there}
        new = [address for address in there if address not in self._known]
        if not new:
            return
        ours = self._identity()
        answers = self._client.run(self._identity, workers=new, on_error="return")
        for address, theirs in answers.items():
            self._known[address] = theirs == ours
            if theirs != ours:
                why = theirs if isinstance(theirs, Exception) else _difference(ours, theirs)
                self._say(f"worker {address} is refused: {why}")

    def _outcome(self, future: Future[Any]) -> Outcome:
        task = self._running.pop(future)
        try:
            outcome: Outcome = future.result()
        except KilledWorker as error:
            # Several workers died of it, each with nothing beside it: no further try.
            lost = WorkerLost(f"took {error.allowed_failures + 1} cluster workers along")
            return Outcome(dataclasses.replace(task, alone=True), error=lost)
        except Exception as error:
            problem = f"was lost on the cluster: {type(error).__name__}: {error}"
            return Outcome(task, error=WorkerLost(problem))
        finally:
            future.release()
        return Outcome(task, outcome.result, outcome.error, outcome.details)


def _credentials_of_its_own() -> Security:
    """Certificate and key of a cluster on this machine: in memory, handed to its own workers only.

    Other users reach loopback as well, and whoever reaches a scheduler runs code on its workers.
    Raises SetupError.
    """
    try:
        security: Security = Security.temporary()
        return security
    except ImportError as error:
        raise SetupError(
            "the library `cryptography` is not installed", remedy=install("cluster")
        ) from error


def _start_here(stack: ExitStack, workers: int, security: Security) -> str:
    """Start scheduler and workers on loopback until `stack` is closed; returns their address."""
    scratch = stack.enter_context(
        tempfile.TemporaryDirectory(prefix="blur-", ignore_cleanup_errors=True)
    )
    # Dask opens HTTP ports besides, even without a dashboard and without any credentials.
    alone = {
        "temporary-directory": scratch,
        "distributed.scheduler.http.routes": [],
        "distributed.worker.http.routes": [],
        "distributed.nanny.http.routes": [],
    }
    stack.enter_context(dask.config.set(alone))
    cluster = stack.enter_context(
        LocalCluster(
            n_workers=workers,
            threads_per_worker=1,
            host="127.0.0.1",
            protocol="tls://",
            security=security,
            dashboard_address=None,
            memory_limit=0,
            local_directory=scratch,
        )
    )
    address: str = cluster.scheduler_address
    return address


class _Host:
    """The child process of a Dask worker's thread; lives on for orders on equal terms."""

    def __init__(self, order: Order) -> None:
        share = order.share.get(get_worker().address, 1)
        self.terms = order.terms
        self.stop = Stop()
        self.at: tuple[int, str, int, int | None] | None = None
        self.executor = ProcessExecutor(
            self._hear,
            self.stop,
            slots=1,
            threads=max(1, cpu_count() // share),
            stall_timeout=order.stall_timeout,
            memory_limit=usable_memory() // share,
        )

    def close(self) -> None:
        with self.executor:
            pass

    def _hear(self, key: int, stage: str, done: int, total: int | None) -> None:
        self.at = (key, stage, done, total)


_hosts: dict[int, _Host] = {}


def carry_out(order: Order) -> Outcome:
    """On a Dask worker: run the task in a child process off the network."""
    worker = get_worker()
    # Dask's nanny marks its workers as daemons, which may have no children; our child ends alone.
    mp.current_process()._config["daemon"] = False  # type: ignore[attr-defined]
    thread = threading.get_ident()
    host = _hosts.pop(thread, None)
    if host is not None and host.terms != order.terms:
        host.close()
        host = None
    host = host or _Host(order)
    asked, looked = Event(order.topic), time.monotonic()
    with ExitStack() as stack:
        stack.enter_context(host.executor)
        host.executor.start(order.task)
        while not (outcomes := host.executor.wait(_REPORT_EVERY)):
            if host.at is not None:
                worker.log_event(order.topic, host.at)
                host.at = None
            if time.monotonic() - looked > _ASK_EVERY:
                looked = time.monotonic()
                if not _wanted(worker, order.key):
                    return Outcome(order.task, error=Interrupted("nobody waits for it"))
                host.stop.requested = asked.is_set()
        if not host.stop.requested:
            stack.pop_all()
            _hosts[thread] = host  # with its detectors loaded, for the next task
    return outcomes[0]


def _wanted(worker: Worker, key: str) -> bool:
    """False once the batch has ended, or this worker lost its scheduler and is closing.

    Without the latter a closing worker's task would go on for half a minute.
    """
    task = worker.state.tasks.get(key)
    closing = worker.status not in (Status.running, Status.paused)
    return not closing and task is not None and task.state != "cancelled"


def _difference(ours: Identity, theirs: Identity) -> str:
    pairs = [(name, value, theirs.get(name)) for name, value in ours.items()]
    return ", ".join(f"its {name} is {b} and not {a}" for name, a, b in pairs if a != b)


def _pair(text: str) -> tuple[Path, Path]:
    here, equals, there = text.partition("=")
    if not (here and equals and there):
        raise UsageError(
            f"cannot be used as a mapping: {text}", remedy="--cluster-map /here=/on/the/workers"
        )
    return Path(here).absolute(), Path(there)


def _mapped(value: Any, mapping: Sequence[tuple[Path, Path]]) -> Any:
    """`value` with every path in its lists, tuples and structs as the workers see it."""
    if isinstance(value, Path):
        path = value.absolute()
        for here, there in mapping:
            if path.is_relative_to(here):
                return there / path.relative_to(here)
        return path
    if isinstance(value, list | tuple):
        return type(value)(_mapped(item, mapping) for item in value)
    if isinstance(value, Struct):
        return replace(value, **{n: _mapped(v, mapping) for n, v in asdict(value).items()})
    return value
