"""Keep footage in this process: off the internet, out of core files, out of other processes.

blur opens none, but loads large native libraries, some of which report usage to their makers. On
Linux a seccomp filter makes the kernel refuse: a dependency that phones home fails instead of
telling. See seccomp(2); the numbers below are kernel ABI.
"""

from __future__ import annotations

import contextlib
import ctypes
import errno
import logging
import platform
import struct
import sys
from dataclasses import dataclass

_LOG = logging.getLogger(__name__)

_PR_SET_DUMPABLE = 4
_PR_SET_NO_NEW_PRIVS = 38
_SECCOMP_SET_MODE_FILTER = 1
_TSYNC = 1 << 0  # all threads at once
_SPEC_ALLOW = 1 << 2  # no costly mitigations against hostile code
_RET_ALLOW = 0x7FFF0000
_RET_EPERM = 0x00050000 | errno.EPERM

# Offsets in struct seccomp_data; the low half of the first argument, little-endian.
_CALL, _ARCHITECTURE, _FIRST_ARGUMENT = 0, 4, 16
_IO_URING_SETUP = 425
_PIDFD_GETFD = 438
_AF_UNIX, _AF_NETLINK = 1, 16
_X32_CALLS = 0x40000000


@dataclass(frozen=True, slots=True)
class _Kernel:
    """Kernel numbers that differ by processor."""

    audit_architecture: int
    seccomp: int
    socket: int
    ptrace: int
    process_vm_readv: int
    process_vm_writev: int


_KERNELS = {
    "x86_64": _Kernel(
        audit_architecture=0xC000003E,
        seccomp=317,
        socket=41,
        ptrace=101,
        process_vm_readv=310,
        process_vm_writev=311,
    ),
    "aarch64": _Kernel(
        audit_architecture=0xC00000B7,
        seccomp=277,
        socket=198,
        ptrace=117,
        process_vm_readv=270,
        process_vm_writev=271,
    ),
}

_closed = False
_why_open = "keep_off_network was not called"


def keep_off_network() -> bool:
    """Make every internet socket fail with EPERM, in all threads and all later children.

    The memory and the open files of other processes are refused as well: through one that has its
    network a confined process could tell. Call it before any library is loaded in a process that
    touches footage; it cannot be undone. Unix sockets and pipes go on working. Returns whether the
    kernel enforces it: only Linux on x86-64 and ARM64 can. `network_state` tells it in words.
    """
    global _closed, _why_open
    keep_openvino_quiet()
    if not _closed:
        try:
            _install_filter()
            _closed = True
        except OSError as error:
            _why_open = str(error)
            _LOG.warning("%s", network_state())
    return _closed


def network_state() -> str:
    """In words, whether this process could reach the internet."""
    if _closed:
        return "this process cannot open internet sockets (seccomp)"
    return f"this process could open internet sockets, blur opens none ({_why_open})"


def keep_memory_private() -> None:
    """Leave no core file of this process, which would hold whole clear frames.

    Call it before footage is read, in every process: a new program starts without it. On Linux no
    other process of the user can then read this one's memory either.
    """
    with contextlib.suppress(ImportError):  # Windows makes no core files
        import resource

        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    if sys.platform == "linux":  # a limit of 0 does not hold where cores are piped to a program
        number = ctypes.c_long
        libc = ctypes.CDLL(None, use_errno=True)
        if libc.prctl(_PR_SET_DUMPABLE, number(0), number(0), number(0), number(0)) != 0:
            raise _refused("prctl")


def keep_openvino_quiet() -> None:
    """Keep `import openvino` from reporting to its maker and writing an id under the home folder.

    Call it before the import: without the telemetry package OpenVINO uses a stub of its own.
    """
    sys.modules.setdefault("openvino_telemetry", None)  # type: ignore[arg-type]


def _install_filter() -> None:
    if sys.platform != "linux":
        raise OSError(f"{platform.system()} offers no way to give up that right")
    kernel = _KERNELS.get(platform.machine())
    if kernel is None or sys.byteorder != "little":
        raise OSError(f"not supported on {platform.machine()} processors")
    _load(kernel, _program(kernel, _RET_EPERM), _TSYNC | _SPEC_ALLOW)


def _load(kernel: _Kernel, program: bytes, flags: int) -> int:
    """Hand a filter to the kernel and return the result of seccomp(2). Raises OSError."""
    instructions = ctypes.create_string_buffer(program, len(program))
    # struct sock_fprog: the count, padding up to the pointer, the pointer.
    header = struct.pack("@HP", len(program) // 8, ctypes.addressof(instructions))
    libc = ctypes.CDLL(None, use_errno=True)
    number = ctypes.c_long
    if libc.prctl(_PR_SET_NO_NEW_PRIVS, number(1), number(0), number(0), number(0)) != 0:
        raise _refused("prctl")
    mode = number(_SECCOMP_SET_MODE_FILTER)
    done: int = libc.syscall(number(kernel.seccomp), mode, number(flags), header)
    # With TSYNC, a positive result is the id of a thread that the filter could not reach.
    if done < 0 or (done > 0 and flags & _TSYNC):
        raise _refused("seccomp")
    return done


def _refused(call: str) -> OSError:
    code = ctypes.get_errno()
    return OSError(code, f"the kernel refused {call}: {errno.errorcode.get(code, code)}")


def _program(kernel: _Kernel, refusal: int) -> bytes:
    """The filter as classic BPF: struct sock_filter {u16 code; u8 jt, jf; u32 k} each.

    Refused are calls by another architecture's numbers (they would need a list of their own),
    io_uring (it makes sockets without the socket call), another process's memory and descriptors,
    and sockets of every family that is not local: internet, SMC and others that carry it.
    """
    refused = (
        *(_IO_URING_SETUP, _PIDFD_GETFD),
        *(kernel.ptrace, kernel.process_vm_readv, kernel.process_vm_writev),
    )
    load, jump_equal, jump_above, give = 0x20, 0x15, 0x35, 0x06
    refuse, allow = "refuse", "allow"
    steps: list[tuple[int, str | None, str | None, int]] = [
        (load, None, None, _ARCHITECTURE),
        (jump_equal, None, refuse, kernel.audit_architecture),
        (load, None, None, _CALL),
        (jump_above, refuse, None, _X32_CALLS),
        *((jump_equal, refuse, None, call) for call in refused),
        (jump_equal, None, allow, kernel.socket),
        (load, None, None, _FIRST_ARGUMENT),
        (jump_equal, allow, None, _AF_UNIX),
        (jump_equal, allow, refuse, _AF_NETLINK),
        (give, None, None, refusal),
        (give, None, None, _RET_ALLOW),
    ]
    targets = {refuse: len(steps) - 2, allow: len(steps) - 1}

    def distance(here: int, target: str | None) -> int:
        return 0 if target is None else targets[target] - here - 1

    return b"".join(
        struct.pack("<HBBI", code, distance(i, if_true), distance(i, if_false), value)
        for i, (code, if_true, if_false, value) in enumerate(steps)
    )
