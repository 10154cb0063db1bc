"""Mattes of covered clips, against the difference of clip and covered clip."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import av
import cv2
import numpy as np
import pytest
from made_output import film, make_output

from blur.cover.layout import layout_of
from blur.cover.region import Covers
from blur.data.placement import Placement
from blur.data.plan import Plan
from blur.disk.fingerprint import fingerprint
from blur.media.open.geometry import Orientation
from blur.media.open.probe import probe
from blur.render.mattes import MatteFormat, matte_file, write_mattes
from blur.settings import OutputSettings, Settings, Timecode
from blur.store.folder import WorkFolder
from blur.store.plans import load_plan

FRAMES = 50
QUARTER = (0, 1 << 16, 0, -(1 << 16), 0, 0, 0, 0, 1 << 30)


@pytest.fixture(scope="module")
def covered(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path, Plan]:
    """A clip, its covered clip without any loss, and the plan."""
    folder = tmp_path_factory.mktemp("mattes")
    clip = folder / "in" / "a.mp4"
    film(clip, 1, FRAMES)
    out = make_output(folder)
    return clip, out / "a.mp4", load_plan(WorkFolder(out).plan_of(fingerprint(clip)))


def made(clip: Path, plan: Plan, target: Path, kind: MatteFormat, quarter: bool = False) -> Path:
    info = probe(clip)
    if quarter:
        turned = Orientation.from_matrix(info.width, info.height, QUARTER)
        info = replace(info, orientation=turned)
        plan = replace(plan, width=info.width, height=info.height)
    file = matte_file(target, info, kind)
    covers = Covers.of_plan(plan, Settings().cover)
    write_mattes(file, info, plan, covers, Settings().output, kind)
    return file


def luma(path: Path) -> tuple[list[float], np.ndarray]:
    """Times in seconds, and (frames, height, width) of luma in units of 8-bit samples."""
    with av.open(path) as film:
        frames = list(film.decode(video=0))
    layout = layout_of(frames[0].format.name)
    samples = [layout.views(frame)[0][..., 0] / layout.unit for frame in frames]
    return [frame.time for frame in frames], np.stack(samples)


def test_every_frame_of_a_matte_is_white_exactly_where_the_covered_clip_differs(
    covered: tuple[Path, Path, Plan], tmp_path: Path
) -> None:
    clip, output, plan = covered
    times, before = luma(clip)
    _, after = luma(output)
    matte_times, mattes = luma(made(clip, plan, tmp_path / "a", MatteFormat.FFV1))
    assert matte_times == pytest.approx(times, abs=0.001)
    assert set(np.unique(mattes)) == {0, 255}
    assert not (before != after)[mattes == 0].any()
    assert (before != after)[mattes == 255].mean() > 0.9  # a fill may hit a sample by chance


def test_prores_and_png_hold_equal_mattes(covered: tuple[Path, Path, Plan], tmp_path: Path) -> None:
    clip, _, plan = covered
    _, exact = luma(made(clip, plan, tmp_path / "a", MatteFormat.FFV1))
    film_file = made(clip, plan, tmp_path / "b", MatteFormat.PRORES)
    with av.open(film_file) as film:
        stream = film.streams.video[0]
        assert stream.codec_context.codec_tag == "ap4h"
    times, prores = luma(film_file)
    assert times == pytest.approx(luma(clip)[0], abs=0.001)
    assert np.array_equal(prores > 127, exact > 127)
    folder = made(clip, plan, tmp_path / "c", MatteFormat.PNG)
    pictures = [cv2.imread(str(file), cv2.IMREAD_UNCHANGED) for file in sorted(folder.iterdir())]
    assert [file.name for file in sorted(folder.iterdir())][-1] == f"{FRAMES - 1:06}.png"
    assert np.array_equal(np.stack(pictures), exact)


def test_pictures_stand_as_displayed_and_films_as_stored(
    covered: tuple[Path, Path, Plan], tmp_path: Path
) -> None:
    clip, _, plan = covered
    folder = made(clip, plan, tmp_path / "c", MatteFormat.PNG, quarter=True)
    shown = cv2.imread(str(folder / "000020.png"), cv2.IMREAD_UNCHANGED)
    _, stored = luma(made(clip, plan, tmp_path / "a", MatteFormat.FFV1, quarter=True))
    assert shown.shape == stored[20].shape[::-1]
    assert any(np.array_equal(np.rot90(stored[20], k), shown) for k in (1, 3))


def test_a_matte_has_the_covered_clips_timecode_and_never_the_clips_own(
    covered: tuple[Path, Path, Plan], tmp_path: Path
) -> None:
    """Under `offset`, the difference of the two would give the private shift away."""
    clip, _, plan = covered
    info = replace(probe(clip), timecode="10:00:00:00")
    covers = Covers.of_plan(plan, Settings().cover)
    starts = {}
    for timecode in Timecode:
        file = tmp_path / f"{timecode}.mov"
        settings = OutputSettings(timecode=timecode)
        placed = Placement(shift=3600)
        write_mattes(file, info, plan, covers, settings, MatteFormat.PRORES, placed)
        with av.open(file) as film:
            starts[timecode] = film.streams.video[0].metadata.get("timecode")
    assert starts[Timecode.KEEP] == "10:00:00:00"
    assert starts[Timecode.OFFSET] == "11:00:00:00"
    assert starts[Timecode.ZERO] in (None, "00:00:00:00")
