"""Another user of the machine reads published outputs and the report, in a batch and after it."""

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest
from made_clips import film

from blur.errors import Exit

PROGRAM = Path(__file__).parents[1] / "support" / "green_faces.py"
LOOK = """
import json, os, sys, time
os.setgroups([]); os.setgid(65534); os.setuid(65534)
root, batch, seen = sys.argv[1], int(sys.argv[2]), set()
going = True
while going:
    going = os.path.exists(f"{root}/going")
    for folder, _, files in os.walk(root):
        for path in (os.path.join(folder, name) for name in files):
            try:
                open(path, "rb").close()
                seen.add(path)
            except OSError:
                pass
    for name in ("environ", "mem", "fd/3"):
        try:
            if open(f"/proc/{batch}/{name}", "rb").read(1):
                seen.add(name)
        except OSError:
            pass
    time.sleep(0.01)
print(json.dumps(sorted(seen)))
"""


@pytest.mark.skipif(os.name != "posix" or os.geteuid() != 0, reason="needs the right to be another")
def test_another_user_reads_what_is_published_and_nothing_else():
    with tempfile.TemporaryDirectory() as scratch:
        root = Path(scratch)
        root.chmod(0o755)  # pytest's own folders are closed to others
        for number in range(2):
            film(root / "in" / f"{number}.mp4", seed=number, face=True)
        (root / "in").chmod(0o700)
        (root / "going").touch(mode=0o600)
        options = ["--level", "fast", "--jobs", "1"]
        command = [sys.executable, PROGRAM, "run", root / "in", "-o", root / "out", *options]
        batch = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        look = [sys.executable, "-c", LOOK, str(root), str(batch.pid)]
        with subprocess.Popen(look, stdout=subprocess.PIPE, text=True) as neighbour:
            assert batch.wait(300) == Exit.OK
            (root / "going").unlink()
            seen = json.loads(neighbour.communicate(timeout=60)[0])
        published = {"0.mp4", "1.mp4", "report.json", "report.html"}
        reports = {p for p in seen if Path(p).match("out/.blur-*.part")}  # on their way to OUT
        assert {str(Path(p).relative_to(root / "out")) for p in {*seen} - reports} == published
