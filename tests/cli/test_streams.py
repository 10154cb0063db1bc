"""Pipes without a reader, a vanished terminal, closed descriptors: a batch goes on all the same."""

import os
import pty
import subprocess
import sys
from pathlib import Path

import pytest
from made_clips import film, frame_hashes

from blur.errors import Exit
from blur.store.report import State, load_report

PROGRAM = Path(__file__).parents[1] / "support" / "green_faces.py"


@pytest.fixture(scope="module")
def clips(tmp_path_factory):
    folder = tmp_path_factory.mktemp("streams")
    for number in range(2):
        film(folder / f"{number}.mp4", seed=number, face=True)
    return folder


def command(clips, out):
    options = ["--level", "fast", "--audit", "off", "--jobs", "1"]
    return [sys.executable, PROGRAM, "run", clips, "-o", out, *options]


def require_finished(process, out):
    assert process.wait(300) == Exit.UNAUDITED  # the batch's own code, as with readers
    report = load_report(out)
    assert [clip.state for clip in report.clips] == [State.DONE] * 2
    assert (out / "report.html").read_text().endswith("</html>\n")
    for clip in report.clips:
        assert len(frame_hashes(out / clip.output)) == 20


def test_pipes_without_a_reader(clips, tmp_path):
    process = subprocess.Popen(
        command(clips, tmp_path / "out"), stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    process.stdout.close()
    process.stderr.close()
    require_finished(process, tmp_path / "out")


def test_a_vanished_terminal(clips, tmp_path):
    """Under `nohup` or `setsid`: elsewhere its end stops the batch."""
    ours, theirs = pty.openpty()
    process = subprocess.Popen(
        command(clips, tmp_path / "out"),
        stdin=theirs, stdout=theirs, stderr=theirs, start_new_session=True,
    )  # fmt: skip
    os.close(theirs)
    os.close(ours)
    require_finished(process, tmp_path / "out")


def test_closed_descriptors(clips, tmp_path):
    """No library's message lands in a file that took the number of a closed stream."""
    shell = ["sh", "-c", 'exec "$@" 0<&- 1>&- 2>&-', "sh", *command(clips, tmp_path / "out")]
    require_finished(subprocess.Popen(shell), tmp_path / "out")


def test_a_command_is_no_failure_because_its_reader_left():
    process = subprocess.Popen(
        [sys.executable, "-m", "blur", "--help"], stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    process.stdout.close()
    assert (process.wait(60), process.stderr.read()) == (0, b"")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs Linux's /dev/full")
def test_a_result_that_finds_no_room_is_a_failure():
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(
            [sys.executable, "-m", "blur", "models"], stdout=full, stderr=subprocess.PIPE, text=True
        )
    assert done.returncode == Exit.FAILED
    assert done.stderr.startswith("blur: standard output: no space left")
