"""A real scheduler and real workers on this machine, over clips without pictures."""

import hashlib
import http.client
import io
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest
from distributed import Client, Security

from blur.batch.display import Lines
from blur.clip import ClipJob
from blur.errors import Exit, SetupError, UsageError
from blur.process.cluster import ClusterExecutor, _mapped, _pair
from blur.process.stop import Stop
from blur.settings import BatchSettings, Settings
from blur.store.digests import installation
from blur.store.report import State

ROOT = Path(__file__).parent.parent.parent
HERE = Path(__file__).parents[1] / "support"

slow = pytest.mark.slow


class Cluster:
    """A scheduler and workers, each a process group of its own."""

    def __init__(self, folder: Path, tls: Path | None = None) -> None:
        self._folder = folder
        self._processes: list[subprocess.Popen] = []
        self._tls: list[object] = []
        if tls is not None:
            self._tls = ["--tls-ca-file", tls / "ca.pem", "--tls-cert", tls / "cert.pem"]
            self._tls += ["--tls-key", tls / "key.pem"]
        file = folder / "scheduler.json"
        host = ["--protocol", "tls" if tls else "tcp", "--host", "127.0.0.1", "--port", "0"]
        host += ["--no-dashboard"]
        self.scheduler = self._start("scheduler", *host, "--scheduler-file", file)
        until = time.monotonic() + 60
        while not file.exists():
            assert time.monotonic() < until
            time.sleep(0.1)
        time.sleep(0.5)
        self.address = json.loads(file.read_text())["address"]

    def add_worker(self, package: Path = ROOT) -> subprocess.Popen:
        options = ["--nthreads", "1", "--no-dashboard", "--local-directory", self._folder]
        return self._start("worker", self.address, *options, package=package)

    def wait_for(self, workers: int) -> None:
        with Client(self.address) as client:
            client.wait_for_workers(workers, timeout=90)

    def close(self) -> None:
        for process in reversed(self._processes):
            kill(process)

    def _start(self, kind: str, *options: object, package: Path = ROOT) -> subprocess.Popen:
        command = [sys.executable, "-m", "dask", kind, *map(str, [*options, *self._tls])]
        environment = os.environ | {"PYTHONPATH": f"{package}:{HERE}"}
        process = subprocess.Popen(
            command,
            env=environment,
            cwd=self._folder,
            start_new_session=True,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        self._processes.append(process)
        return process


def kill(process: subprocess.Popen) -> None:
    """The whole group, as a machine that loses power."""
    family = (
        [process, *psutil.Process(process.pid).children(recursive=True)]
        if (process.poll() is None)
        else []
    )
    for member in family:
        try:
            os.kill(member.pid, signal.SIGKILL)
        except ProcessLookupError:
            continue
    process.wait()


@pytest.fixture
def cluster(tmp_path):
    folder = tmp_path / "cluster"
    folder.mkdir()
    cluster = Cluster(folder)
    yield cluster
    cluster.close()


def on(cluster: Cluster, **values) -> Settings:
    return Settings(batch=BatchSettings(cluster=cluster.address, **values))


def once(act: Callable[[], None], frames: int | None = None) -> Lines:
    """A display that acts when it first hears of a clip at work, or of one that is so long."""

    class Acting(Lines):
        done = False

        def advance(self, key, stage, done, total):
            if not self.done and frames in (None, total):
                self.done = True
                act()

    return Acting(io.StringIO())


def covered_at_home(fake, tmp_path, monkeypatch) -> dict[str, str]:
    """What one machine makes of the same clips, at once."""
    fake.out = tmp_path / "home"
    with monkeypatch.context() as patch:
        patch.setattr("fake_corridor.time.sleep", lambda seconds: None)
        fake.run()
    expected = fake.outputs
    fake.out = tmp_path / "out"
    return expected


@slow
def test_three_workers_finish_a_batch_and_one_that_is_killed_costs_nothing(
    fake, cluster, tmp_path, monkeypatch
):
    for i in range(12):
        fake.clip(f"day {i % 2}/{i}.mov", "slow", frames=20 + i)
    fake.clip("long.mov", "slow", frames=70)
    monkeypatch.setattr("blur.batch.segment_tasks.LENGTH", 35)
    expected = covered_at_home(fake, tmp_path, monkeypatch)
    workers = [cluster.add_worker() for _ in range(3)]
    cluster.wait_for(3)
    kill_one = once(lambda: kill(workers[0]), frames=26)  # the longest are first
    report = fake.run(serial=False, settings=on(cluster), display=kill_one)
    assert kill_one.done
    assert fake.calls["scan 60 of long.mov"] and not fake.calls["scan long.mov"]
    assert [c.error for c in report.clips if c.error] == []
    assert report.exit_code == Exit.OK
    assert fake.outputs == expected
    assert fake.run(serial=False, settings=on(cluster)).exit_code == Exit.OK
    assert not fake.calls, "nothing finished is done again"


def other_weights(package: Path) -> None:
    catalogue = package / "_weights" / "catalog.toml"
    weight = package / "_weights" / "centerface.onnx"
    before = hashlib.sha256(weight.read_bytes()).hexdigest()
    weight.write_bytes(weight.read_bytes() + b"\0")
    after = hashlib.sha256(weight.read_bytes()).hexdigest()
    catalogue.write_text(catalogue.read_text().replace(before, after))


def other_source(package: Path) -> None:
    """The same version, but for one line."""
    with (package / "scan" / "weed.py").open("a") as file:
        file.write("# patched\n")


@slow
@pytest.mark.parametrize("change", [other_weights, other_source])
def test_a_worker_with_another_installation_is_refused(fake, cluster, tmp_path, change):
    other = tmp_path / "other"
    shutil.copytree(ROOT / "blur", other / "blur")
    change(other / "blur")
    difference = change.__name__.removeprefix("other_")

    cluster.add_worker(package=other)
    cluster.wait_for(1)
    fake.clip("a.mov")
    with pytest.raises(SetupError, match="no worker"):
        fake.run(serial=False, settings=on(cluster))
    assert f"is refused: its {difference} is" in fake.said.getvalue()
    assert not fake.calls

    cluster.add_worker()
    cluster.wait_for(2)
    report = fake.run(serial=False, settings=on(cluster))
    assert report.exit_code == Exit.OK
    assert f"is refused: its {difference} is" in fake.said.getvalue()


@slow
def test_clips_that_take_workers_along_fail_alone_and_a_stop_reaches_the_workers(
    fake, cluster, tmp_path
):
    cluster.add_worker()
    cluster.wait_for(1)
    fake.clip("bad.mov", "segfault", frames=50)
    fake.clip("broken.mov", "broken")
    fake.clip("good.mov")
    report = fake.run(serial=False, settings=on(cluster))
    states = {c.name: c.state for c in report.clips}
    assert states == {
        "bad.mov": State.FAILED,
        "broken.mov": State.FAILED,
        "good.mov": State.DONE,
    }
    assert "SIGSEGV" in report.clips[0].error.problem

    for name in ("bad.mov", "broken.mov"):
        (fake.inputs / name).unlink()
    hung = fake.clip("hung.mov", "hang")
    report = fake.run(serial=False, settings=on(cluster, stall_timeout=1.5))
    assert "no progress for 1.5 s" in report.clips[1].error.problem
    hung.unlink()
    fake.clip("long.mov", "dawdle", frames=5000)

    interrupt = once(lambda: os.kill(os.getpid(), signal.SIGINT))
    report = fake.run(serial=False, settings=on(cluster), display=interrupt)
    assert report.exit_code == Exit.INTERRUPTED
    assert not fake.calls, "the clip was not finished first"
    assert set(fake.outputs) == {"good.mp4"}


@slow
def test_a_lost_scheduler_ends_the_batch_and_the_next_one_goes_on(
    fake, cluster, monkeypatch, caplog
):
    monkeypatch.setattr("blur.process.cluster._LOOK_EVERY", 0.5)
    worker = cluster.add_worker()
    cluster.wait_for(1)
    fake.clip("a.mov", frames=900)  # the longest is first
    fake.clip("b.mov", "dawdle", frames=800)

    lose = once(lambda: kill(cluster.scheduler), frames=800)
    with pytest.raises(SetupError, match="no worker left"):
        fake.run(serial=False, settings=on(cluster, stall_timeout=2), display=lose)
    worker.wait(60)
    (fake.inputs / "b.mov").unlink()
    assert fake.run().exit_code == Exit.OK
    assert set(fake.outputs) == {"a.mp4"} and not fake.calls
    caplog.clear()  # Dask logs the loss as an error


@pytest.fixture
def certificates(tmp_path):
    """A certificate authority, and the one certificate that all share."""
    folder = tmp_path / "tls"
    folder.mkdir()
    if shutil.which("openssl") is None:
        pytest.skip("needs openssl to make certificates")

    def openssl(command: str) -> None:
        subprocess.run(["openssl", *command.split()], cwd=folder, check=True, capture_output=True)

    openssl("req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=ca -keyout ca.key -out ca.pem")
    openssl("req -newkey rsa:2048 -nodes -subj /CN=film -keyout key.pem -out film.csr")
    openssl("x509 -req -in film.csr -CA ca.pem -CAkey ca.key -days 2 -out cert.pem")
    return folder


@slow
def test_an_encrypted_cluster(fake, tmp_path, certificates):
    (tmp_path / "cluster").mkdir()
    cluster = Cluster(tmp_path / "cluster", certificates)
    try:
        cluster.add_worker()
        assert cluster.address.startswith("tls://")
        fake.clip("a.mov")
        settings = on(cluster, cluster_tls=str(certificates), stall_timeout=60)
        assert fake.run(serial=False, settings=settings).exit_code == Exit.OK
        with pytest.raises(UsageError):
            fake.run(serial=False, settings=on(cluster))
    finally:
        cluster.close()


@slow
def test_workers_made_for_the_occasion_work_off_the_network(fake):
    fake.clip("a.mov", "calls-home")
    fake.clip("b.mov")
    report = fake.run(serial=False, settings=Settings(batch=BatchSettings(cluster="local:2")))
    assert [c.state for c in report.clips] == [State.FAILED, State.DONE]
    assert "Operation not permitted" in report.clips[0].error.problem


@slow
def test_a_cluster_on_this_machine_admits_nobody_else_and_leaves_nothing(
    tmp_path, monkeypatch, caplog
):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    settings = BatchSettings(cluster="local:1")
    executor = ClusterExecutor(lambda *news: None, Stop(), settings, print, installation)
    with executor:
        address = executor._client.scheduler.address
        assert address.startswith("tls://")
        plain = address.replace("tls://", "tcp://")
        for stranger, security in [
            (plain, None),
            (address, Security.temporary()),
            (address, Security(require_encryption=True)),
        ]:
            with pytest.raises((OSError, TypeError)):
                Client(stranger, security=security, timeout=2)
        family = [psutil.Process(), *psutil.Process().children(recursive=True)]
        ports = {c.laddr for p in family for c in p.net_connections() if c.status == "LISTEN"}
        assert ports and {port.ip for port in ports} == {"127.0.0.1"}
        pages = ("/", "/metrics", "/health", "/info/main/workers.html", "/json/counts.json")
        answering = [(p, page) for p in ports for page in pages if answers_over_http(p.port, page)]
        assert answering == []
    caplog.clear()  # Dask logs strangers as errors
    assert list(tmp_path.iterdir()) == []


def answers_over_http(port: int, path: str) -> bool:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
    try:
        connection.request("GET", path)
        return connection.getresponse().status != 404
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


def test_no_scheduler(fake, monkeypatch):
    monkeypatch.setattr("blur.process.cluster._CONNECT_WITHIN", 1)
    fake.clip("a.mov")
    settings = Settings(batch=BatchSettings(cluster="tcp://127.0.0.1:1"))
    with pytest.raises(UsageError, match=r"tcp://127.0.0.1:1.*dask scheduler"):
        fake.run(serial=False, settings=settings)


def test_paths_are_mapped_wherever_they_stand(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    mapping = [_pair(f"{tmp_path}/in=/mnt/footage"), _pair("out=/mnt/covered")]
    job = ClipJob(
        path=tmp_path / "in" / "day 1" / "a.mov",
        out=Path("out"),
        entry=None,
        settings=Settings(),
        scan=True,
        render=True,
    )
    there = _mapped(job, mapping)
    assert there.path == Path("/mnt/footage/day 1/a.mov") and there.out == Path("/mnt/covered")
    assert there.settings == Settings()
    assert _mapped(([Path("in/b.mov")], 3), mapping) == ([Path("/mnt/footage/b.mov")], 3)
    assert _mapped(Path("else/c.mov"), mapping) == tmp_path / "else" / "c.mov"


@pytest.mark.parametrize("bad", ["nonsense", "=/there", "/here="])
def test_bad_mappings_are_refused(bad):
    with pytest.raises(UsageError, match="mapping"):
        _pair(bad)
