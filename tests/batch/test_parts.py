"""`blur run CLIP@SPAN`: a part of a clip, and the whole of it afterwards."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from batch_fixtures import error_of

from blur.data.part import frames_in, parted
from blur.data.plan import Fingerprint, Plan
from blur.errors import Exit, UsageError

STEADY = Plan(Fingerprint(1, ""), 64, 48, Fraction(1, 25), tuple(range(100)))
VARYING = Plan(
    Fingerprint(1, ""), 64, 48, Fraction(1, 1000), tuple(np.cumsum([7, *[33, 41] * 49]).tolist())
)


@pytest.mark.parametrize(
    ("part", "frames"),
    [
        ("0-1", (0, 25)),
        ("00:01-00:03", (25, 75)),
        ("0:01.01-0:01.05", (26, 27)),
        ("0:03-1:00:00", (75, 100)),
        ("00:00:01:05-00:00:02:00", (30, 50)),
    ],
)
def test_a_part_holds_the_frames_that_begin_in_it(part, frames):
    assert frames_in(part, STEADY) == frames


def test_a_part_goes_by_each_frames_own_time():
    start, stop = frames_in("0.5-1.5", VARYING)
    seconds = [VARYING.seconds(i) for i in (start - 1, start, stop - 1, stop)]
    assert seconds[0] < 0.5 <= seconds[1] and seconds[2] < 1.5 <= seconds[3]


def test_a_part_without_a_frame_is_refused():
    with pytest.raises(ValueError, match="no frame"):
        frames_in("9-10", STEADY)


def test_a_name_with_an_at_is_a_name_first(tmp_path):
    for name in ("clip.mov", "odd@0-1"):
        (tmp_path / name).touch()
    assert parted(tmp_path / "odd@0-1") == (tmp_path / "odd@0-1", "")
    assert parted(tmp_path / "clip.mov@0:10-0:20") == (tmp_path / "clip.mov", "0:10-0:20")
    assert parted(tmp_path / "gone@0-1") == (tmp_path / "gone@0-1", "")
    with pytest.raises(ValueError):
        parted(tmp_path / "clip.mov@now")


def test_a_part_then_another_then_the_whole(fake):
    clip = fake.clip("a.mov", frames=50)
    for part, held in (("@0-1", "(0, 25)"), ("@0:01-0:02", "(25, 50)"), ("", "None")):
        given = Path(f"{clip}{part}")
        assert fake.run(given).exit_code == Exit.OK and fake.calls["render a.mov"] == 1
        assert fake.outputs["a.mp4"].endswith(held)
        assert fake.run(given).exit_code == Exit.OK and not fake.calls
    assert not fake.calls["scan a.mov"]


def test_a_part_beyond_the_end_fails_alone(fake):
    fake.clip("b.mov")
    report = fake.run(Path(f"{fake.clip('a.mov')}@9:00-9:10"), fake.inputs / "b.mov")
    assert "no frame" in error_of(report, "a.mov").problem and list(fake.outputs) == ["b.mp4"]


def test_two_parts_of_a_clip_need_two_folders(fake):
    clip = fake.clip("a.mov")
    with pytest.raises(UsageError, match="twice"):
        fake.run(Path(f"{clip}@0-1"), Path(f"{clip}@1-2"))
