"""The corridor of one clip: scanned, planned, rendered, or refused whole."""

from __future__ import annotations

import dataclasses
import threading
from collections.abc import Callable, Sequence
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import numpy.typing as npt
import pytest

from blur.data.arrays import Picture
from blur.data.edits import Decision, Edits, Keyframe, RegionEdit, TrackEdit
from blur.data.plan import Box, Fingerprint, Plan
from blur.detect.detections import Detections
from blur.disk.fingerprint import fingerprint, sampled
from blur.errors import DecodeError, DetectorError, NotAClip, PlanMismatch
from blur.media.open.probe import probe
from blur.media.open.readers import open_reader
from blur.media.open.small_pictures import display_rgb
from blur.render.render import render
from blur.scan import scan as scanning
from blur.scan.scan import scan
from blur.settings import Codec, Level, OutputSettings, ScanSettings, Settings
from blur.store.plans import load_plan, save_plan

FRAMES, WIDTH, HEIGHT = 14, 352, 288
FACE = 224.0, 118.0, 45.0, 55.0
"""Centre and half axes of the astronaut's face in the photograph, pixels."""

CLOCKWISE = (0, 65536, 0, -65536, 0, 0, 0, 0, 1 << 30)
"""Display matrix of a phone held upright: the stored picture is shown a quarter turn on."""

SCAN = ScanSettings(level=Level.FAST)
SETTINGS = Settings(scan=SCAN, output=OutputSettings(codec=Codec.FFV1))

Pixels = npt.NDArray[np.uint8]


def corner(frame: int) -> tuple[int, int]:
    """Where the camera's window begins in the photograph: it pans."""
    return 60 + 4 * frame, frame


def face(frame: int) -> tuple[float, float]:
    """Where the face is on a frame."""
    x, y = corner(frame)
    return FACE[0] - x, FACE[1] - y


def written(path: Path, pictures: Sequence[Pixels], matrix: tuple[int, ...] | None = None) -> Path:
    """Pictures as a lossless H.264 clip with uneven times."""
    with av.open(str(path), "w") as out:
        stream = out.add_stream("libx264", rate=25, options={"qp": "0", "preset": "ultrafast"})
        stream.height, stream.width = pictures[0].shape[:2]
        stream.pix_fmt = "yuv420p"
        stream.codec_context.time_base = stream.time_base = Fraction(1, 1000)
        if matrix is not None:
            stream.set_display_matrix(matrix)
        for number, picture in enumerate(pictures):
            frame = av.VideoFrame.from_ndarray(np.ascontiguousarray(picture), "rgb24")
            frame.pts, frame.time_base = 40 * number + 5 * (number % 3), Fraction(1, 1000)
            out.mux(stream.encode(frame))
        out.mux(stream.encode(None))
    return path


@pytest.fixture(scope="module")
def film() -> list[Pixels]:
    photograph = pytest.importorskip("skimage.data", reason="ships the photograph").astronaut()
    corners = map(corner, range(FRAMES))
    return [photograph[y : y + HEIGHT, x : x + WIDTH] for x, y in corners]


@pytest.fixture(scope="module")
def clip(film: list[Pixels], tmp_path_factory: pytest.TempPathFactory) -> Path:
    return written(tmp_path_factory.mktemp("clip") / "astronaut.mp4", film)


@pytest.fixture(scope="module")
def plan(clip: Path) -> Plan:
    return scan(clip, SCAN)


def shown(path: Path) -> list[Pixels]:
    """A clip's frames as they are shown, RGB."""
    info = probe(path)
    with open_reader(path, info) as reader:
        return [display_rgb(f.picture, info.orientation, info.width, info.height) for f in reader]


def times(path: Path) -> list[Fraction]:
    info = probe(path)
    with open_reader(path, info) as reader:
        return [f.pts * info.time_base for f in reader]


def changed(before: Path, after: Path) -> list[npt.NDArray[np.bool_]]:
    return [(a != b).any(axis=2) for a, b in zip(shown(before), shown(after), strict=True)]


def share_of_face(mask: npt.NDArray[np.bool_], frame: int) -> float:
    """How much of the face's ellipse a mask of the displayed frame covers."""
    cx, cy = face(frame)
    y, x = np.mgrid[:HEIGHT, :WIDTH] + 0.5
    inside = ((x - cx) / FACE[2]) ** 2 + ((y - cy) / FACE[3]) ** 2 <= 1
    return float(mask[inside].mean())


def test_a_scan_finds_the_face_on_every_frame(clip: Path, plan: Plan) -> None:
    assert (plan.frames, plan.width, plan.height) == (FRAMES, WIDTH, HEIGHT)
    assert plan.cuts == ()
    for frame in range(FRAMES):
        boxes = [box for track in plan.tracks if (box := track.box(frame)) is not None]
        x, y = face(frame)
        assert any(abs(b.cx - x) < 20 and abs(b.cy - y) < 20 and 50 < b.w < 130 for b in boxes)
    assert plan.scan_digest == scan(clip, SCAN).scan_digest


def test_a_scan_gives_the_same_plan_again(clip: Path, plan: Plan, tmp_path: Path) -> None:
    paths = [tmp_path / "first.json", tmp_path / "second.json"]
    for path, each in zip(paths, [plan, scan(clip, SCAN)], strict=True):
        save_plan(each, path)
    assert paths[0].read_bytes() == paths[1].read_bytes()


def test_the_way_from_scan_to_covered_clip(clip: Path, plan: Plan, tmp_path: Path) -> None:
    """Every frame at its own time, the face gone on each, and what is far from it untouched."""
    save_plan(plan, tmp_path / "plan.json")
    out = tmp_path / "out" / "covered.mkv"
    out.parent.mkdir()
    told: list[tuple[str, int, int | None]] = []
    done = render(
        clip, load_plan(tmp_path / "plan.json"), out, SETTINGS, progress=lambda *a: told.append(a)
    )
    assert done.frames == FRAMES
    assert done.bytes_out == out.stat().st_size
    assert told[-1] == ("render", FRAMES, FRAMES)
    assert times(out) == times(clip)
    for frame, mask in enumerate(changed(clip, out)):
        assert share_of_face(mask, frame) > 0.9
        assert not mask[-30:].any()
        assert mask.mean() < 0.5
    assert [p.name for p in out.parent.iterdir()] == ["covered.mkv"]


def test_a_clip_turned_by_its_display_matrix_is_covered_where_it_is_shown(
    film: list[Pixels], tmp_path: Path
) -> None:
    sideways = [np.rot90(picture) for picture in film]
    clip = written(tmp_path / "portrait.mp4", sideways, CLOCKWISE)
    assert [p.shape for p in shown(clip)] == [p.shape for p in film]
    plan = scan(clip, SCAN)
    assert (plan.width, plan.height) == (WIDTH, HEIGHT)
    out = tmp_path / "covered.mp4"
    render(clip, plan, out, Settings())
    info = probe(out)
    assert (info.width, info.height) == (WIDTH, HEIGHT)
    before, after = shown(clip), shown(out)
    for frame, (a, b) in enumerate(zip(before, after, strict=True)):
        difference = np.abs(a.astype(int) - b.astype(int)).max(axis=2) > 12
        assert share_of_face(difference, frame) > 0.7
        assert difference[-30:].mean() < 0.1


def test_a_clip_without_faces_comes_out_as_it_went_in(tmp_path: Path) -> None:
    x, y = np.meshgrid(np.linspace(40, 200, WIDTH), np.linspace(0, 50, HEIGHT))
    pictures = [np.stack([x, x + y, y + k], -1).astype(np.uint8) for k in range(4)]
    clip = written(tmp_path / "empty.mp4", pictures)
    plan = scan(clip, SCAN)
    assert plan.tracks == ()
    render(clip, plan, tmp_path / "out.mkv", SETTINGS)
    assert not any(mask.any() for mask in changed(clip, tmp_path / "out.mkv"))


def test_a_face_kept_clear_is_untouched_and_a_drawn_region_is_covered(
    clip: Path, plan: Plan, tmp_path: Path
) -> None:
    keep = [
        TrackEdit(
            decision=Decision.KEEP,
            path=tuple(Keyframe(f, Box(*t.box(f))) for f in range(t.start, t.end)),
            reason="agreed",
        )
        for t in plan.tracks
    ]
    drawn = RegionEdit(
        id=1, keyframes=(Keyframe(3, Box(30, 160, 20, 20)), Keyframe(5, Box(50, 160, 20, 20)))
    )
    edits = Edits(fingerprint=plan.fingerprint, tracks=tuple(keep), regions=(drawn,))
    out = tmp_path / "out.mkv"
    render(clip, plan, out, SETTINGS, edits)
    for frame, mask in enumerate(changed(clip, out)):
        assert mask.any() == (3 <= frame <= 5)
        if mask.any():
            x = 30 + 10 * (frame - 3)
            assert mask[152:168, x - 8 : x + 8].mean() > 0.5
            assert not mask[:, : x - 16].any()
            assert not mask[:, x + 16 :].any()
            assert not mask[:140].any()


def shorter(plan: Plan) -> Plan:
    return dataclasses.replace(plan, pts=plan.pts[:-1])


def longer(plan: Plan) -> Plan:
    return dataclasses.replace(plan, pts=(*plan.pts, plan.pts[-1] + 40))


def slipped(plan: Plan) -> Plan:
    return dataclasses.replace(plan, pts=(*plan.pts[:7], plan.pts[7] + 1, *plan.pts[8:]))


def of_another_clip(plan: Plan) -> Plan:
    return dataclasses.replace(plan, fingerprint=Fingerprint(1, "00"))


@pytest.mark.parametrize("change", [shorter, longer, slipped, of_another_clip])
def test_a_plan_that_does_not_fit_its_clip_is_refused_and_nothing_is_written(
    clip: Path, plan: Plan, tmp_path: Path, change: Callable[[Plan], Plan]
) -> None:
    with pytest.raises(PlanMismatch) as refused:
        render(clip, change(plan), tmp_path / "out.mkv", SETTINGS)
    assert refused.value.subject == clip.name
    assert refused.value.remedy
    assert list(tmp_path.iterdir()) == []


def test_an_existing_output_survives_a_refusal(clip: Path, plan: Plan, tmp_path: Path) -> None:
    out = tmp_path / "out.mkv"
    out.write_bytes(b"finished before")
    with pytest.raises(PlanMismatch):
        render(clip, longer(plan), out, SETTINGS)
    assert out.read_bytes() == b"finished before"


def test_a_clip_that_differs_only_between_the_samples_is_refused(
    clip: Path, plan: Plan, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("blur.disk.fingerprint._BLOCK", 4)
    content = bytearray(clip.read_bytes())
    content[len(content) // 2 + 20] ^= 1
    twin = tmp_path / "twin.mp4"
    twin.write_bytes(content)
    assert sampled(twin) == sampled(clip)
    with pytest.raises(PlanMismatch):
        render(
            twin,
            dataclasses.replace(plan, fingerprint=fingerprint(clip)),
            tmp_path / "o.mp4",
            Settings(),
        )
    assert not (tmp_path / "o.mp4").exists()


class Failing:
    """A detector that is out of order."""

    name = family = "centerface"

    def detect(self, pictures: Sequence[Picture], threshold: float) -> list[Detections]:
        raise DetectorError("out of order")


def test_a_detector_that_fails_fails_the_scan_and_stops_its_threads(
    clip: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(scanning, "load_detector", lambda name: Failing())
    before = set(threading.enumerate())
    with pytest.raises(DetectorError) as caught:
        scan(clip, SCAN)
    # The error still holds the frames that it passed through; no thread may depend on that.
    assert caught.tb is not None
    assert set(threading.enumerate()) <= before


def test_what_is_no_clip_is_refused(tmp_path: Path) -> None:
    text = tmp_path / "notes.mp4"
    text.write_text("no pictures here\n" * 100)
    with pytest.raises(NotAClip):
        scan(text, SCAN)


def test_a_clip_that_breaks_off_is_not_half_scanned(clip: Path, tmp_path: Path) -> None:
    broken = tmp_path / "broken.mp4"
    whole = clip.read_bytes()
    with av.open(str(clip)) as container:
        packets = [p for p in container.demux(video=0) if p.size]
    middle = packets[FRAMES // 2]
    assert middle.pos is not None
    spoilt = bytearray(whole)
    spoilt[middle.pos : middle.pos + middle.size] = bytes(middle.size)
    broken.write_bytes(bytes(spoilt))
    with pytest.raises(DecodeError):
        scan(broken, SCAN)
