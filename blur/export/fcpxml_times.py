"""FCPXML's times, for OpenTimelineIO's reader: it cuts frames and rates down to whole numbers.

Read as they are, 29.97 frames a second become 29, and a time that no float holds exactly a frame
too few.
"""

from __future__ import annotations

import re
from fractions import Fraction

_FRAME = re.compile(r'(frameDuration=")(\d+)/(\d+)s"')
_TIME = re.compile(r'\b((?:start|duration|offset|tcStart)=")(\d+)(?:/(\d+))?s"')
_RATE = re.compile(r'("rate": *)(\d+)(?:\.0)?\b')


def at_whole_rates(text: str) -> tuple[str, Fraction]:
    """The document at whole rates, its times a little after the beginnings of their frames; and the
    factor from those rates to its own: 1000/1001 or 1.

    Where both kinds of rates meet, the rates stay as they are.
    """
    rates = {Fraction(int(units), int(time)) for _, time, units in _FRAME.findall(text)}
    factors = {rate / round(rate) for rate in rates if rate >= 1}
    factor = factors.pop() if len(factors) == 1 else Fraction(1)
    later = 1 / (4 * max(rates, default=Fraction(1)))

    def frame(found: re.Match[str]) -> str:
        length = Fraction(int(found[2]), int(found[3])) * factor
        return f'{found[1]}{length.numerator}/{length.denominator}s"'

    def time(found: re.Match[str]) -> str:
        seconds = (Fraction(int(found[2]), int(found[3] or 1)) + later) * factor
        return (
            f'{found[1]}{seconds.numerator}/{seconds.denominator}s"'
            if found[2] != "0"
            else found[0]
        )

    return _TIME.sub(time, _FRAME.sub(frame, text)), factor


def at_own_rates(otio_json: str, factor: Fraction) -> str:
    """OpenTimelineIO's JSON of such a document, its whole rates times the factor."""
    return _RATE.sub(lambda found: f"{found[1]}{float(int(found[2]) * factor)}", otio_json)
