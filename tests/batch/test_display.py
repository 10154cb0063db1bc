import io
import os
import re
import subprocess
import sys

import pytest
from tqdm import tqdm

from blur.batch.display import Bars, Lines, Quiet, display

STAGES = ("scan", "follow", "render")


@pytest.fixture(autouse=True)
def every_step_is_drawn(monkeypatch):
    monkeypatch.setattr("blur.batch.display.tqdm", Eager)


class Eager(tqdm):
    def __init__(self, **options):
        super().__init__(**options, mininterval=0, miniters=1)


class Terminal(io.StringIO):
    def isatty(self):
        return True


def play(shown) -> None:
    """Two clips side by side, with a message in between."""
    shown.begin({1: 100, 2: 50}, STAGES)
    shown.start(1, "first.mov")
    shown.start(2, "a name that is much too long for one line of the terminal.mov")
    for done in range(0, 101, 10):
        shown.advance(1, "scan", done, 100)
        shown.advance(2, "scan", done // 2, 50)
    shown.say("a message")
    for done in range(0, 101, 10):
        shown.advance(1, "render", done, 100)
    shown.end(1)
    shown.end(2)
    shown.close()


def test_a_terminal_gets_bars_and_a_pipe_lines():
    assert isinstance(display(Terminal()), Bars)
    assert isinstance(display(io.StringIO()), Lines)


def test_bars_show_the_batch_and_each_clip_and_end_full():
    stream = Terminal()
    play(Bars(stream))
    text = stream.getvalue()
    assert "first.mov scan" in text and "first.mov render" in text
    assert "…" in text
    assert re.search(r"(\d+) of \1 clips +100%", text) and " left" in text


_ON_A_TERMINAL = """
import fcntl, sys, termios
from blur.batch.display import Bars
fcntl.ioctl(2, termios.TIOCSCTTY, 0)
told = lambda: bool(termios.tcgetattr(2)[3] & termios.ECHOCTL)
bars, shown = Bars(sys.stderr), [told()]
bars.begin({1: 10}, ("scan",))
shown.append(told())
bars.close()
print(*shown, told())
"""


def test_the_terminal_writes_no_control_keys_into_the_bars():
    pytest.importorskip("termios", reason="a terminal of Linux or macOS")
    ours, theirs = os.openpty()
    command = [sys.executable, "-c", _ON_A_TERMINAL]
    done = subprocess.run(
        command, stdin=theirs, stdout=-1, stderr=theirs, start_new_session=True, check=True
    )
    os.close(ours)
    os.close(theirs)
    assert done.stdout.split() == [b"True", b"False", b"True"]


def test_messages_do_not_tear_the_bars():
    stream = Terminal()
    play(Bars(stream))
    (line,) = [x for x in re.split(r"[\r\n]|\x1b\[A", stream.getvalue()) if "a message" in x]
    assert line == "a message"


def test_lines_come_now_and_then_and_tell_all(monkeypatch):
    clock = iter(range(0, 10_000, 4))
    monkeypatch.setattr("blur.batch.display.time.monotonic", lambda: next(clock))
    stream = io.StringIO()
    play(Lines(stream))
    lines = stream.getvalue().splitlines()
    assert "a message" in lines
    reports = [line for line in lines if line != "a message"]
    assert 3 <= len(reports) <= 15
    pattern = r"\d/2 clips, \d+/150 frames, [\d.]+ fps, \d+:\d\d:\d\d left"
    assert all(re.fullmatch(pattern, line) for line in reports)
    done = [int(re.search(r"(\d+)/150", line)[1]) for line in reports]
    assert done == sorted(done)


def test_totals_follow_what_clips_turn_out_to_be():
    stream = io.StringIO()
    lines = Lines(stream)
    lines.begin({1: 1}, ("scan",))
    lines.start(1, "a.mov")
    lines.advance(1, "scan", 500, 1000)
    assert lines._count.total == 1000 and lines._count.done == 500
    lines.end(1)
    assert lines._count.done == 1000


def test_a_clip_that_is_tried_again_is_not_counted_twice():
    lines = Lines(io.StringIO())
    lines.begin({1: 100}, ("scan",))
    for _ in range(2):
        lines.start(1, "a.mov")
        lines.advance(1, "scan", 50, 100)
        lines.end(1)
    assert lines._count.done == 100


def test_quiet_says_nothing(capfd):
    play(Quiet())
    assert capfd.readouterr() == ("", "")
