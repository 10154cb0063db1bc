"""Clips of uneven times at an even rate: each frame of the output shows its frame, covered."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from made_output import track
from msgspec import structs
from numbered import film, numbers
from passing import decoded

from blur.audit.audit import audit_with_faints
from blur.data.frame_map import frame_map, is_even, rate_for
from blur.data.placement import Placement
from blur.data.plan import Fingerprint, Mark, Plan
from blur.disk.fingerprint import fingerprint
from blur.errors import BadOption
from blur.export.frames import table
from blur.export.markers import Marker, on_output
from blur.media.open.probe import probe
from blur.process.progress import silent
from blur.render.again import Earlier, render_again
from blur.render.mattes import MatteFormat, matte_file, write_mattes
from blur.render.render import covers_of, render
from blur.settings import AuditSettings, OutputSettings, Settings

SIZE = 320, 240
MS = Fraction(1, 1000)
STEPS = np.random.default_rng(7).integers(15, 60, 69)
PTS = (0, *np.cumsum(STEPS).tolist())
SETTINGS = Settings(
    output=OutputSettings(crf=0, preset="ultrafast", conform="25"),
    audit=AuditSettings(audit_every=5),
)


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Plan]:
    """A film of uneven times, and a plan with a face from frame 10 to 49."""
    path = tmp_path_factory.mktemp("even") / "a.mp4"
    film(path, PTS, MS, SIZE)
    info = probe(path)
    ticks = MS / info.time_base
    pts = tuple(round(time * ticks) for time in PTS)
    face = track(1, 10, 50, 100, 80, 60)
    face.marks[:5] = Mark.HELD
    return path, Plan(fingerprint(path), *SIZE, info.time_base, pts, (30,), (face,))


@pytest.mark.parametrize(("rate", "frames"), [("12", None), ("60", None), ("29.97", (12, 31))])
def test_frames_are_the_nearest_in_time_and_covered(rate, frames, clip, tmp_path):
    path, plan = clip
    placed = Placement(frames=frames, rate=rate)
    held, out = frame_map(plan, placed), tmp_path / "out.mp4"
    done = render(path, plan, out, SETTINGS, placed=placed)
    info = probe(out)
    assert numbers(out) == list(held.shown) and done.frames == len(held.shown)
    assert abs(info.rate / held.rate - 1) < 1e-6 and is_even([f.pts for f in decoded(out)])
    assert f"{len(held.shown)} frames show" in " ".join(done.notes)
    assert not [note for note in done.notes if "place" in note]
    source = np.array([f.to_ndarray(format="gray") for f in decoded(path)])
    made = np.array([f.to_ndarray(format="gray") for f in decoded(out)])
    step = 1 / held.rate
    for place, frame in enumerate(held.shown):
        time = float((held.start or 0) + held.pts[place] * held.tick)
        own = float(plan.pts[frame] * plan.time_base)
        gap = float(plan.seconds(frame + 1) - plan.seconds(frame))
        assert -float(step) / 2 - 1e-6 <= time - own <= gap + 1e-6, (place, frame)
        covered = made[place][70:90, 90:110] != source[frame][70:90, 90:110]
        assert covered.any() == (10 <= frame < 50), frame
    audit, _ = audit_with_faints(out, plan, SETTINGS, None, None, silent, placed)
    assert audit.frames == len(held.shown) and not audit.residuals
    again = render_again(path, plan, out, SETTINGS, None, None, Earlier(out, plan, done), placed)
    assert again.frames == done.frames


def test_even_clips_and_photographs_keep_their_times(clip):
    _, plan = clip
    even = replace(plan, pts=tuple(range(0, 300, 3)))
    for own in (even, replace(plan, pts=(0,))):
        assert rate_for(own, "25") is None
        assert frame_map(own, Placement(rate="25")).shown == range(own.frames)
    assert rate_for(plan, "") is None
    phone = tuple(np.cumsum([0, *[3000, 3003, 2990] * 20]).tolist())
    auto = rate_for(Plan(Fingerprint(1, ""), 8, 8, Fraction(1, 90_000), phone), "auto")
    assert auto == 30
    with pytest.raises(BadOption):
        OutputSettings(conform="fast")


def test_mattes_markers_and_the_table_have_the_outputs_frames(clip, tmp_path):
    path, plan = clip
    placed = Placement(frames=(5, 60), rate="25")
    held, info = frame_map(plan, placed), probe(path)
    target = matte_file(tmp_path / "m", info, MatteFormat.FFV1)
    covers = covers_of(plan, SETTINGS, None)
    write_mattes(target, info, plan, covers, SETTINGS.output, MatteFormat.FFV1, placed)
    masks = [f.to_ndarray(format="gray") for f in decoded(target)]
    assert [bool(mask.any()) for mask in masks] == [10 <= f < 50 for f in held.shown]
    marks = [Marker(kind="doubt", text="x", start=a, end=b) for a, b in ((0, 5), (20, 24))]
    times, moved = on_output(plan, marks, placed)
    assert times.frames == len(held.shown) and len(moved) == 1
    shown = set(held.shown[moved[0].start : moved[0].end])
    assert shown == {f for f in range(20, 24) if f in held.shown}
    rows = table(plan, held).splitlines()
    assert len(rows) == len(held.shown) + 1
    assert rows[1].split(",")[::2] == ["0", str(held.shown[0])]


def test_an_audit_looks_at_each_shown_frame_once_by_the_clips_number(clip, tmp_path, monkeypatch):
    path, plan = clip
    placed = Placement(rate="12")
    held = frame_map(plan, placed)
    bare = replace(plan, tracks=())
    render(path, bare, tmp_path / "out.mp4", SETTINGS, placed=placed)
    seen = []
    monkeypatch.setattr("blur.media.open.timetable._HEARD_EVERY", 1)  # as in long clips
    monkeypatch.setattr(
        "blur.audit.audit._suspects", lambda a, b, frame, d: seen.append(frame) or ()
    )
    every = structs.replace(SETTINGS, audit=AuditSettings(audit_every=1))
    report, _ = audit_with_faints(tmp_path / "out.mp4", bare, every, None, None, silent, placed)
    assert seen == held.present() and report.looked == len(seen) < plan.frames
