"""Animations that Pillow writes, and files of the corpus that fail aloud."""

from __future__ import annotations

from pathlib import Path

import av
import numpy as np
from corpus_rows import Fails, Film, Maker, Row, saved
from footage import RECIPES, make, tone
from photographs import coded, deep, dng, other, png, scene, tiff
from PIL import Image


def _animated(path: Path, **options: bytes) -> None:
    frames = [Image.fromarray(np.roll(scene(), 8 * i, 1)) for i in range(6)]
    frames[0].save(path, save_all=True, append_images=frames[1:], duration=40, **options)


def _without_end(path: Path) -> None:
    data = path.read_bytes()
    path.write_bytes(data[: len(data) * 9 // 10])


def _written(name: str, data: bytes) -> Maker:
    return saved(name, lambda path: path.write_bytes(data))


def _cut(name: str, recipe: str, share: float) -> Maker:
    def write(path: Path) -> None:
        whole = make(path, RECIPES[recipe]).read_bytes()
        path.write_bytes(whole[: int(share * len(whole))])

    return saved(name, write)


def _claiming(name: str, kind: str, at: bytes, size: bytes) -> Maker:
    """A picture whose header claims another size, `size` after `at`."""

    def write(path: Path) -> None:
        Image.new("RGB", (40, 30), "red").save(path, kind)
        data = bytearray(path.read_bytes())
        place = data.index(at) + len(at)
        data[place : place + len(size)] = size
        path.write_bytes(data)

    return saved(name, write)


ANIMATIONS: dict[str, Row] = {
    "animated AVIF": Film(saved("a.avif", _animated), 6, drops=["single picture beside the film"]),
    "animated GIF by an editor": Film(saved("a.gif", _animated), 6),
    "animated PNG with a long profile": Film(
        saved("a.png", lambda p: _animated(p, icc_profile=bytes(range(256)) * 20)), 6
    ),
    "animated PNG by an editor": Film(saved("a.png", _animated), 6),
}

FAILURES: dict[str, Row] = {
    **{
        f"empty {suffix}": Fails(_written(f"a{suffix}", b""), "is empty", "copy")
        for suffix in (".HIF", ".avif", ".insv", ".m2t", ".mp4", ".CR3", ".jxl", ".mts", ".lrv")
    },
    "EXR": Fails(saved("a.exr", lambda p: coded(p, "exr", "gbrpf32le")), "linear light", "convert"),
    "document with pictures": Fails(
        saved("a.mpg", lambda p: Image.fromarray(scene()).save(p, "PDF")), "is not a video"
    ),
    "text named film": Fails(_written("a.mp4", b"hello there\n" * 9), "is not a video"),
    "sound named film": Fails(saved("a.mkv", lambda p: _only_sound(p)), "has sound but no picture"),
    "CR3": Fails(
        _written("a.CR3", b"\0\0\0\x18ftypcrx \0\0\0\1crx isom" + bytes(2000)),
        "raw photograph that LibRaw cannot develop",
        "raw converter",
    ),
    "RAF": Fails(_written("a.RAF", b"FUJIFILMCCD-RAW 0201" + bytes(2000)), "LibRaw cannot develop"),
    "raw photograph cut off": Fails(
        saved("a.dng", lambda p: p.write_bytes(dng(p).read_bytes()[:6000])),
        "LibRaw cannot develop",
        "raw converter",
    ),
    "NEF that is none": Fails(
        saved("a.nef", lambda p: tiff(p, scene(), 2)), "LibRaw cannot develop"
    ),
    "JPEG XL": Fails(
        _written("a.jxl", b"\0\0\0\x0cJXL \r\n\x87\n" + bytes(500)),
        "cannot be decoded here",
        "convert",
    ),
    "JPEG of a gigapixel": Fails(
        _claiming("a.jpg", "JPEG", b"\xff\xc0\0\x11\x08", b"\xff\xff\xff\xff"),
        "claims 65535x65535",
        "scale",
    ),
    "BMP of a gigapixel": Fails(
        _claiming("a.bmp", "BMP", b"\x28\0\0\0", b"\xff\xff\0\0\xff\xff\0\0"),
        "claims 65535x65535",
        "scale",
    ),
    "GIF of a gigapixel": Fails(
        _claiming("a.gif", "GIF", b"GIF87a", b"\xff\xff\xff\xff"), "claims 65535x65535", "scale"
    ),
    "several TIFF pages": Fails(
        saved(
            "a.tif",
            lambda p: Image.fromarray(scene()).save(
                p, save_all=True, append_images=[Image.fromarray(scene())]
            ),
        ),
        "holds 2 pictures",
        "files of their own",
    ),
    **{
        f"WebM of {codec} with alpha": Fails(
            saved("a.webm", lambda p, e=encoder: _with_alpha(p, e)),
            "transparency beside its pictures",
            f"-c:v {encoder} ",
        )
        for codec, encoder in (("VP8", "libvpx"), ("VP9", "libvpx-vp9"))
    },
    "animated WebP": Fails(saved("a.webp", _animated), "holds 6 pictures", "film"),
    "MP4 cut off": Fails(_cut("a.mp4", "plain", 0.6), "damaged or incomplete", "copy"),
    "MOV cut off": Fails(_cut("a.mov", "pcm-mov", 0.6), "damaged or incomplete", "copy"),
    "MKV cut off": Fails(_cut("a.mkv", "odd", 0.6), "lost", "--max-damaged"),
    "AVI cut off": Fails(_cut("a.avi", "mjpeg", 0.8), "lost", "--max-damaged"),
    "GIF cut off": Fails(_cut("a.gif", "gif", 0.6), "lost", "--max-damaged"),
    **{
        f"{name} cut off": Fails(
            saved(f"a.{suffix}", lambda p, c=codec, f=pix_fmt: _without_end(coded(p, c, f))),
            "cannot be decoded",
            "copy",
        )
        for name, suffix, codec, pix_fmt in (
            ("one-frame GIF", "gif", "gif", "rgb8"),
            ("QOI", "qoi", "qoi", "rgb24"),
            ("Sun raster", "ras", "sunrast", "bgr24"),
            ("DPX", "dpx", "dpx", "rgb24"),
            ("BMP", "bmp", "bmp", "bgr24"),
        )
    },
    "FLV header alone": Fails(_cut("a.flv", "flv", 0.05), "damaged or incomplete", "copy"),
    "JPEG cut off": Fails(
        saved("a.jpg", lambda p: p.write_bytes(other(p, "JPEG").read_bytes()[:600])),
        "cannot be decoded",
        "copy",
    ),
    "16-bit TIFF cut off": Fails(
        saved("a.tif", lambda p: _without_end(tiff(p, deep(scene()), 2))), "cannot be decoded"
    ),
    "TIFF whose directory is cut off": Fails(
        saved(
            "a.tif",
            lambda p: _without_end(Image.fromarray(scene()).save(p, compression="tiff_lzw") or p),
        ),
        "cannot be decoded",
    ),
    "PNG cut off": Fails(
        saved("a.png", lambda p: p.write_bytes(png(p, deep(scene())).read_bytes()[:999])),
        "cannot be decoded",
        "copy",
    ),
}


def _with_alpha(path: Path, encoder: str) -> None:
    """A film whose left half is hidden by alpha."""
    shown = np.dstack([scene(), np.full(scene().shape[:2], 255, np.uint8)])
    shown[:, : shown.shape[1] // 2, 3] = 0
    with av.open(str(path), "w") as container:
        stream = container.add_stream(encoder, rate=25, options={"auto-alt-ref": "0"})
        stream.width, stream.height, stream.pix_fmt = shown.shape[1], shown.shape[0], "yuva420p"
        for number in range(3):
            picture = av.VideoFrame.from_ndarray(shown, "rgba").reformat(format="yuva420p")
            picture.pts = number
            container.mux(stream.encode(picture))
        container.mux(stream.encode(None))


def _only_sound(path: Path) -> None:

    with av.open(str(path), "w") as container:
        stream = container.add_stream("libopus", rate=48000)
        stream.layout = "stereo"
        resampler = av.AudioResampler(stream.codec_context.format.name, "stereo", 48000)
        for frame in resampler.resample(tone(0, 9600, 48000, "stereo")):
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
