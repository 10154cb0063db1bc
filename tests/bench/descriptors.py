#!/usr/bin/env python3
"""Is a descriptor of a person anywhere on the disk? After a batch, a review, and an abort.

    python tests/bench/descriptors.py

Films a photograph in two shots, so that the scan describes the face in each; scans and renders it;
lists its people, asks for the spans of one, in all clips and in this one, and forgets. Every
descriptor made meanwhile is noted in memory alone. Then every file of the output, the home and the
temporary folder is searched for any two neighbouring values of any of them, as float32 and float64,
network's own or of unit length, and for the digits of their values. A planted file and the memory
of a process without blur's guard, left in a core file where the kernel allows it, show that the
search finds what is there; a worker's memory must leave no core file.
"""

from __future__ import annotations

import os
import resource
import subprocess
import sys
import tempfile
from pathlib import Path

import av
import numpy as np
import paths
from skimage import data

ROOM = tempfile.TemporaryDirectory(prefix="blur-descriptors-")
HERE = Path(ROOM.name)
for name in ("HOME", "TMPDIR", "XDG_CACHE_HOME", "XDG_CONFIG_HOME"):
    (HERE / name).mkdir()
    os.environ[name] = str(HERE / name)
tempfile.tempdir = None

from made_output import LOSSLESS  # noqa: E402

from blur.batch.run import run  # noqa: E402
from blur.data.edits import Decision  # noqa: E402
from blur.data.likeness import Descriptor  # noqa: E402
from blur.detect import recogniser  # noqa: E402
from blur.review.people import People  # noqa: E402
from blur.review.protocol import PeopleRequest  # noqa: E402
from blur.store.shelf import Shelf  # noqa: E402

_DIGITS = 3
"""Values whose five digits stand in a text, from which it holds a descriptor."""
_HOLD = """
import os, sys
import numpy as np
from blur.process.sandbox import keep_memory_private
values = np.frombuffer(sys.stdin.buffer.read(), np.float64).copy()
if sys.argv[1] == "worker":
    keep_memory_private()
os.abort()
"""
"""Holds a descriptor and dies."""

made: list[np.ndarray] = []


def film(path: Path) -> None:
    """Three shots of a second: the person, the sky behind, the person at another place."""
    path.parent.mkdir()
    portrait = data.astronaut()
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", 12)
        stream.width, stream.height, stream.pix_fmt = 320, 240, "yuv420p"
        for left in (90, None, 150):
            for step in range(12):
                shown = np.full((240, 320, 3), 120, np.uint8)
                if left is not None:
                    shown[:] = portrait[20:260, left + step : left + step + 320]
                container.mux(stream.encode(av.VideoFrame.from_ndarray(shown, "rgb24")))
        container.mux(stream.encode())


def noted(values: np.ndarray) -> Descriptor:
    found = Descriptor(values)
    made.extend((np.asarray(values, np.float64), found._values))
    return found


def needles() -> set[bytes]:
    return {
        values[i : i + 2].astype(kind).tobytes()
        for values in made
        for i in range(len(values) - 1)
        for kind in ("<f4", "<f8")
    }


def holding(files: list[Path]) -> list[Path]:
    """The files that hold a part of a descriptor."""
    wanted = needles()
    digits = [{f"{abs(v):.5f}".encode() for v in values} for values in made]
    found = []
    for path in files:
        content = path.read_bytes()
        told = max(sum(number in content for number in numbers) for numbers in digits)
        if told >= _DIGITS or any(needle in content for needle in wanted):
            found.append(path)
    return found


def written() -> list[Path]:
    return [path for path in HERE.rglob("*") if path.is_file()]


def core_of(kind: str) -> list[Path]:
    """Core files left by a process of that kind that held a descriptor and was aborted."""
    folder = HERE / kind
    folder.mkdir()
    subprocess.run(
        [sys.executable, "-c", _HOLD, kind],
        cwd=folder,
        input=made[-1].tobytes(),
        env={**os.environ, "PYTHONPATH": str(paths.ROOT)},
        preexec_fn=lambda: resource.setrlimit(
            resource.RLIMIT_CORE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY)
        ),
        check=False,
        stderr=subprocess.DEVNULL,
    )
    return [path for path in folder.iterdir() if path.name.startswith("core")]


def main() -> None:
    recogniser._finite = noted
    out = HERE / "out"
    film(HERE / "in" / "a.mp4")
    report = run([HERE / "in"], out, LOSSLESS, serial=True)
    scanned = len(made) // 2
    print(f"batch: exit code {int(report.exit_code)}, {scanned} descriptors in the scan")
    shelf = Shelf(out)
    people = People(shelf)
    while people.view().people is None:
        pass
    for person in ("0", f"{shelf.find('a.mp4')}:1"):
        spans = people.offers(PeopleRequest(people=person, decision=Decision.KEEP)).spans
        print(f"review: person {person[-1]}, {len(spans)} spans offered")
    people.forget()
    print(f"{len(made) // 2} descriptors; in {len(holding(written()))} of {len(written())} files")
    planted = HERE / "planted.bin"
    planted.write_bytes(b"x" * 1001 + made[0].astype("<f4").tobytes())
    print(f"planted: {'found' if holding([planted]) else 'NOT FOUND'}")
    for kind in ("unguarded", "worker"):
        cores = core_of(kind)
        whole = sum(made[-1].tobytes() in core.read_bytes() for core in cores)
        print(f"core files of a process, {kind}: {len(cores)}, with the descriptor: {whole}")


if __name__ == "__main__":
    main()
