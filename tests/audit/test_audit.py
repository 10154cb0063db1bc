"""The audit of one clip: exposures are planted in its plan, found in its output, and covered."""

from __future__ import annotations

import dataclasses
import hashlib
from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import numpy.typing as npt
import pytest
from msgspec.structs import replace

from blur.audit.audit import audit
from blur.audit.exposure import EXPOSED
from blur.audit.mend import mended
from blur.corridor import cover_clip
from blur.data.edits import Decision, Edits, Keyframe, TrackEdit
from blur.data.findings import Residual
from blur.data.placement import Placement
from blur.data.plan import Box, Plan, Reason, Track
from blur.errors import DecodeError, Exit, OutputError, ResidualFace
from blur.media.open.probe import probe
from blur.media.open.readers import open_reader
from blur.media.open.small_pictures import display_rgb
from blur.process.progress import silent
from blur.render.again import Earlier, render_again
from blur.render.render import render
from blur.scan.scan import scan
from blur.settings import (
    AuditMode,
    AuditSettings,
    Codec,
    FillName,
    Level,
    OutputSettings,
    ScanSettings,
    Settings,
)

pytestmark = pytest.mark.slow

FRAMES, WIDTH, HEIGHT = 40, 352, 288
FACE = 224.0, 118.0, 45.0, 55.0
"""Centre and half axes of the astronaut's face in the photograph, pixels."""

SETTINGS = Settings(
    scan=ScanSettings(level=Level.FAST),
    output=OutputSettings(codec=Codec.FFV1),
    audit=AuditSettings(audit_every=12),
)


def corner(frame: int) -> tuple[int, int]:
    return 60 + 2 * frame, frame // 2


def face(frame: int) -> Box:
    x, y = corner(frame)
    return Box(FACE[0] - x, FACE[1] - y, 2 * FACE[2], 2 * FACE[3])


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    photograph = pytest.importorskip("skimage.data", reason="ships the photograph").astronaut()
    path = tmp_path_factory.mktemp("clip") / "astronaut.mp4"
    with av.open(str(path), "w") as out:
        stream = out.add_stream("libx264", rate=25, options={"qp": "10", "preset": "ultrafast"})
        stream.width, stream.height, stream.pix_fmt = WIDTH, HEIGHT, "yuv420p"
        for number in range(FRAMES):
            x, y = corner(number)
            window = np.ascontiguousarray(photograph[y : y + HEIGHT, x : x + WIDTH])
            frame = av.VideoFrame.from_ndarray(window, "rgb24")
            frame.pts, frame.time_base = number, Fraction(1, 25)
            out.mux(stream.encode(frame))
        out.mux(stream.encode(None))
    return path


@pytest.fixture(scope="module")
def plan(clip: Path) -> Plan:
    found = scan(clip, SETTINGS.scan)
    assert found.tracks
    return found


@pytest.fixture(scope="module")
def bare(plan: Plan) -> Plan:
    """A plan that missed the face."""
    return plan.with_tracks([], [])


def without(plan: Plan, frames: Sequence[int]) -> Plan:
    """The plan with some frames cut out of every track."""
    tracks: list[Track] = []
    for track in plan.tracks:
        for span in np.split(np.arange(track.start, track.end), [f - track.start for f in frames]):
            span = span[~np.isin(span, frames)]
            if len(span):
                rows = span - track.start
                tracks.append(
                    dataclasses.replace(
                        track,
                        id=len(tracks) + 1,
                        start=int(span[0]),
                        boxes=track.boxes[rows],
                        marks=track.marks[rows],
                        scores=track.scores[rows],
                    )
                )
    return plan.with_tracks(tracks, plan.doubts)


def shown(path: Path) -> list[npt.NDArray[np.uint8]]:
    info = probe(path)
    with open_reader(path, info) as reader:
        return [display_rgb(f.picture, info.orientation, info.width, info.height) for f in reader]


def covered_share(clip: Path, out: Path) -> list[float]:
    """How much of the face's ellipse differs from the original, frame by frame."""
    y, x = np.mgrid[:HEIGHT, :WIDTH] + 0.5
    shares = []
    for number, (before, after) in enumerate(zip(shown(clip), shown(out), strict=True)):
        box = face(number)
        inside = ((x - box.cx) / box.w) ** 2 + ((y - box.cy) / box.h) ** 2 <= 0.25
        shares.append(float((before != after).any(axis=2)[inside].mean()))
    return shares


def lies_on_the_face(box: Box, frame: int) -> bool:
    there = face(frame)
    return abs(box.cx - there.cx) < there.w / 3 and abs(box.cy - there.cy) < there.h / 3


@pytest.mark.parametrize("fill", list(FillName))
def test_nothing_is_seen_in_a_covered_clip(
    clip: Path, plan: Plan, tmp_path: Path, fill: FillName
) -> None:
    settings = replace(SETTINGS, cover=replace(SETTINGS.cover, fill=fill))
    out = tmp_path / "out.mkv"
    done = cover_clip(clip, plan, out, settings)
    (audit,) = done.audits
    assert audit.residuals == []
    assert (audit.frames, audit.looked) == (FRAMES, 5)
    assert "12" in audit.sampling
    assert "narrower than 10 pixels" in audit.unseen[0] and "35 frames" in audit.unseen[1]
    assert any(name.startswith("blazeface") for name in audit.detectors)
    assert done.plan == plan
    assert [p.name for p in tmp_path.iterdir()] == ["out.mkv"]


def test_a_part_is_looked_at_at_both_ends_and_told_by_the_clips_frames(
    clip: Path, bare: Plan, tmp_path: Path
) -> None:
    out, part = tmp_path / "out.mkv", Placement(frames=(7, 33))
    done = cover_clip(clip, bare, out, SETTINGS, placed=part)
    first, last = done.audits
    assert {r.frame for r in first.residuals} == {7, 19, 31, 32} and not last.residuals
    assert all(lies_on_the_face(r.box, r.frame) for r in first.residuals)
    assert (first.frames, done.rendered.frames) == (26, 26)


def test_a_face_that_the_scan_missed_is_found_followed_and_covered(
    clip: Path, bare: Plan, tmp_path: Path
) -> None:
    out, grown = tmp_path / "out.mkv", []
    done = cover_clip(clip, bare, out, SETTINGS, keep=lambda plan: grown.append(plan) or plan)
    first, last = done.audits
    assert {r.frame for r in first.residuals} == {0, 12, 24, 36, 39}
    for residual in first.residuals:
        assert lies_on_the_face(residual.box, residual.frame)
        assert residual.seconds == pytest.approx(residual.frame / 25)
    assert last.residuals == []
    assert min(covered_share(clip, out)) > 0.98
    assert {track.source for track in done.plan.tracks} == {"audit"}
    assert {doubt.reason for doubt in done.plan.doubts} == {Reason.RESIDUAL}
    assert grown == [done.plan]


def test_a_single_frame_without_its_cover_is_found_and_covered(
    clip: Path, plan: Plan, tmp_path: Path
) -> None:
    holed, out = without(plan, [17]), tmp_path / "out.mkv"
    done = cover_clip(clip, holed, out, SETTINGS)
    assert {r.frame for r in done.audits[0].residuals} == {17}
    assert done.audits[-1].residuals == []
    assert min(covered_share(clip, out)) > 0.98


def test_only_what_changed_is_encoded_again_and_all_is_as_if_rendered_whole(
    clip: Path, plan: Plan, tmp_path: Path
) -> None:
    holed, out, whole = without(plan, [17]), tmp_path / "out.mkv", tmp_path / "whole.mkv"
    first = render(clip, holed, out, SETTINGS)
    patch = Track.unseen(99, 17, np.array([face(17)], np.float32), "audit")
    mended = holed.with_tracks([*holed.tracks, patch], [])
    rendered: list[int] = []
    again = render_again(
        clip,
        mended,
        out,
        SETTINGS,
        None,
        lambda stage, done, total: rendered.append(done - 1),
        Earlier(out, holed, first),
    )
    assert rendered == [17]
    report = render(clip, mended, whole, SETTINGS)
    assert all(np.array_equal(*pair) for pair in zip(shown(out), shown(whole), strict=True))
    assert (again.frames, again.notes, again.dropped) == (40, report.notes, report.dropped)
    assert again.bytes_out == out.stat().st_size
    assert again.sha256 == hashlib.sha256(out.read_bytes()).hexdigest()


def test_a_cover_that_ends_too_early_is_seen_beside_its_end(
    clip: Path, plan: Plan, tmp_path: Path
) -> None:
    # From 29 on: between the looks at 24 and 36, and no track follows.
    settings = replace(SETTINGS, audit=replace(SETTINGS.audit, audit_every=1000))
    out = tmp_path / "out.mkv"
    done = cover_clip(clip, without(plan, range(29, FRAMES)), out, settings)
    assert done.audits[0].closeups > 0
    assert 29 in {r.frame for r in done.audits[0].residuals}
    assert min(covered_share(clip, out)) > 0.98


def test_a_fainter_face_is_covered_along_with_a_sure_one(clip: Path, bare: Plan) -> None:
    faint = Box(300, 220, 40, 50)
    faces = [
        Residual(frame=12, seconds=0.48, box=box, sure=sure, seen_by=["yunet"])
        for box, sure in ((face(12), 0.95), (faint, 0.6))
    ]
    plan = mended(clip, bare, None, faces, SETTINGS, silent)
    assert sorted(doubt.weight for doubt in plan.doubts) == pytest.approx([0.6, 0.95])
    assert [doubt.track for doubt in plan.doubts] == [track.id for track in plan.tracks]
    assert all(track.box(12) is not None for track in plan.tracks)


def test_a_cover_that_no_render_painted_is_seen(clip: Path, plan: Plan) -> None:
    through = audit(clip, plan, SETTINGS).residuals
    assert through and max(r.bare for r in through) <= EXPOSED


def test_a_new_cover_lasts_where_the_face_shows(clip: Path, plan: Plan) -> None:
    short = without(plan, range(20, 24))
    box, seen_by = face(21), ["yunet"]
    residual = Residual(frame=21, seconds=0.84, box=box, sure=0.95, seen_by=seen_by)
    grown = mended(clip, short, None, [residual], SETTINGS, silent)
    new = [track for track in grown.tracks if track.source == "audit"]
    assert new and min(t.start for t in new) >= 20 - 4 and max(t.end for t in new) <= 24 + 4
    assert all(any(t.box(frame) for t in new) for frame in range(20, 24))
    assert [(d.start, d.end) for d in grown.doubts[-len(new) :]] == [(t.start, t.end) for t in new]


def test_report_lists_and_leaves_the_clip_as_it_is(clip: Path, bare: Plan, tmp_path: Path) -> None:
    settings = replace(SETTINGS, audit=replace(SETTINGS.audit, audit=AuditMode.REPORT))
    out, grown = tmp_path / "out.mkv", []
    done = cover_clip(clip, bare, out, settings, keep=lambda plan: grown.append(plan) or plan)
    assert len(done.audits) == 1 and done.audits[0].residuals
    assert done.plan.tracks == ()
    assert [(d.reason, d.track) for d in done.plan.doubts] == [(Reason.RESIDUAL, None)]
    assert grown == [done.plan]
    assert max(covered_share(clip, out)) < 0.02
    again = cover_clip(clip, done.plan, tmp_path / "again.mkv", settings)
    assert again.plan == done.plan  # the same doubts, not twice


def test_off_does_not_look(clip: Path, bare: Plan, tmp_path: Path) -> None:
    settings = replace(SETTINGS, audit=replace(SETTINGS.audit, audit=AuditMode.OFF))
    done = cover_clip(clip, bare, tmp_path / "out.mkv", settings)
    assert (done.audits, done.plan) == ((), bare)


def test_what_remains_fails_the_clip_and_leaves_no_output(
    clip: Path, bare: Plan, tmp_path: Path
) -> None:
    settings = replace(SETTINGS, audit=replace(SETTINGS.audit, audit_rounds=0))
    grown: list[Plan] = []
    with pytest.raises(ResidualFace, match=r"at 0\.0 s") as caught:
        cover_clip(
            clip, bare, tmp_path / "out.mkv", settings, keep=lambda plan: grown.append(plan) or plan
        )
    assert caught.value.exit_code is Exit.RESIDUAL
    assert list(tmp_path.iterdir()) == []
    assert [doubt.reason for doubt in grown[-1].doubts] == [Reason.RESIDUAL]


def test_a_face_that_a_person_keeps_clear_is_not_residual(
    clip: Path, plan: Plan, tmp_path: Path
) -> None:
    edits = Edits(
        fingerprint=plan.fingerprint,
        tracks=tuple(
            TrackEdit(
                decision=Decision.KEEP,
                path=tuple(Keyframe(f, track.box(f)) for f in range(track.start, track.end)),
                reason="agreed",
            )
            for track in plan.tracks
        ),
    )
    out = tmp_path / "out.mkv"
    done = cover_clip(clip, plan, out, SETTINGS, edits)
    assert done.audits[0].residuals == []
    assert max(covered_share(clip, out)) < 0.02
    assert audit(out, plan, SETTINGS).residuals  # what nobody decided is


def test_a_cover_that_was_never_painted_is_seen(clip: Path, plan: Plan) -> None:
    found = audit(clip, plan, SETTINGS).residuals
    assert found and all(residual.bare < 0.25 for residual in found)


def test_a_clip_that_is_not_the_plans_is_refused(clip: Path, plan: Plan) -> None:
    with pytest.raises(OutputError, match="size"):
        audit(clip, dataclasses.replace(plan, width=640), SETTINGS)
    with pytest.raises(OutputError, match="frames"):
        audit(clip, dataclasses.replace(plan, pts=plan.pts[:-3]), SETTINGS)


def test_damage_on_the_way_to_a_frame_that_is_looked_at_is_an_error(
    clip: Path, plan: Plan, tmp_path: Path
) -> None:
    with av.open(str(clip)) as container:
        packets = [(p.pos, p.size) for p in container.demux(video=0) if p.size]
    content = bytearray(clip.read_bytes())
    for position, size in packets[5:8]:  # of 40; the first that is looked at afterwards is 12
        content[position + size // 4 : position + size] = bytes(size - size // 4)
    broken = tmp_path / "broken.mp4"
    broken.write_bytes(content)
    with pytest.raises(DecodeError):
        audit(broken, plan, SETTINGS)
