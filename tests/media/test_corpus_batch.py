"""A card with many kinds of file through a whole batch, with stand-in detectors: scan to audit.

Every passing kind has its green square covered on every frame, every other is named as failed.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import av
import numpy as np
import pillow_heif
import pytest
from made_clips import GREEN
from photographs import deep, dng, png, tiff
from PIL import Image

from blur.errors import Exit
from blur.media.open.samples import read_photograph
from blur.store.report import State, load_report

PROGRAM = Path(__file__).parents[1] / "support" / "green_faces.py"
FRAMES = 6


def pictures(width: int = 128, height: int = 96) -> list[np.ndarray]:
    """Coloured blocks, with a green square of 24 pixels that moves."""
    blocks = np.random.default_rng(5).integers(90, 255, (height // 8 + 1, width // 8 + 1, 3))
    ground = blocks.astype(np.uint8).repeat(8, 0).repeat(8, 1)[:height, :width].copy()
    ground[:, :, 1] //= 2
    found = []
    for i in range(FRAMES):
        found.append(ground.copy())
        found[-1][32:56, 40 + 3 * i : 64 + 3 * i] = GREEN
    return found


def film(path: Path, codec: str, pix_fmt: str, width: int = 128, height: int = 96) -> None:
    with av.open(str(path), "w") as container:
        stream = container.add_stream(codec, rate=25)
        stream.width, stream.height, stream.pix_fmt = width, height, pix_fmt
        for picture in pictures(width, height):
            frame = av.VideoFrame.from_ndarray(picture, "rgb24").reformat(format=pix_fmt)
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))


def fill(card: Path) -> None:
    film(card / "h264.mp4", "libx264", "yuv420p")
    film(card / "ten.mkv", "libx264", "yuv422p10le")
    film(card / "odd.mov", "qtrle", "rgb24", 121, 95)
    film(card / "odd.gif", "gif", "rgb8", 121, 95)
    film(card / "broadcast.ts", "mpeg2video", "yuv420p")
    film(card / "old.avi", "mjpeg", "yuvj422p")
    film(card / "rgb.mkv", "ffv1", "gbrp10le")
    first, *others = [Image.fromarray(picture) for picture in pictures()]
    for name in ("animated.avif", "animated.png"):
        first.save(card / name, save_all=True, append_images=others, duration=40)
    shown = pictures()[0]
    png(card / "deep.png", deep(shown))
    tiff(card / "deep.tif", deep(shown), 2)
    dng(card / "raw.dng", shown)
    first.save(card / "bitmap.bmp")
    first.save(card / "photo.jpg", quality=95)
    pillow_heif.from_pillow(first).save(card / "photo.HIF", quality=95)
    (card / "empty.insv").write_bytes(b"")
    (card / ".IMG_1.HEIC.icloud").write_bytes(b"bplist00")
    (card / "space.jxl").write_bytes(b"\0\0\0\x0cJXL \r\n\x87\n" + bytes(500))
    (card / "raw.CR3").write_bytes(b"\0\0\0\x18ftypcrx \0\0\0\1crx isom" + bytes(2000))
    (card / "notes.txt").write_text("no clip")


FAILING = {".IMG_1.HEIC.icloud", "empty.insv", "raw.CR3", "space.jxl"}
STILLS = {"deep.png": ".png", "deep.tif": ".tif", "bitmap.bmp": ".png", "photo.jpg": ".jpg"}
STILLS |= {"photo.HIF": ".hif", "raw.dng": ".tif"}


def green_samples(picture: np.ndarray) -> int:
    return int((np.abs(picture.astype(int) - GREEN).max(2) < 60).sum())


@pytest.mark.slow
def test_every_kind_is_covered_or_named(tmp_path):
    card, out = tmp_path / "card", tmp_path / "out"
    card.mkdir()
    fill(card)
    command = [sys.executable, PROGRAM, "run", card, "-o", out, "--level", "fast"]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == Exit.FAILED, done.stderr
    said = done.stdout + done.stderr
    assert "unexpected" not in said and "report this" not in said
    report = load_report(out)
    assert {c.name for c in report.clips if c.state is not State.DONE} == FAILING
    assert [s.name for s in report.skipped] == ["notes.txt"]
    passed = [c for c in report.clips if c.state is State.DONE]
    assert len(passed) == len(list(card.iterdir())) - len(FAILING) - 1
    for clip in passed:
        assert clip.tracks == 1, clip.name
        output = out / clip.output
        if clip.name in STILLS:
            assert output.suffix == STILLS[clip.name]
            samples = read_photograph(output).samples
            shown = [(samples >> 8 if samples.dtype == np.uint16 else samples).astype(np.uint8)]
        else:
            with av.open(str(output)) as container:
                shown = [f.to_ndarray(format="rgb24") for f in container.decode(video=0)]
            assert len(shown) == FRAMES, clip.name
        assert [green_samples(picture) for picture in shown] == [0] * len(shown), clip.name
