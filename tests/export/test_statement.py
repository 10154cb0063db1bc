"""The statement of a folder that was covered, decided on, covered again and watched."""

from __future__ import annotations

import re
from html import unescape
from pathlib import Path

import msgspec
import pytest
from made_output import LOSSLESS, film, make_output

from blur.batch.run import run
from blur.data.edits import Decision, Edits, RegionEdit, SoundEdit, SoundUse, TrackEdit
from blur.data.plan import Box, Keyframe
from blur.disk.fingerprint import file_sha256, fingerprint
from blur.export.report_page import page as report_page
from blur.export.statement import statement
from blur.store import checks
from blur.store.plans import load_plan, save_edits
from blur.store.report import Signature, load_report
from blur.store.shelf import Shelf


def read(out: Path) -> str:
    """The statement's text, a line for each element."""
    page = statement(out, Shelf(out))
    assert not re.search(r"<(img|script|link|iframe)|url\(|https?:|data:", page)
    assert str(out) not in page
    return unescape(re.sub(r"(<[^>]*>\s*)+", "\n", page.split("</style>")[1]))


@pytest.fixture(scope="module")
def decided(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A clip with a person kept clear, a drawn region and its own sound, watched by AB."""
    folder = tmp_path_factory.mktemp("statement")
    clip = folder / "in" / "a.mp4"
    film(clip, 1)
    out = make_output(folder)
    work = Shelf(out).folder
    track = load_plan(work.plan_of(fingerprint(clip))).tracks[0]
    edits = Edits(
        fingerprint=fingerprint(clip),
        tracks=(
            TrackEdit(
                decision=Decision.KEEP,
                path=tuple(Keyframe(f, track.box(f) or Box(0, 0, 1, 1)) for f in (6, 29)),
                reason="agreed <in> writing",
                consent="form 12",
                confirmed=True,
            ),
        ),
        regions=(RegionEdit(id=1, keyframes=(Keyframe(60, Box(40, 40, 20, 20)),), reason="badge"),),
        sound=SoundEdit(use=SoundUse.KEEP, mutes=((1.0, 2.5),), bleeps=((2.0, 2.5),)),
    )
    save_edits(edits, work.edits_of(fingerprint(clip)))
    assert not [
        c.error
        for c in run([folder / "in"], out, LOSSLESS, scan=False, serial=True).clips
        if c.error
    ]
    shelf = Shelf(out)
    (entry,) = shelf.entries()
    signed = Signature(by="AB", at="2026-11-28T10:00:00Z", watched=3.0, seconds=3.0)
    checks.sign(work, entry, file_sha256(work.edits_of(entry.fingerprint)), signed)
    return out


def test_it_tells_who_is_clear_and_why_who_watched_which_file_and_how_it_was_made(
    decided: Path,
) -> None:
    text = read(decided)
    (entry,) = Shelf(decided).entries()
    assert entry.report and entry.report.sha256_out and entry.edits_sha256
    for told in (
        "Face 0: kept clear: agreed <in> writing, consent form 12 (0:00:00.2-0:00:01.0, frames ",
        "Region 1: covered: badge (0:00:02.0-0:00:02.0, frames 60-60)",
        "the clip's own sound: voices can identify people; silent: 0:00:01.0-0:00:02.0"
        "; a tone in place of the sound: 0:00:02.0-0:00:02.5",
        "2, answered by a person: 0",
        "AB on 2026-11-28, 100 % watched",
        entry.report.sha256_out,
        entry.edits_sha256,
        "a soft picture made from the colours around the head",
        "marked as not double-checked were not searched again",
        "producer, date",
    ):
        assert told in text, told
    assert "attention" not in text
    report = load_report(decided)
    assert report
    told = [one.words for clip in report.clips for one in clip.uncovered]
    assert told == ["frames 6-29 kept clear, consent form 12"]
    assert told[0] in report_page(report) and "agreed" not in report_page(report)


def test_a_decision_after_the_render_is_not_passed_off_as_done(decided: Path) -> None:
    shelf = Shelf(decided)
    (entry,) = shelf.entries()
    file = shelf.folder.edits_of(entry.fingerprint)
    before = file.read_bytes()
    edits = msgspec.json.decode(before)
    file.write_bytes(msgspec.json.encode({**edits, "tracks": []}))
    try:
        text = read(decided)
    finally:
        file.write_bytes(before)
    assert "decisions changed since this file was made" in text
    assert "agreed <in> writing" in text  # the file shows the person still
