from __future__ import annotations

import contextlib
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import psutil
import pytest

from blur.process import memory


@pytest.mark.skipif(sys.platform != "linux", reason="only glibc is told to give memory back")
def test_what_nobody_holds_goes_back_to_the_system() -> None:
    def held() -> int:
        return psutil.Process().memory_info().rss

    rows = [np.ones(8_000) for _ in range(2_000)]  # too small for mappings of their own
    last = rows[-1]  # pins the heap's end, so that free() alone gives nothing back
    del rows
    before = held()
    memory.give_back()
    assert before - held() > 60e6
    assert last.sum() == 8_000


GIB = 2**30


class Groups:
    """A made-up /proc and /sys, in which this process is in a control group."""

    def __init__(self, root: Path) -> None:
        self.root = root
        (root / "proc/self").mkdir(parents=True)

    def stand(self, membership: str, mount: str) -> None:
        (self.root / "proc/self/cgroup").write_text(f"3:cpu,cpuacct:/elsewhere\n{membership}\n")
        other = "22 1 0:21 / /proc rw,nosuid - proc proc rw"
        (self.root / "proc/self/mountinfo").write_text(f"{other}\n{mount}\n")

    def group(self, place: str, **files: object) -> None:
        folder = self.root / "sys/fs/cgroup" / place
        folder.mkdir(parents=True, exist_ok=True)
        for name, value in files.items():
            (folder / name.replace("memory_", "memory.")).write_text(f"{value}\n")

    def memory(self) -> memory.Memory:
        return memory.memory(self.root)


@pytest.fixture
def groups(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Groups:
    machine = type("Machine", (), {"total": 64 * GIB, "available": 32 * GIB})
    monkeypatch.setattr("blur.process.memory.psutil.virtual_memory", lambda: machine)
    return Groups(tmp_path)


V2 = "30 23 0:26 / /sys/fs/cgroup rw - cgroup2 cgroup2 rw,nsdelegate"
V1 = "35 31 0:32 {} /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory"


def test_no_group_leaves_the_machine(groups: Groups) -> None:
    assert groups.memory() == memory.Memory(64 * GIB, 32 * GIB)


def test_the_smallest_limit_of_the_whole_path_counts(groups: Groups) -> None:
    groups.stand("0::/user.slice/job.scope/step", V2)
    groups.group("user.slice", memory_max=8 * GIB, memory_current=6 * GIB)
    groups.group("user.slice/job.scope", memory_max=4 * GIB, memory_current=GIB)
    groups.group("user.slice/job.scope/step", memory_max="max", memory_current=GIB)
    assert groups.memory() == memory.Memory(4 * GIB, 2 * GIB)  # total of one, rest of another


def test_a_throttled_group_counts_as_a_limit(groups: Groups) -> None:
    groups.stand("0::/a", V2)
    groups.group("a", memory_max=8 * GIB, memory_high=2 * GIB, memory_current=0)
    assert groups.memory().total == 2 * GIB


def test_the_file_cache_counts_as_free(groups: Groups) -> None:
    groups.stand("0::/a", V2)
    stat = f"anon {GIB}\ninactive_file {2 * GIB}"
    groups.group("a", memory_max=4 * GIB, memory_current=3 * GIB, memory_stat=stat)
    assert groups.memory() == memory.Memory(4 * GIB, 3 * GIB)


def test_a_container_sees_its_own_group_as_the_root(groups: Groups) -> None:
    groups.stand("0::/", V2)
    groups.group("", memory_max=3 * GIB, memory_current=GIB)
    assert groups.memory() == memory.Memory(3 * GIB, 2 * GIB)


def test_version_1_in_a_container_whose_mount_begins_at_its_group(groups: Groups) -> None:
    groups.stand("4:memory:/docker/abc/inner", V1.format("/docker/abc"))
    stat = f"hierarchical_memory_limit {GIB}"  # of a group above, which the container cannot see
    groups.group("memory", memory_limit_in_bytes=2 * GIB, memory_usage_in_bytes=0, memory_stat=stat)
    groups.group("memory/inner", memory_limit_in_bytes=9223372036854771712)
    assert groups.memory().total == GIB


def test_version_1_beside_version_2_without_memory(groups: Groups) -> None:
    unified = "41 31 0:38 / /sys/fs/cgroup/unified rw - cgroup2 cgroup2 rw"
    groups.stand("4:memory:/a/b\n0::/", V1.format("/") + "\n" + unified)
    groups.group("memory/a", memory_limit_in_bytes=5 * GIB, memory_usage_in_bytes=GIB)
    groups.group("memory/a/b", memory_limit_in_bytes=6 * GIB, memory_usage_in_bytes=GIB)
    groups.group("unified")
    assert groups.memory() == memory.Memory(5 * GIB, 4 * GIB)


@contextlib.contextmanager
def real_groups(limit: int) -> Iterator[Path]:
    """A control group of this machine with a limit, and a group without one inside it."""
    found = list(memory._groups(Path("/")))
    for own, _ in found:
        outer = own / "blur-test"
        try:
            outer.mkdir()
        except OSError:
            continue
        inner = outer / "inner"
        try:
            inner.mkdir()
            names = [n for n in ("memory.max", "memory.limit_in_bytes") if (outer / n).exists()]
            if names:
                (outer / names[0]).write_text(str(limit))
                yield inner
                return
        finally:
            inner.rmdir()
            outer.rmdir()
    pytest.skip("needs the right to make control groups for memory")


def test_a_real_nested_group_bounds_the_workers_and_what_doctor_says() -> None:
    limit = 3 * GIB
    says = "from blur.process.memory import usable_memory as u; print(u())"
    with real_groups(limit) as group:
        join = f"echo $$ > {group}/cgroup.procs && exec"
        for command, told in (
            (f"{sys.executable} -c '{says}'", str(int(limit * 0.8))),
            (f"{sys.executable} -m blur doctor --quick", "of 3.0 GiB free"),
        ):
            done = subprocess.run(
                ["sh", "-c", f"{join} {command}"], capture_output=True, text=True, check=False
            )
            assert told in done.stdout, done.stderr
