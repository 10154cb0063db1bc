"""What alpha hides is in no picture that a film's readers give."""

from __future__ import annotations

from pathlib import Path

import av
import numpy as np
import pytest

from blur.media.open.opaque import opaque
from blur.media.open.probe import probe
from blur.media.open.read import Reader
from blur.media.open.seek import wanted_frames


def text(width: int = 64, height: int = 48) -> np.ndarray:
    """(height, width, 4) RGBA: white, hidden by alpha on the left half, half hidden in a corner."""
    picture = np.full((height, width, 4), 255, np.uint8)
    picture[:, : width // 2, 3] = 0
    picture[:16, -16:, 3] = 128
    return picture


@pytest.mark.parametrize(
    "name",
    [
        *("rgba", "bgra", "argb", "abgr", "rgba64le", "gbrap", "gbrap12le", "gbrap16be", "ya8"),
        *("yuva420p", "yuva422p", "yuva444p", "yuva444p10le", "yuva444p12le", "ayuv64le"),
    ],
)
def test_alpha_is_flattened_on_black_in_every_format(name: str) -> None:
    picture = av.VideoFrame.from_ndarray(text(), format="rgba").reformat(format=name)
    shown = opaque(picture).to_ndarray(format="rgba").astype(int)
    assert (shown[..., 3] >= 254).all()
    assert (shown[:, :30, :3] < 6).all()
    assert (shown[20:, 34:, :3] > 248).all()
    assert np.abs(shown[2:14, -14:-2, :3] - 128).max() < 6


@pytest.mark.parametrize("name", ["yuv420p", "rgb24", "gray"])
def test_pictures_without_alpha_stay_as_they_are(name: str) -> None:
    picture = av.VideoFrame(64, 48, name)
    assert opaque(picture) is picture


@pytest.mark.parametrize(("codec", "name"), [("prores_ks", "yuva444p10le"), ("qtrle", "argb")])
def test_readers_and_seeking_give_what_players_show(tmp_path: Path, codec: str, name: str) -> None:
    clip = tmp_path / "matte.mov"
    with av.open(str(clip), "w") as container:
        stream = container.add_stream(codec, rate=25)
        stream.width, stream.height, stream.pix_fmt = 64, 48, name
        for number in range(3):
            picture = av.VideoFrame.from_ndarray(text(), format="rgba").reformat(format=name)
            picture.pts = number
            container.mux(stream.encode(picture))
        container.mux(stream.encode(None))
    info = probe(clip)
    assert "transparency flattened on black" in info.notes
    with Reader(clip, info) as reader:
        frames = list(reader)
    frames += wanted_frames(clip, info, [f.pts for f in frames], lambda _: True)
    assert len(frames) == 6
    for frame in frames:
        shown = frame.picture.to_ndarray(format="rgb24")
        assert (shown[:, :28] < 12).all() and (shown[24:, 36:] > 240).all()
