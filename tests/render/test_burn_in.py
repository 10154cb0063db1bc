"""The draft mark: where it lies, in which letters, and who never gets it by accident."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import av
import cv2
import gate
import numpy as np
import pytest
from gate import noisy, planes
from made_output import film, plan_for
from PIL import features

from blur.cover.layout import layout_of
from blur.data.placement import Placement
from blur.errors import BadOption
from blur.media.open.clip_info import ClipInfo
from blur.media.open.geometry import Orientation
from blur.media.open.probe import probe
from blur.render.burn_in import BurnIn
from blur.render.lettering import drawable, lettering, require_drawable
from blur.render.render import render
from blur.settings import Codec, OutputSettings, Settings
from blur.settings.options import load

QUARTER = (0, 1 << 16, 0, -(1 << 16), 0, 0, 0, 0, 1 << 30)
ARABIC = "مسودة للعرض"


def shape(width: int, height: int, **about: object) -> ClipInfo:
    orientation = Orientation(width, height)
    made = ClipInfo(Path("a.mp4"), "mp4", "h264", orientation, "yuv420p", 1, rate=Fraction(25))
    return replace(made, **about)  # type: ignore[arg-type]


def marked(info: ClipInfo, name: str = "yuv420p", start: str = "", at: Fraction = Fraction(0)):
    """Luma of a grey picture with the mark, 8-bit steps, as displayed."""
    stored = info.orientation
    picture = av.VideoFrame(stored.stored_width, stored.stored_height, name)
    layout = layout_of(name)
    for view in layout.views(picture):
        view[...] = round(128 * layout.unit)
    done = BurnIn("DRAFT", "A001", info, start).write(picture, at)
    luma = layout.views(done)[0][..., 0] / layout.unit
    return stored.to_display(luma)


@pytest.mark.parametrize("name", gate.USUAL)
def test_the_mark_lies_in_three_corners_and_nowhere_else(name):
    luma = marked(shape(640, 360), name)
    touched = np.abs(luma - 128) > 20
    assert touched[:40, :200].any() and touched[-40:, :200].any() and touched[-40:, -260:].any()
    assert not touched[40:-40].any() and not touched[:40, 220:].any()
    assert luma[touched].max() > 225 and luma[touched].min() < 30


def test_the_mark_is_upright_on_a_clip_that_is_stored_turned():
    turned = shape(640, 360, orientation=Orientation.from_matrix(640, 360, QUARTER))
    plain = shape(360, 640)
    assert np.abs(marked(turned) - marked(plain)).mean() < 0.5


def test_wide_pixels_do_not_stretch_the_mark():
    wide = marked(shape(360, 360, sample_aspect_ratio=Fraction(2)))
    plain = marked(shape(720, 360))
    seen = cv2.resize(wide, (720, 360), interpolation=cv2.INTER_LINEAR)
    for corner in (np.s_[:40, :360], np.s_[-40:, :360], np.s_[-40:, 360:]):
        columns = [np.flatnonzero((np.abs(p[corner] - 128) > 12).any(0)) for p in (seen, plain)]
        assert np.abs(columns[0][[0, -1]] - columns[1][[0, -1]]).max() <= 3


def test_the_time_code_counts_frames_from_the_outputs_start():
    base = marked(shape(640, 360), start="10:00:00:00")
    later = marked(shape(640, 360), start="10:00:00:00", at=Fraction(2))
    assert (base == marked(shape(640, 360), start="09:59:58:00", at=Fraction(2))).all()
    assert (base[:300] == later[:300]).all()
    assert (base != later)[300:, 320:].any()


def test_a_name_that_cannot_be_drawn_does_not_fail_a_clip():
    assert drawable("a\U0010ffffb") == "a?b"


@pytest.mark.skipif(not features.check("raqm"), reason="this Pillow sets no Arabic")
def test_arabic_is_joined_and_runs_from_right_to_left():
    joined = lettering(ARABIC, 40, 1000).letters.shape[1]
    apart = sum(lettering(letter, 40, 1000).letters.shape[1] for letter in ARABIC)
    assert joined < 0.8 * apart
    # The first letter stands at the right end.
    first = lettering("م", 40, 1000).letters
    line = lettering("م س", 40, 1000).letters
    assert line[:, line.shape[1] // 2 :].any()
    assert np.abs(line[-first.shape[0] :, -first.shape[1] :].astype(int) - first).mean() < 40


def test_arabic_is_refused_where_it_would_come_out_wrong(monkeypatch):
    monkeypatch.setattr("blur.render.fonts.features.check", lambda _: False)
    with pytest.raises(BadOption, match="no font of this machine writes") as caught:
        require_drawable(ARABIC)
    assert "Latin" in caught.value.remedy


def test_letters_of_no_font_are_refused():
    with pytest.raises(BadOption, match="no font of this machine writes"):
        require_drawable("DRAFT \U0010ffff")


def test_a_long_text_fits_the_picture():
    long = lettering("DRAFT " * 16, 40, 300)
    assert long.rim.shape[1] <= 304


@pytest.mark.parametrize("codec", [Codec.PRORES, Codec.DNXHR, Codec.FFV1, Codec.MATCH])
def test_no_master_carries_a_text(codec):
    with pytest.raises(BadOption, match="may be a master"):
        OutputSettings(codec=codec, burn_in="DRAFT")
    with pytest.raises(BadOption, match="--burn-in"):
        load(None, {"output": {"codec": codec.value, "burn_in": "DRAFT"}})


def test_it_is_off_by_default_and_the_report_says_where_it_is_on(tmp_path):
    clip = tmp_path / "a.mp4"
    film(clip, 1)
    plan = replace(plan_for(clip), tracks=())
    plain = render(clip, plan, tmp_path / "plain.mp4", Settings())
    assert not any("burnt in" in note for note in plain.notes)
    screener = Settings(output=OutputSettings(burn_in="DRAFT"))
    done = render(clip, plan, tmp_path / "x.mp4", screener, placed=Placement(name="0007"))
    assert any("burnt in: a screener" in note for note in done.notes)
    with av.open(str(tmp_path / "x.mp4")) as shown, av.open(str(tmp_path / "plain.mp4")) as bare:
        pairs = list(zip(shown.decode(video=0), bare.decode(video=0), strict=True))
    for one, other in pairs:
        away = np.abs(planes(one)[0].astype(int) - planes(other)[0])
        assert away[:20].max() > 90 and away[-20:].max() > 90 and away[60:180].mean() < 3
    assert probe(tmp_path / "x.mp4").timecode == ""


def test_a_decoders_own_planes_are_left_alone():
    picture = noisy("yuv420p", 64, 48, np.random.default_rng(0))
    before = planes(picture)
    info = shape(64, 48)
    from blur.render.pictures import copied

    BurnIn("X", "n", info, "").write(copied(picture), Fraction(0))
    assert all((a == b).all() for a, b in zip(before, planes(picture), strict=True))
