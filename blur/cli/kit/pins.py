"""Pinned requirements, with uv's markers, for a machine other than this one.

pip evaluates markers for the machine that it runs on, whatever platform it downloads for.
"""

from __future__ import annotations

import ast
import operator
import re
from collections.abc import Callable
from typing import Any, NamedTuple


class Machine(NamedTuple):
    """A machine in Python's words: sys.platform, platform.machine() and os.name."""

    system: str
    chip: str
    family: str


UNUSED = {
    "cffi",
    "contourpy",
    "cycler",
    "fonttools",
    "kiwisolver",
    "matplotlib",
    "networkx",
    "openvino-telemetry",
    "pycparser",
    "pyparsing",
    "python-dateutil",
    "sounddevice",
}
"""Libraries that blur never loads: MediaPipe's drawing and recording (see `detect.blazeface`),
OpenVINO's reports home (see `process.sandbox`), scikit-image's graphs. 96 MB of an installation."""

_COMPARED: dict[type[ast.cmpop], Callable[[Any, Any], bool]] = {
    ast.Eq: operator.eq, ast.NotEq: operator.ne, ast.Lt: operator.lt,
    ast.LtE: operator.le, ast.Gt: operator.gt, ast.GtE: operator.ge,
}  # fmt: skip


def for_machine(text: str, machine: Machine, python: str) -> list[str]:
    """Lines `name==version --hash=…` of the pins in `text` that a CPython of this version, such as
    3.11, needs on a machine, but for the UNUSED. Raises ValueError for a marker that is not
    understood."""
    known = {
        "sys_platform": machine.system,
        "platform_machine": machine.chip,
        "os_name": machine.family,
        "platform_python_implementation": "CPython",
        "implementation_name": "cpython",
        "python_version": python,
        "python_full_version": f"{python}.0",
    }
    entries = re.split(r"\n(?=\S)", text.replace("\\\n", " ").strip())
    lines = []
    for entry in entries:
        pin, *hashes = re.split(r"\s+(?=--hash=)", " ".join(entry.split()))
        needed, _, marker = pin.partition(" ; ")
        if needed.partition("==")[0] in UNUSED:
            continue
        if not marker or _holds(ast.parse(marker, mode="eval").body, known):
            lines.append(" ".join([needed, *hashes]))
    return lines


def _holds(node: ast.expr, known: dict[str, str]) -> bool:
    match node:
        case ast.BoolOp(ast.And(), values):
            return all(_holds(each, known) for each in values)
        case ast.BoolOp(ast.Or(), values):
            return any(_holds(each, known) for each in values)
        case ast.Compare(ast.Name(name), [way], [ast.Constant(value)]) if type(way) in _COMPARED:
            here, there = known[name], str(value)
            if "version" in name:
                return _COMPARED[type(way)](_numbers(here), _numbers(there))
            return _COMPARED[type(way)](here, there)
    raise ValueError(f"a marker that is not understood: {ast.unparse(node)}")


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(map(int, version.split(".")))
