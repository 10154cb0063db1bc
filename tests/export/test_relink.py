"""Timelines linked anew in their own format, read again by OpenTimelineIO and blur's own reader."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import opentimelineio as otio
import pytest

from blur.export import relink
from blur.export.cuts import read_timeline

A = "day 1/a_1.mov", 100, 60
LINKS = {1: (*A, 124), 2: ("b.mov", 0, 80, 24), 3: (*A, 140)}
"""Of the second timeline event the media begins at 0; the fourth event stays as it was."""

EDL = """TITLE: film
FCM: NON-DROP FRAME

001  A001     V     C        01:00:10:00 01:00:10:10 01:00:00:00 01:00:00:10
* FROM CLIP NAME: a.mov
* SOURCE FILE: a.mov
002  BL       V     C        00:00:00:00 00:00:00:05 01:00:00:10 01:00:00:15
003  B001     V     C        00:00:02:00 00:00:02:20 01:00:00:15 01:00:01:00
M2   B001       050.0                00:00:02:00
* FROM CLIP NAME: b.mov
004  A001     V     C        01:00:10:16 01:00:10:20 01:00:01:00 01:00:01:04
* FROM CLIP NAME: a.mov
005  C001     V     C        00:00:00:05 00:00:00:15 01:00:01:04 01:00:01:14
* FROM CLIP NAME: c.mov
* a note that stays
"""

RATE = "<rate><timebase>{base}</timebase><ntsc>{ntsc}</ntsc></rate>"
FILE = """<file id="{id}"><name>{id}.mov</name><pathurl>file://localhost/card/{id}.mov</pathurl>{rate}
<duration>9000</duration><timecode>{rate}<string>01:00:00:00</string><frame>{zero}</frame>
<displayformat>NDF</displayformat></timecode><media><video/></media></file>"""
ITEM = """<clipitem id="{n}"><name>{id}.mov</name>{rate}<duration>9000</duration>
<start>{start}</start><end>{end}</end><in>{begin}</in><out>{out}</out>{file}
<comments><mastercomment1>stays</mastercomment1></comments></clipitem>"""
CUTS = [("a", 250, 10), ("b", 48, 20), ("a", 266, 4), ("c", 5, 10)]
"""Clip, first frame after the media's first, frames."""


def xmeml(rate: Fraction) -> str:
    base, ntsc = round(rate), str(rate.denominator > 1).upper()
    told, items, at, known = RATE.format(base=base, ntsc=ntsc), [], 0, set()
    for number, (name, begin, length) in enumerate(CUTS):
        whole = FILE.format(id=name, rate=told, zero=3600 * base)
        file = f'<file id="{name}"/>' if name in known else whole
        known.add(name)
        span = {"start": at, "end": at + length, "begin": begin, "out": begin + length}
        items.append(ITEM.format(id=name, n=number, rate=told, file=file, **span))
        at += length
    zero = f"<timecode>{told}<string>01:00:00:00</string><frame>{3600 * base}</frame></timecode>"
    return f"""<?xml version="1.0" encoding="UTF-8"?><!DOCTYPE xmeml><xmeml version="5">
<sequence id="s"><name>film</name><duration>{at}</duration>{told}{zero}<media><video><track>
{"".join(items)}</track></video></media></sequence></xmeml>"""


def fcpxml(rate: Fraction) -> str:
    def at(frames: int) -> str:
        time = frames / rate
        return f"{time.numerator}/{time.denominator}s" if time else "0s"

    zero, items, record = 3600 * round(rate), [], 0
    for name, begin, length in CUTS:
        items.append(
            f'<asset-clip name="{name}" ref="{name}" offset="{at(zero + record)}" format="r1"'
            f' start="{at(zero + begin)}" duration="{at(length)}"><note>stays</note></asset-clip>'
        )
        record += length
    assets = [
        f'<asset id="{name}" name="{name}" src="file:///card/{name}.mov" start="{at(zero)}"'
        f' duration="{at(9000)}" hasVideo="1" format="r1"/>'
        for name in "abc"
    ]
    return f"""<?xml version="1.0" encoding="UTF-8"?><!DOCTYPE fcpxml><fcpxml version="1.8">
<resources><format id="r1" frameDuration="{at(1)}" width="64" height="48"/>{"".join(assets)}
</resources><library><event name="e"><project name="film"><sequence format="r1"
 duration="{at(record)}" tcStart="{at(zero)}"><spine>{"".join(items)}</spine></sequence></project>
</event></library></fcpxml>"""


def linked(path: Path, rate: Fraction) -> tuple[str, list]:
    """The new text, checked by blur's own reader, and the events that it had."""
    _, events = read_timeline(path, rate)
    text = relink.relinked(path, events, LINKS, path.parent, rate)
    made = path.with_name(f"new{path.suffix}")
    made.write_text(text)
    relink.require_alike(made, events, LINKS, rate)
    return text, events


def shown(text: str, adapter: str) -> list[tuple[str, float, float]]:
    """File, first frame after the media's first, and frames, by OpenTimelineIO alone."""
    found = []
    for clip in otio.adapters.read_from_string(text, adapter).find_clips():
        media, span = clip.media_reference, clip.source_range
        begin = span.start_time.value - media.available_range.start_time.value
        found.append((media.target_url, begin, span.duration.value))
    return found


def test_an_edl_keeps_its_records_speeds_and_notes(tmp_path):
    path, rate = tmp_path / "film.edl", Fraction(25)
    path.write_text(EDL)
    text, _ = linked(path, rate)
    found = otio.adapters.read_from_string(text, "cmx_3600", rate=25).find_clips()
    black = otio.schema.GeneratorReference
    clips = [clip for clip in found if not isinstance(clip.media_reference, black)]
    spans = [
        (c.name, c.source_range.start_time.value, c.source_range.duration.value) for c in clips
    ]
    assert spans == [
        ("a_1.mov", 124, 10), ("b.mov", 24, 10), ("a_1.mov", 140, 4), ("c.mov", 5, 10)
    ]  # fmt: skip
    assert [c.metadata["cmx_3600"]["reel"] for c in clips] == ["a_1", "b", "a_1", "C001"]
    assert "M2   b       050.0                00:00:00:24" in text and "* a note that stays" in text
    assert [line[-23:] for line in text.splitlines() if " V " in line] == [
        line[-23:] for line in EDL.splitlines() if " V " in line
    ]


@pytest.mark.parametrize("rate", [Fraction(25), Fraction(30_000, 1001)])
def test_xml_links_to_the_new_files_and_keeps_all_else(rate, tmp_path):
    path = tmp_path / "film.xml"
    path.write_text(xmeml(rate))
    text, _ = linked(path, rate)
    url = f"file://localhost{tmp_path}"
    assert shown(text, "fcp_xml") == [
        (f"{url}/day%201/a_1.mov", 24, 10), (f"{url}/b.mov", 24, 20),
        (f"{url}/day%201/a_1.mov", 40, 4), ("file://localhost/card/c.mov", 5, 10),
    ]  # fmt: skip
    assert text.count("<mastercomment1>stays") == 4 and text.count("<pathurl>") == 3


@pytest.mark.parametrize("rate", [Fraction(25), Fraction(30_000, 1001)])
def test_fcpxml_links_to_the_new_files_and_keeps_all_else(rate, tmp_path):
    path = tmp_path / "film.fcpxml"
    path.write_text(fcpxml(rate))
    text, _ = linked(path, rate)
    if rate.denominator == 1:  # OpenTimelineIO alone cuts other rates down
        assert shown(text, "fcpx_xml") == [
            ("day%201/a_1.mov", 24, 10), ("b.mov", 24, 20),
            ("day%201/a_1.mov", 40, 4), ("file:///card/c.mov", 5, 10),
        ]  # fmt: skip
    assert text.count("<note>stays") == 4


def test_what_cannot_be_kept_is_said(tmp_path):
    path, rate = tmp_path / "film.edl", Fraction(25)
    path.write_text(EDL.replace("V     C        01:00:10:16", "V     D    005 01:00:10:16"))
    _, events = read_timeline(path, rate)
    with pytest.raises(ValueError, match="dissolves"):
        relink.relinked(path, events, LINKS, tmp_path, rate)
    path.write_text(EDL)
    with pytest.raises(ValueError, match="event 1 would show"):
        relink.require_alike(path, read_timeline(path, rate)[1], LINKS, rate)


def test_a_clip_that_xml_tells_by_its_name_alone_is_linked_too(tmp_path):
    path, rate = tmp_path / "film.xml", Fraction(25)
    path.write_text(xmeml(rate).replace("</track>", '<clipitem id="0"/></track>'))
    _, events = read_timeline(path, rate)
    links = LINKS | {5: LINKS[1]}
    made = tmp_path / "new.xml"
    made.write_text(relink.relinked(path, events, links, tmp_path, rate))
    relink.require_alike(made, events, links, rate)
    assert len(events) == 5
