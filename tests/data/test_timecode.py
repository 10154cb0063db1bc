from __future__ import annotations

from fractions import Fraction

import pytest

from blur.data.timecode import frames_of, shifted, timecode_of

NTSC, FAST = Fraction(30000, 1001), Fraction(60000, 1001)


@pytest.mark.parametrize(
    ("timecode", "rate", "frames"),
    [
        ("00:00:00:00", Fraction(25), 0),
        ("01:00:00:00", Fraction(25), 90_000),
        ("10:20:30:12", Fraction(24000, 1001), (10 * 3600 + 20 * 60 + 30) * 24 + 12),
        ("00:00:59;29", NTSC, 1799),
        ("00:01:00;02", NTSC, 1800),
        ("00:10:00;00", NTSC, 17_982),
        ("01:00:00;00", NTSC, 107_892),
        ("00:01:00;04", FAST, 3600),
    ],
)
def test_timecodes_count_frames_both_ways(timecode, rate, frames):
    assert frames_of(timecode, rate) == frames
    assert timecode_of(frames, rate, ";" in timecode) == timecode


def test_every_frame_of_an_hour_has_a_number_of_its_own():
    numbers = [timecode_of(n, NTSC, drop=True) for n in range(0, 107_892, 7)]
    assert [frames_of(n, NTSC) for n in numbers] == list(range(0, 107_892, 7))
    assert not any(n[6:8] == "00" and n[9:] in ("00", "01") and n[4] != "0" for n in numbers)


def test_a_day_ends_at_midnight():
    assert shifted("23:59:59:24", Fraction(25), 1) == "00:00:00:00"
    assert shifted("00:00:00;00", NTSC, -1) == "23:59:59;29"
    with pytest.raises(ValueError):
        shifted("tomorrow", Fraction(25), 1)


def test_under_ten_frames_a_second_a_file_may_tell_them_by_a_single_digit() -> None:
    assert frames_of("10:20:30:2", Fraction(6)) == (10 * 3600 + 20 * 60 + 30) * 6 + 2
