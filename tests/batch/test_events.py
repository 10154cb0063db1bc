"""Other programs follow a batch: the events, in order, and the lines of JSON."""

from __future__ import annotations

import json
import re
from pathlib import Path

import msgspec
import pytest

import blur
from blur.batch import events
from blur.batch.events import Begin, End, Events, Finished, Message, Progress, Start

STAGES = ("scan", "follow", "render")
DOCUMENT = (Path(__file__).parents[2] / "docs" / "events.md").read_text()


def test_events_come_in_order_and_not_too_often() -> None:
    heard: list[events.Event] = []
    shown = Events(heard.append)
    shown.begin({1: 100}, STAGES)
    shown.start(1, "a.mov")
    for done in range(101):
        shown.advance(1, "scan", done, 100)
    shown.say("a message")
    shown.advance(1, "render", 100, 100)
    shown.end(1)
    assert heard[:2] == [Begin(clips=1, frames=100), Start(name="a.mov")]
    progress = [e for e in heard if isinstance(e, Progress)]
    assert [(e.stage, e.done) for e in progress] == [("scan", 0), ("scan", 100), ("render", 100)]
    assert [(e.batch_done, e.batch_total) for e in progress] == [(0, 100), (60, 100), (100, 100)]
    assert Message(text="a message") in heard and heard[-1] == End(name="a.mov")


def test_a_batch_ends_with_every_clip_and_the_exit_code(fake) -> None:
    fake.clip("a.mov")
    fake.clip("b.mov", "badly")
    heard: list[events.Event] = []
    report = fake.run(display=Events(heard.append))
    end = events.finished(report)
    assert {type(e) for e in heard} >= {Begin, Start, Progress, End}
    assert end.exit_code == report.exit_code
    assert {c.name: c.state for c in end.clips} == {c.name: str(c.state) for c in report.clips}
    for clip in end.clips:
        assert (clip.error is None) == (clip.state == "done")


def test_python_hears_the_same(fake, monkeypatch: pytest.MonkeyPatch) -> None:
    from blur.batch import run

    fake.clip("a.mov")
    real = run.run
    monkeypatch.setattr(run, "run", lambda *a, **named: real(*a, **named, serial=True))
    heard: list[events.Event] = []
    report = blur.run([fake.inputs], fake.out, on_event=heard.append)
    assert isinstance(heard[0], Begin) and heard[-1] == events.finished(report)


def test_the_document_tells_every_event_with_its_fields() -> None:
    rows = dict(re.findall(r"^\| `(\w+)` \| (.+?) \|", DOCUMENT, re.M))
    kinds = {
        kind.__name__.lower(): kind for kind in (Begin, Start, Progress, End, Message, Finished)
    }
    assert rows.keys() == kinds.keys()
    for name, kind in kinds.items():
        fields = {f.name for f in msgspec.structs.fields(kind)} - {"version"}
        assert fields <= set(re.findall(r"`(\w+)`", rows[name])), name
    for line in re.findall(r"^    (\{.+\})$", DOCUMENT, re.M):
        given = json.loads(line)
        assert json.loads(events.line(msgspec.convert(given, events.Event))) == given
