"""The right to open internet sockets is really gone; what only Linux can do is skipped elsewhere.

Each check runs in a process of its own, since the right never comes back.
"""

import ctypes
import os
import platform
import subprocess
import sys
from pathlib import Path

import pytest

from blur.process import sandbox

ROOT = Path(__file__).parents[2]

linux = pytest.mark.skipif(
    sys.platform != "linux" or platform.machine() not in ("x86_64", "aarch64"),
    reason="seccomp filters are Linux's, here for x86-64 and ARM64",
)


def run(code: str) -> str:
    """Standard output of a Python process that starts with the repository's blur."""
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@linux
@pytest.mark.parametrize("family", ["AF_INET", "AF_INET6", "AF_PACKET", "AF_VSOCK"])
def test_sockets_that_leave_the_machine_are_refused(family: str) -> None:
    code = f"""
import errno, socket
from blur.process import sandbox
assert sandbox.keep_off_network()
try:
    socket.socket(socket.{family}, socket.SOCK_DGRAM)
except OSError as error:
    print(errno.errorcode[error.errno])
"""
    assert run(code).strip() == "EPERM"


@linux
def test_io_uring_cannot_make_sockets_either() -> None:
    code = """
import ctypes, errno
from blur.process import sandbox
libc = ctypes.CDLL(None, use_errno=True)
parameters = ctypes.create_string_buffer(256)
sandbox.keep_off_network()
assert libc.syscall(425, 4, parameters) == -1
print(errno.errorcode[ctypes.get_errno()])
"""
    assert run(code).strip() == "EPERM"


@linux
def test_the_memory_and_files_of_other_processes_are_out_of_reach() -> None:
    code = """
import ctypes, errno, os, platform, subprocess, sys
from blur.process import sandbox

libc = ctypes.CDLL(None, use_errno=True)
kernel = sandbox._KERNELS[platform.machine()]
here = ctypes.create_string_buffer(b"secret", 8)
there = ctypes.create_string_buffer(8)

class Span(ctypes.Structure):
    _fields_ = [("base", ctypes.c_void_p), ("length", ctypes.c_size_t)]

local, remote = (Span(ctypes.addressof(b), 8) for b in (there, here))
long, reference = ctypes.c_long, ctypes.byref
child = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
other = os.fork()  # has `here` at the same address
if other == 0:
    os.read(os.pipe()[0], 1)
handle = os.pidfd_open(child.pid)
vm = lambda call: libc.syscall(
    call, long(other), reference(local), long(1), reference(remote), long(1), long(0)
)
calls = {
    "process_vm_readv": lambda: vm(kernel.process_vm_readv),
    "process_vm_writev": lambda: vm(kernel.process_vm_writev),
    "pidfd_getfd": lambda: libc.syscall(438, long(handle), long(0), long(0)),
    "ptrace": lambda: libc.syscall(kernel.ptrace, long(16), long(child.pid), long(0), long(0)),
}
def outcome(call):
    ctypes.set_errno(0)
    done = call()
    return "done" if done >= 0 else errno.errorcode[ctypes.get_errno()]
before = {name: outcome(call) for name, call in calls.items() if name != "ptrace"}
there.value = b""
sandbox.keep_off_network()
print(before)
print({name: outcome(call) for name, call in calls.items()}, there.value)
os.kill(other, 9)
child.kill()
"""
    before, after = run(code).splitlines()
    assert before == str(dict.fromkeys(NEIGHBOURLY[:3], "done")) or "EPERM" in before
    assert after == f"{dict.fromkeys(NEIGHBOURLY, 'EPERM')} b''"


NEIGHBOURLY = ["process_vm_readv", "process_vm_writev", "pidfd_getfd", "ptrace"]
"""Calls into another process; the tracer's may be refused by the system before, too."""


@linux
@pytest.mark.parametrize(
    "line", ["run IN -o OUT", "run IN -o OUT --dry-run", "status OUT", "clean OUT"]
)
def test_a_batch_s_own_process_is_off_the_network(line: str, tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    words = line.replace("IN", str(tmp_path / "in")).replace("OUT", str(tmp_path)).split()
    code = f"""
from blur.cli.main import main
from blur.process import sandbox
try:
    main({words!r})
except SystemExit:
    print(sandbox.network_state())
"""
    assert run(code).splitlines()[-1] == "this process cannot open internet sockets (seccomp)"


@linux
def test_running_threads_and_later_children_lose_it_too() -> None:
    code = """
import subprocess, sys, threading, socket
from blur.process import sandbox
attempt = "import socket; socket.socket(socket.AF_INET)"
go, refused = threading.Event(), []
def older():
    go.wait()
    try:
        exec(attempt)
    except PermissionError:
        refused.append("thread")
thread = threading.Thread(target=older)
thread.start()
sandbox.keep_off_network()
go.set()
thread.join()
child = subprocess.run([sys.executable, "-c", attempt], capture_output=True, text=True)
if "PermissionError" in child.stderr:
    refused.append("child")
print(refused)
"""
    assert run(code).strip() == "['thread', 'child']"


@linux
def test_local_sockets_and_worker_processes_go_on_working(tmp_path: Path) -> None:
    code = f"""
import asyncio, concurrent.futures, multiprocessing, socket
from blur.process import sandbox
if __name__ == "__main__":
    assert sandbox.keep_off_network() and sandbox.keep_off_network()
    server = socket.socket(socket.AF_UNIX)
    server.bind({str(tmp_path / "s")!r})
    one, other = socket.socketpair()
    one.sendall(b"x")
    asyncio.run(asyncio.sleep(0))
    spawn = multiprocessing.get_context("spawn")
    with concurrent.futures.ProcessPoolExecutor(1, mp_context=spawn) as pool:
        print(pool.submit(abs, -7).result())
"""
    script = tmp_path / "script.py"
    script.write_text(code)
    done = subprocess.run(
        [sys.executable, str(script)],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stdout.strip()) == (0, "7"), done.stderr


@linux
def test_state_in_words() -> None:
    code = """
from blur.process import sandbox
print(sandbox.network_state())
sandbox.keep_off_network()
print(sandbox.network_state())
"""
    before, after = run(code).splitlines()
    assert "could open internet sockets" in before
    assert after == "this process cannot open internet sockets (seccomp)"


def test_other_systems_say_that_they_cannot(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(sandbox, "_closed", False)
    monkeypatch.setattr(sandbox, "_why_open", "")
    monkeypatch.setattr(sys, "platform", "darwin")
    monkeypatch.setattr(platform, "system", lambda: "Darwin")
    assert sandbox.keep_off_network() is False
    assert "Darwin offers no way" in sandbox.network_state()
    assert "Darwin offers no way" in caplog.text


@linux
def test_a_crash_leaves_no_memory_behind(tmp_path: Path) -> None:
    from blur.process.executor import Task
    from blur.process.stop import Stop
    from blur.process.workers import ProcessExecutor

    with ProcessExecutor(
        lambda *news: None, Stop(), slots=1, threads=1, stall_timeout=60, memory_limit=10**10
    ) as executor:
        executor.start(Task(0, kept_private, None))
        while not (outcomes := executor.wait(1)):
            pass
    assert outcomes[0].result == (0, 0, 0)


@linux
def test_no_command_leaves_its_memory_behind(tmp_path: Path) -> None:
    code = f"""
import sys; sys.path.insert(0, {str(Path(__file__).parent)!r})
from blur.cli.main import main
from test_sandbox import kept_private
try:
    main(["status", {str(tmp_path)!r}])
except SystemExit:
    print(kept_private(None))
"""
    assert run(code).strip() == "(0, 0, 0)"


def kept_private(argument: None, progress: object = None) -> tuple[int, int, int]:
    """Both limits of core files, and whether the kernel may write one."""
    import resource

    dumpable = ctypes.CDLL(None).prctl(3, 0, 0, 0, 0)
    return (*resource.getrlimit(resource.RLIMIT_CORE), dumpable)


def test_openvino_comes_without_its_reporter() -> None:
    code = """
import sys
from blur.process import sandbox
sandbox.keep_openvino_quiet()
import openvino
print(sys.modules["openvino_telemetry"])
"""
    assert run(code).strip() == "None"
