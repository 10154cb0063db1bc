"""Frames out of order are the very frames that reading gives in order."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
from footage import Recipe, make

from blur.media import open_reader
from blur.media.probe import probe
from blur.media.sample import Seeker, wanted_frames

STEP, FRAMES = 512, 90
EVEN = range(0, FRAMES * STEP, STEP)
GROUPS = {"g": "15", "bf": "3"}
CLIPS = {
    **{name: Recipe(suffix=f".{name}", pts=EVEN, options=GROUPS) for name in ("mp4", "mkv", "ts")},
    "avi": Recipe(suffix=".avi", codec="mpeg4", pts=EVEN, options=GROUPS),
    "open groups": Recipe(
        codec="libx265",
        pts=EVEN,
        options={"x265-params": "keyint=15:min-keyint=15:open-gop=1:log-level=error"},
    ),
    "late": Recipe(pts=[pts + 7 * STEP for pts in EVEN], options=GROUPS),
    "uneven": Recipe(pts=[pts + (pts // STEP) ** 2 for pts in EVEN], options=GROUPS),
}
WANTED: dict[str, Callable[[int], bool]] = {
    "all": lambda index: True,
    "none": lambda index: False,
    "few": lambda index: index in (3, 44, 46, 89),
    "spans": lambda index: index % 40 < 7,
    "the end": lambda index: index > 80,
}


@pytest.fixture(scope="module", params=CLIPS)
def clip(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    recipe = CLIPS[request.param]
    return make(tmp_path_factory.mktemp("clip") / f"clip{recipe.suffix}", recipe)


def luma(picture: object) -> npt.NDArray[np.uint8]:
    return picture.to_ndarray(format="gray")  # type: ignore[attr-defined, no-any-return]


@pytest.mark.parametrize("name", WANTED)
def test_wanted_frames_are_those_of_the_reader(clip: Path, name: str) -> None:
    info, wants = probe(clip), WANTED[name]
    with open_reader(clip, info) as reader:
        frames = [(f.index, f.pts, luma(f.picture)) for f in reader]
    found = [
        (f.index, f.pts, luma(f.picture))
        for f in wanted_frames(clip, info, [pts for _, pts, _ in frames], wants)
    ]
    expected = [frame for frame in frames if wants(frame[0])]
    assert [f[:2] for f in found] == [f[:2] for f in expected]
    for (_, _, one), (_, _, other) in zip(found, expected, strict=True):
        assert (one == other).all()


def test_what_is_not_wanted_is_not_decoded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    clip = make(tmp_path / "clip.mp4", CLIPS["mp4"])
    info, decoded = probe(clip), 0
    plain = Seeker._decoded

    def counted(self: Seeker) -> object:
        nonlocal decoded
        for picture in plain(self):
            decoded += 1
            yield picture

    monkeypatch.setattr(Seeker, "_decoded", counted)
    with open_reader(clip, info) as reader:
        pts = [f.pts for f in reader]
    assert [f.index for f in wanted_frames(clip, info, pts, lambda i: i in (2, 76))] == [2, 76]
    assert decoded <= 3 + 15
    decoded = 0
    # The way from one to the other leads through the same group: no seek leads back.
    assert len(list(wanted_frames(clip, info, pts, lambda i: i in (60, 73)))) == 2
    assert decoded <= 14
