"""No internet socket is opened and nothing is written under the home folder: seen by the kernel.

A process is started under a seccomp filter that tells us of every socket call of it and of all
its descendants, native libraries included, other than Unix and netlink sockets, and refuses it.
"""

import errno
import fcntl
import importlib.metadata
import os
import select
import socket
import struct
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="seccomp is Linux's")

LAUNCHER = """
import os, platform, socket, sys
from blur.process import sandbox
channel = socket.socket(fileno=int(sys.argv[1]))
kernel = sandbox._KERNELS[platform.machine()]
NOTIFY, NEW_LISTENER = 0x7FC00000, 1 << 3
listener = sandbox._load(kernel, sandbox._program(kernel, NOTIFY), NEW_LISTENER)
socket.send_fds(channel, [b"x"], [listener])
os.close(listener)
channel.close()
os.execv(sys.executable, [sys.executable, *sys.argv[2:]])
"""

RECEIVE, ANSWER = 0xC0502100, 0xC0182101  # SECCOMP_IOCTL_NOTIF_RECV and _SEND


def watched(
    arguments: list[str], home: Path, expect: int = 0, seconds: float = 120
) -> tuple[str, list[int]]:
    """What Python says when run with `arguments`, and the number of each system call refused."""
    environment = {k: v for k, v in os.environ.items() if k != "CI"}
    environment |= {"HOME": str(home), "PYTHONPATH": str(ROOT)}
    ours, theirs = socket.socketpair()
    with ours, tempfile.TemporaryFile("w+") as said:
        with theirs:
            process = subprocess.Popen(
                [sys.executable, "-c", LAUNCHER, str(theirs.fileno()), *arguments],
                pass_fds=[theirs.fileno()],
                env=environment,
                cwd=ROOT,
                stdout=said,
                stderr=subprocess.STDOUT,
            )
        _, listeners, _, _ = socket.recv_fds(ours, 1, 1)
        calls = refuse_until_gone(listeners[0], seconds) if listeners else []
        code = process.wait(seconds)
        said.seek(0)
        output = said.read()
    assert listeners and code == expect, output
    return output, calls


def refuse_until_gone(listener: int, seconds: float) -> list[int]:
    """Refuse every call the filter tells of, until the last descendant has ended."""
    calls = []
    poll = select.poll()
    poll.register(listener, select.POLLIN)
    try:
        while True:
            events = poll.poll(seconds * 1000)
            assert events, f"still running after {seconds} s"
            if not events[0][1] & select.POLLIN:
                return calls
            notification = bytearray(80)
            fcntl.ioctl(listener, RECEIVE, notification)
            identity, call = struct.unpack_from("=Q8xi", notification)
            calls.append(call)
            fcntl.ioctl(listener, ANSWER, struct.pack("=Qqii", identity, 0, -errno.EPERM, 0))
    finally:
        os.close(listener)


def files_under(folder: Path) -> list[str]:
    return [str(path.relative_to(folder)) for path in folder.rglob("*")]


def test_the_watch_sees_sockets_of_grandchildren(tmp_path: Path) -> None:
    grandchild = "import socket; socket.socket(socket.AF_UNIX); socket.socket(socket.AF_INET6)"
    child = f"import subprocess, sys; subprocess.run([sys.executable, '-c', {grandchild!r}])"
    output, calls = watched(["-c", child], tmp_path)
    assert len(calls) == 1
    assert "PermissionError" in output


def test_the_watch_sees_openvino_report_when_nobody_stops_it(tmp_path: Path) -> None:
    if not any(importlib.metadata.packages_distributions().get("openvino_telemetry", ())):
        pytest.skip("openvino came without its reporter")
    _, calls = watched(["-c", "import openvino"], tmp_path)
    assert calls or files_under(tmp_path)


def test_no_detector_opens_a_socket_or_writes_at_home(tmp_path: Path) -> None:
    look = """
import numpy as np
from blur.detect.registry import DETECTORS, load_detector, unload_detectors
for name in DETECTORS:
    load_detector(name).detect([np.full((200, 300, 3), 90, np.uint8)] * 3, 0.3)
unload_detectors()
"""
    output, calls = watched(["-c", look], tmp_path)
    assert output == ""
    assert calls == []
    assert files_under(tmp_path) == []


def test_neither_does_what_drives_nvidia_chips(tmp_path: Path) -> None:
    """On the CPU. Later releases of ONNX Runtime do both as they are imported."""
    pytest.importorskip("onnxruntime")
    look = """
import numpy as np
from blur.detect import weights
from blur.detect.network_cuda import CudaNetwork
network = CudaNetwork("yunet", weights.read("yunet"), provider="CPUExecutionProvider")
network.run([np.full((200, 300, 3), 90, np.uint8)], lambda outputs, width: None)
"""
    assert watched(["-c", look], tmp_path) == ("", [])
    assert files_under(tmp_path) == []


@pytest.fixture
def clip(tmp_path: Path) -> Path:
    """Half a second of a real face."""
    av = pytest.importorskip("av")
    data = pytest.importorskip("skimage.data", reason="scikit-image ships the photograph")
    path = tmp_path / "in" / "clip.mp4"
    path.parent.mkdir()
    with av.open(path, "w") as container:
        stream = container.add_stream("libx264", 25, width=320, height=320, pix_fmt="yuv420p")
        for i in range(12):
            picture = av.VideoFrame.from_ndarray(data.astronaut()[:320, 60 + i : 380 + i].copy())
            container.mux(stream.encode(picture))
        container.mux(stream.encode())
    return path


@pytest.mark.slow
def test_no_command_opens_a_socket_or_writes_at_home(clip: Path, tmp_path: Path) -> None:
    home, out = tmp_path / "home", tmp_path / "out"
    home.mkdir()
    commands = [
        ["models"],
        ["run", clip, "-o", out / "run"],
        ["scan", clip, "-o", out / "halves"],
        ["render", clip, "-o", out / "halves"],
        ["status", out / "run"],
        ["inspect", clip],
        ["preview", clip, "-o", out / "sheet.jpg"],
        ["markers", out / "run"],
        ["edits", "list", out / "run", "clip.mp4"],
        ["doctor", "--quick"],
        ["clean", out / "halves"],
    ]
    for command in commands:
        output, calls = watched(["-m", "blur", *map(str, command)], home)
        assert calls == [], output
        assert files_under(home) == []
    assert (out / "run" / "clip.mp4").is_file()
    assert (out / "halves" / "clip.mp4").is_file()


ATTEMPT = """
import errno, os, sys

def attempt(event, arguments):
    if event == "import" and arguments[0] in ("av", "openvino"):
        import socket
        try:
            socket.socket(socket.AF_INET).close()
            result = "opened"
        except OSError as error:
            result = errno.errorcode[error.errno]
        with open(os.environ["ATTEMPTS"], "a") as file:
            file.write(f"{arguments[0]} {result}\\n")

sys.addaudithook(attempt)
"""


@pytest.mark.slow
def test_no_process_that_touches_footage_could_open_a_socket(clip: Path, tmp_path: Path) -> None:
    """Every process of a run tries to, at the moment when it loads a decoder or a detector."""
    (tmp_path / "sitecustomize.py").write_text(ATTEMPT)
    attempts = tmp_path / "attempts"
    done = subprocess.run(
        [sys.executable, "-m", "blur", "run", clip, "-o", tmp_path / "out"],
        env={**os.environ, "PYTHONPATH": f"{tmp_path}:{ROOT}", "ATTEMPTS": str(attempts)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert set(attempts.read_text().splitlines()) == {"av EPERM", "openvino EPERM"}


def test_models_states_that_the_network_is_out_of_reach(tmp_path: Path) -> None:
    output, _ = watched(["-m", "blur", "models"], tmp_path)
    assert "this process cannot open internet sockets (seccomp)" in output
