"""FCPXML's frames and rates come through OpenTimelineIO's reader exactly."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from blur.export.cuts import read_timeline

NTSC = (Fraction(24_000, 1001), Fraction(30_000, 1001), Fraction(60_000, 1001))


def seconds(frames: int, rate: Fraction) -> str:
    time = frames / rate
    return f"{time.numerator}/{time.denominator}s" if time.denominator > 1 else f"{time}s"


def document(rate: Fraction, first: int, start: int, length: int) -> str:
    """A clip of an hour from frame `first` on, used from `start` for `length` frames."""
    hour, begins, lasts = (seconds(f, rate) for f in (3600 * round(rate), start, length))
    return f"""<?xml version="1.0" encoding="UTF-8"?><!DOCTYPE fcpxml>
<fcpxml version="1.8"><resources>
<format id="r1" frameDuration="{seconds(1, rate)}" width="1920" height="1080"/>
<asset id="r2" name="a" src="file:///card/a.mov" start="{seconds(first, rate)}" duration="{hour}"
 hasVideo="1" format="r1"/></resources>
<library><event name="e"><project name="film">
<sequence format="r1" duration="{lasts}" tcStart="0s"><spine>
<asset-clip name="a" ref="r2" offset="0s" start="{begins}" duration="{lasts}" format="r1"/>
</spine></sequence></project></event></library></fcpxml>"""


@settings(max_examples=40, deadline=None)
@given(
    rate=st.sampled_from([*NTSC, *map(Fraction, (24, 25, 30, 50))]),
    first=st.integers(0, 2_000_000),
    after=st.integers(0, 80_000),
    length=st.integers(1, 5_000),
)
def test_frames_and_rates_are_exact(
    tmp_path_factory: pytest.TempPathFactory, rate: Fraction, first: int, after: int, length: int
) -> None:
    path: Path = tmp_path_factory.getbasetemp() / "film.fcpxml"
    path.write_text(document(rate, first, first + after, length))
    _, (event,) = read_timeline(path, rate)
    assert (event.start, event.length, event.origin) == (first + after, length, first)
    assert event.rate == pytest.approx(float(rate), rel=1e-9)
    assert event.record_rate == pytest.approx(float(rate), rel=1e-9)
