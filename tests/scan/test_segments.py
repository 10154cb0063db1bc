"""A scan in segments gives the plan of a whole scan, wherever the seams lie."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from pathlib import Path

import av
import cv2
import numpy as np
import pytest

from blur.data.arrays import Picture
from blur.data.plan import Plan
from blur.detect.detections import Detections
from blur.errors import DecodeError
from blur.process.progress import silent
from blur.scan import scan as scanning
from blur.scan import segments
from blur.scan.scan import scan
from blur.settings import Level, ScanSettings
from blur.store.plans import save_plan

SCAN = ScanSettings(level=Level.FAST)
SHOT = 36


class Bright:
    """A detector that sees faces where it is bright."""

    def __init__(self, name: str) -> None:
        self.name = self.family = name

    def detect(self, pictures: Sequence[Picture], threshold: float) -> list[Detections]:
        return [self._seen(picture) for picture in pictures]

    def _seen(self, picture: Picture) -> Detections:
        mask = (picture[:, :, 1] > 225).astype(np.uint8)
        _, _, stats, centres = cv2.connectedComponentsWithStats(mask)
        boxes = [
            (x, y, stat[cv2.CC_STAT_WIDTH], stat[cv2.CC_STAT_HEIGHT], 0)
            for stat, (x, y) in zip(stats[1:], centres[1:], strict=True)
            if stat[cv2.CC_STAT_AREA] > 30
        ]
        scores = np.full(len(boxes), 0.8, np.float32)
        return Detections.of(np.array(boxes, np.float32).reshape(-1, 5), scores, self.name)


def pictures() -> list[Picture]:
    """Shots under a moving camera, the last one in the dark, and a bright face walking in each;
    over them a strobe, black frames, and a flash before a cut."""
    film = []
    for shot in range(4):
        noise = np.random.default_rng(shot).integers(0, 200, (40, 80, 3), np.uint8)
        scene = cv2.resize(noise, (640, 320), interpolation=cv2.INTER_CUBIC)
        for i in range(SHOT):
            x = 3 * i if shot % 2 else 200 - 2 * i
            picture = scene[20 + i : 212 + i, x : x + 256].copy()
            if shot == 3:
                picture //= 4
            cv2.circle(picture, (60 + 4 * i, 90 + 10 * shot), 14, (250, 250, 250), -1)
            film.append(picture)
    flash = np.full_like(film[0], 240)
    for i in range(SHOT // 2, SHOT, 2):
        film[SHOT + i] = flash
    film[2 * SHOT : 2 * SHOT + 5] = [np.zeros_like(flash)] * 5
    film[3 * SHOT - 1] = flash  # right before a cut
    return film


def written(path: Path, film: Sequence[Picture]) -> Path:
    options = {"g": "12", "bf": "3", "crf": "12", "x264-params": "open-gop=1:scenecut=0"}
    with av.open(str(path), "w") as out:
        stream = out.add_stream("libx264", rate=30, options=options)
        stream.height, stream.width = film[0].shape[:2]
        stream.pix_fmt = "yuv420p"
        for picture in film:
            out.mux(stream.encode(av.VideoFrame.from_ndarray(picture, "rgb24")))
        out.mux(stream.encode(None))
    return path


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return written(tmp_path_factory.mktemp("film") / "long.mp4", pictures())


@pytest.fixture
def bright(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(scanning, "load_detector", Bright)


def in_segments(clip: Path, pts: Sequence[int], starts: Sequence[int]) -> Plan:
    spans = segments.Segments(pts, starts).spans()
    parts = [segments.look(clip, SCAN, pts, span, silent) for span in reversed(spans)]
    saved = [segments.to_bytes(part) for part in reversed(parts)]
    return scan(clip, SCAN, None, segments.joined([*map(segments.from_bytes, saved)]))


def assert_equal(plan: Plan, whole: Plan, folder: Path) -> None:
    save_plan(plan, folder / "plan.json")
    save_plan(whole, folder / "whole.json")
    assert (folder / "plan.json").read_bytes() == (folder / "whole.json").read_bytes()


def test_wherever_the_seams_lie_the_plan_is_the_same(bright: None, clip: Path, tmp_path: Path):
    whole = scan(clip, SCAN)
    assert len(whole.cuts) >= 3 and len(whole.tracks) >= 4
    frames = len(whole.pts)
    for first in (7, 18, 29):
        plan = in_segments(clip, whole.pts, [0, *range(first, frames, 32)])
        assert_equal(plan, whole, tmp_path)


def test_segments_begin_at_key_frames_and_are_about_as_long_as_asked(clip: Path):
    division = segments.divide(clip, 40, silent)
    assert division is not None
    assert division.starts == [0, 48, 96]
    assert [len(span) for span in division.spans()] == [48, 48, 48]


def test_progress_counts_the_segment_in_the_clip(bright: None, clip: Path):
    division = segments.divide(clip, 40, silent)
    assert division is not None
    told: list[tuple[str, int, int | None]] = []
    segments.look(clip, SCAN, division.pts, range(48, 96), lambda *news: told.append(news))
    assert told[-1] == ("scan", 48, 4 * SHOT)
    assert all(0 <= done <= 48 for _, done, _ in told)


@pytest.mark.parametrize("length", [100, 1000])
def test_what_is_short_or_cannot_be_entered_stays_whole(clip: Path, length: int):
    assert segments.divide(clip, length, silent) is None


def test_a_segment_is_as_strict_as_a_whole_scan(bright: None, clip: Path, tmp_path: Path):
    division = segments.divide(clip, 40, silent)
    assert division is not None
    with av.open(str(clip)) as container:
        packets = [p for p in container.demux(video=0) if p.size]
    hit = packets[60]
    assert hit.pos is not None
    spoilt = bytearray(clip.read_bytes())
    spoilt[hit.pos + 8 : hit.pos + hit.size] = bytes(hit.size - 8)
    broken = tmp_path / "broken.mp4"
    broken.write_bytes(bytes(spoilt))
    with pytest.raises(DecodeError):
        segments.look(broken, SCAN, division.pts, range(48, 96), silent)
    with pytest.raises(DecodeError):  # not the clip that was divided
        segments.look(clip, SCAN, [pts + 1 for pts in division.pts], range(48, 96), silent)


@pytest.mark.slow
def test_real_faces_with_the_real_detectors(shared_clips: Path, tmp_path: Path):
    film = []
    for name in ("cuts0", "pan0", "whip0"):
        with av.open(str(shared_clips / f"{name}.mp4")) as container:
            frames = itertools.islice(container.decode(video=0), 20)
            film += [frame.to_ndarray(format="rgb24") for frame in frames]
    clip = written(tmp_path / "long.mp4", film)
    whole = scan(clip, SCAN)
    division = segments.divide(clip, 24, silent)
    assert division is not None and len(division.starts) == 3 and whole.tracks
    assert_equal(in_segments(clip, division.pts, division.starts), whole, tmp_path)
