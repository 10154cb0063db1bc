import json
import re
from pathlib import Path

import msgspec
import pytest
from msgspec.structs import replace

from blur.data.findings import Audit, Residual
from blur.data.plan import Box
from blur.errors import DecodeError, Exit, OutputError
from blur.settings import BatchSettings, Settings, Timecode
from blur.store.report import (
    BatchReport,
    ClipReport,
    Problem,
    Skipped,
    State,
    ahead,
    exit_code,
    for_report,
    load_report,
    table,
)

AUDIT = Audit(
    frames=9, looked=9, closeups=0, sampling="all", detectors=["a"], residuals=[], seconds=1.0
)
RESIDUAL = Residual(frame=1, seconds=0.1, box=Box(1, 1, 1, 1), sure=0.9, seen_by=["a"])
DONE = ClipReport(
    name="day 1/a.mov", state=State.DONE, output="day 1/a.mp4", frames=250, sightings=12,
    tracks=5, people=2,
    doubt_seconds=1.5, excess_seconds=4.5, seconds=10, dropped=["location", "sound"],
    notes=["a note"],
    audits=[AUDIT],
)  # fmt: skip
FAILED = ClipReport(
    name="b.mov", state=State.FAILED, error=Problem.of(DecodeError("is cut off", remedy="copy it"))
)


def report(*clips: ClipReport, skipped=()) -> BatchReport:
    return BatchReport(
        version="1", settings=Settings(), clips=list(clips), skipped=list(skipped), exit_code=1,
        seconds=3.0,
    )  # fmt: skip


def failed(code: Exit) -> ClipReport:
    return ClipReport(name="x", state=State.FAILED, error=Problem("", "", code))


@pytest.mark.parametrize(
    ("clips", "code"),
    [
        ([], Exit.NOTHING),
        ([DONE], Exit.OK),
        ([DONE, FAILED], Exit.FAILED),
        ([DONE, failed(Exit.RESIDUAL)], Exit.RESIDUAL),
        ([FAILED, failed(Exit.RESIDUAL)], Exit.FAILED),
        ([failed(Exit.SETUP), failed(Exit.SETUP)], Exit.SETUP),
        ([DONE, failed(Exit.USAGE)], Exit.FAILED),
        ([DONE, ClipReport(name="y", state=State.LATER)], Exit.FAILED),
        ([DONE, ClipReport(name="y", state=State.FOUND)], Exit.FAILED),
        ([ClipReport(name="y", state=State.SCANNED)], Exit.OK),
        ([DONE, replace(DONE, audits=[])], Exit.UNAUDITED),
        ([FAILED, replace(DONE, audits=[])], Exit.FAILED),
        ([DONE, replace(DONE, audits=[replace(AUDIT, residuals=[RESIDUAL])])], Exit.RESIDUAL),
        ([DONE, replace(DONE, audits=[replace(AUDIT, residuals=[RESIDUAL]), AUDIT])], Exit.OK),
    ],
)
def test_exit_codes(clips, code):
    assert exit_code(clips, interrupted=False) == code
    assert exit_code(clips, interrupted=True) == Exit.INTERRUPTED


def test_the_table_shows_figures_failures_and_what_was_left_out():
    text = table(report(DONE, FAILED, skipped=[Skipped("c.txt", "is text")]))
    (row,) = [line for line in text.splitlines() if line.startswith("day 1/a.mov")]
    assert re.sub(" +", " ", row) == "day 1/a.mov done 250 12 5 2 1.5 s 4.5 s 10.0 s 25.0 fps"
    assert "failed: b.mov: is cut off (copy it)" in text
    assert "note: a note" in text and "Removed hidden data: location\nleft out: sound\n" in text
    assert "skipped: c.txt (is text)" in text
    assert text.splitlines()[-1] == "1 done, 1 failed"


def test_what_many_clips_share_is_said_once():
    clips = [ClipReport(name=str(i), state=State.DONE, dropped=["sound"]) for i in range(30)]
    text = table(report(*clips, skipped=[Skipped(str(i), "text") for i in range(50)]))
    assert text.count("sound") == 1 and "left out: sound (30 clips)" in text
    assert text.count("skipped:") == 21 and "30 more" in text


def test_the_table_names_clips_whose_looks_miss_small_faces():
    coarse = ClipReport(name="8k.mov", state=State.DONE, smallest_face=48)
    fine = ClipReport(name="hd.mov", state=State.DONE, smallest_face=24)
    shown = table(report(coarse, fine))
    assert "small faces: 8k.mov: none under 48 pixels is seen" in shown
    assert "hd.mov: none" not in shown


@pytest.mark.parametrize("width", [60, 80, 120])
def test_a_table_keeps_to_the_width_of_the_terminal(width):
    waits = ClipReport(name="day 2/c.mov", state=State.FOUND)
    rows = table(report(DONE, waits), width).splitlines()[:3]
    assert all(len(row) <= width for row in rows)
    assert rows[0].split()[:2] == ["clip", "state"] and "doubt" in rows[0]
    assert ("speed" in rows[0]) == (width >= 100) and "waiting" in rows[2]


def test_a_table_of_many_clips_shows_the_most_doubtful():
    clips = [
        ClipReport(name=f"{i}.mov", state=State.DONE, doubt_seconds=float(i)) for i in range(500)
    ]
    lines = table(report(*clips)).splitlines()
    assert len(lines) < 120
    assert lines[1].startswith("499.mov")
    assert any("400 more" in line for line in lines)


def test_the_report_is_whole_or_absent(tmp_path):
    report(DONE).save(tmp_path, [])
    assert json.loads((tmp_path / "report.json").read_text())["clips"][0]["frames"] == 250
    assert [p.name for p in tmp_path.iterdir()] == ["report.json"]
    with pytest.raises(OutputError):
        report(DONE).save(tmp_path / "missing", [])


def test_the_settings_in_a_report_are_free_of_paths_and_serve_the_review():
    batch = BatchSettings(
        jobs=3, device="cuda", stall_timeout=7, include=("Ahmad*",), exclude=("b",), rename=True
    )
    kept = for_report(Settings(batch=batch)).batch
    assert (kept.jobs, kept.device, kept.stall_timeout, kept.rename) == (3, "cuda", 7, True)
    assert (kept.include, kept.exclude) == ((), ())
    cluster = replace(batch, cluster="tcp://h:1", cluster_map=("/a=/b",), cluster_tls="/c")
    kept = for_report(Settings(batch=cluster)).batch
    assert kept == replace(for_report(Settings(batch=batch)).batch, device="cpu")


def test_a_run_ends_with_what_is_left_to_do() -> None:
    asked = replace(DONE, doubts=1), replace(DONE, name="c.mov", doubts=5)
    assert ahead(report(*asked, DONE), Path("my out")) == [
        "6 doubts in 2 clips; look at those that wait: blur review 'my out'"
    ]
    stopped = replace(report(DONE), exit_code=Exit.INTERRUPTED)
    assert ahead(stopped, Path("out")) == ["stopped; run the same command again to go on"]
    assert ahead(report(DONE), Path("out")) == []


@pytest.mark.parametrize(("kept", "now"), [(True, Timecode.KEEP), (False, Timecode.ZERO)])
def test_a_report_of_an_earlier_version_is_read(tmp_path, kept, now):
    """`keep_timecode` was an option until 0.2.0."""
    report = BatchReport(
        version="0.2.0", settings=Settings(), clips=[], skipped=[], exit_code=0, seconds=1.0
    )
    written = msgspec.to_builtins(report)
    del written["settings"]["output"]["timecode"], written["settings"]["output"]["reel"]
    written["settings"]["output"]["keep_timecode"] = kept
    (tmp_path / "report.json").write_bytes(msgspec.json.encode(written))
    read = load_report(tmp_path)
    assert read is not None and read.settings.output.timecode is now


def test_a_report_with_an_option_of_no_version_is_not_read(tmp_path):
    """It may have decided how large covers are."""
    report = BatchReport(
        version="9", settings=Settings(), clips=[], skipped=[], exit_code=0, seconds=1.0
    )
    written = msgspec.to_builtins(report)
    written["settings"]["cover"]["unheard_of"] = 1
    (tmp_path / "report.json").write_bytes(msgspec.json.encode(written))
    assert load_report(tmp_path) is None
