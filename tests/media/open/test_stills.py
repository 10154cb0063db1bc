from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pillow_heif
import pytest
from footage import RECIPES, make
from passing import passed_through, photograph
from PIL import Image, ImageCms, ImageOps

from blur.errors import DecodeError, NotAClip
from blur.media.open.probe import probe
from blur.media.open.stills import live_partner
from blur.media.traces import icc
from blur.media.traces.file_traces import traces_in_file
from blur.media.traces.metadata import Kind
from blur.media.write.writers import output_suffix
from blur.settings import OutputSettings

SECRET = "SECRET-7f3a"
FORMATS = {
    "JPEG": ".jpg",
    "PNG": ".png",
    "WEBP": ".webp",
    "TIFF": ".tif",
    "HEIF": ".heic",
    "AVIF": ".avif",
}
LOSSLESS = ("PNG", "TIFF")
SETTINGS = OutputSettings()


def scene(width: int = 96, height: int = 64) -> Image.Image:
    """Smooth colours, brighter to the right and redder downwards, with a white corner mark."""
    x, y = np.meshgrid(np.linspace(0, 1, width), np.linspace(0, 1, height))
    pixels = np.stack([60 + 150 * y, 40 + 160 * x, 120 * np.ones_like(x)], axis=2)
    pixels[:10, :20] = 255
    return Image.fromarray(pixels.astype(np.uint8))


def planted_exif(orientation: int = 1) -> Image.Exif:
    exif = Image.Exif()
    exif[0x010F], exif[0x0110] = f"{SECRET} make", f"{SECRET} model"
    exif[0x0112] = orientation
    exif[0x0132] = "2024:05:06 07:08:09"
    exif[0x013B] = f"{SECRET} artist"
    gps = exif.get_ifd(0x8825)
    gps[1], gps[2], gps[3], gps[4] = "N", (31.0, 30.0, 1.0), "E", (34.0, 28.0, 0.0)
    exif.get_ifd(0x8769)[0x927C] = f"{SECRET} maker note".encode()
    return exif


def with_thumbnail(exif: bytes) -> bytes:
    """EXIF with a second directory that holds a small JPEG, as cameras write it."""
    thumbnail = io.BytesIO()
    Image.new("RGB", (16, 12), "green").save(thumbnail, "JPEG", comment=f"{SECRET} thumb")
    small = thumbnail.getvalue()
    tiff = bytearray(exif.removeprefix(b"Exif\0\0"))
    order = "little" if tiff[:2] == b"II" else "big"
    first = int.from_bytes(tiff[4:8], order)
    link = first + 2 + 12 * int.from_bytes(tiff[first : first + 2], order)
    tiff += bytes(len(tiff) % 2)
    at = len(tiff)
    tiff[link : link + 4] = at.to_bytes(4, order)
    tiff += (2).to_bytes(2, order)
    for tag, value in ((0x0201, at + 2 + 24 + 4), (0x0202, len(small))):
        tiff += tag.to_bytes(2, order) + (4).to_bytes(2, order)
        tiff += (1).to_bytes(4, order) + value.to_bytes(4, order)
    return b"Exif\0\0" + bytes(tiff) + bytes(4) + small


def save(image: Image.Image, path: Path, kind: str, **options) -> None:
    if kind == "HEIF":
        pillow_heif.from_pillow(image).save(path, **options)
    else:
        image.save(path, kind, **options)


def planted(path: Path, kind: str, orientation: int = 1) -> Path:
    extra = {"xmp": f"<x:xmpmeta>{SECRET}</x:xmpmeta>".encode()} if kind != "TIFF" else {}
    if kind == "JPEG":
        extra["comment"] = f"{SECRET} comment"
    exif = planted_exif(orientation).tobytes()
    if kind == "JPEG":
        exif = with_thumbnail(exif)
    save(scene(), path, kind, exif=exif, **extra)
    return path


@pytest.mark.parametrize(("kind", "suffix"), FORMATS.items())
def test_only_the_picture_comes_out(tmp_path, kind, suffix):
    source = planted(tmp_path / f"photo{suffix}", kind)
    formats = set(Image.OPEN), set(Image.SAVE)
    kinds = {trace.kind for trace in traces_in_file(source).traces}
    assert {Kind.LOCATION, Kind.DEVICE, Kind.DATE} <= kinds
    assert kind != "JPEG" or Kind.THUMBNAIL in kinds
    done = passed_through(source, tmp_path, SETTINGS)
    out = done.written.path
    assert out.suffix == suffix and done.written.frames == 1
    assert SECRET.encode() not in out.read_bytes()
    assert traces_in_file(out).traces == ()
    assert "location" in done.written.dropped
    before, after = np.asarray(scene()).astype(int), np.asarray(photograph(out).convert("RGB"))
    difference = np.abs(before - after)
    assert difference.max() == 0 if kind in LOSSLESS else difference.mean() < 2
    assert (set(Image.OPEN), set(Image.SAVE)) == formats


@pytest.mark.parametrize("orientation", range(1, 9))
def test_pictures_come_out_upright(tmp_path, orientation):
    source = planted(tmp_path / "photo.jpg", "JPEG", orientation)
    done = passed_through(source, tmp_path, SETTINGS)
    with Image.open(source) as image:
        upright = np.asarray(ImageOps.exif_transpose(image)).astype(int)
    with Image.open(done.written.path) as image:
        assert not image.getexif()
        assert np.abs(upright - np.asarray(image)).mean() < 3
    assert (done.info.width, done.info.height) == upright.shape[1::-1]


def test_grey_stays_grey(tmp_path):
    source = tmp_path / "photo.png"
    scene().convert("L").save(source)
    done = passed_through(source, tmp_path, SETTINGS)
    with Image.open(done.written.path) as image:
        assert image.mode == "L"
        assert (np.asarray(image) == np.asarray(scene().convert("L"))).all()


def test_transparency_is_flattened_and_said_so(tmp_path):
    source = tmp_path / "photo.png"
    picture = scene().convert("RGBA")
    picture.putalpha(Image.new("L", picture.size, 0))
    picture.save(source)
    done = passed_through(source, tmp_path, SETTINGS)
    assert (np.asarray(Image.open(done.written.path)) == 255).all()
    assert "transparency flattened on white" in done.written.notes


def test_a_standard_profile_keeps_its_name_and_nothing_else(tmp_path):
    source = tmp_path / "photo.jpg"
    own = icc.profile_of("Display P3").replace(b"n\0o\0n\0e", b"S\0E\0C\0R")
    assert own != icc.profile_of("Display P3")
    scene().save(source, icc_profile=own, quality=95, subsampling=0)
    done = passed_through(source, tmp_path, SETTINGS)
    with Image.open(done.written.path) as image:
        assert image.info["icc_profile"] == icc.profile_of("Display P3")
        assert np.abs(np.asarray(image).astype(int) - np.asarray(scene())).mean() < 2


def test_a_profile_of_its_own_is_converted_to_srgb(tmp_path):
    source = tmp_path / "photo.png"
    swapped = bytearray(icc.profile_of("Adobe RGB"))
    red, green = swapped.index(b"rXYZ"), swapped.index(b"gXYZ")
    swapped[red : red + 4], swapped[green : green + 4] = b"gXYZ", b"rXYZ"
    scene().save(source, icc_profile=bytes(swapped))
    done = passed_through(source, tmp_path, SETTINGS)
    assert any("sRGB" in note for note in done.written.notes)
    with Image.open(done.written.path) as image:
        assert "icc_profile" not in image.info
        assert np.abs(np.asarray(image).astype(int) - np.asarray(scene())).mean() > 10


@pytest.mark.parametrize("name", ["sRGB", "Display P3", "Adobe RGB"])
def test_profiles_are_told_by_their_colours(name):
    assert icc.standard_name(icc.profile_of(name)) == name
    made = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    assert icc.standard_name(made) == "sRGB"
    assert icc.standard_name(b"no profile") is None


def test_the_film_of_a_live_photo_is_named(tmp_path):
    photo = planted(tmp_path / "IMG_0001.HEIC", "HEIF")
    assert live_partner(photo) is None
    film = tmp_path / "IMG_0001.MOV"
    film.write_bytes(b"film")
    assert live_partner(photo) == film
    assert any("IMG_0001.MOV" in note for note in probe(photo).notes)


def test_a_film_behind_the_picture_goes(tmp_path):
    source = planted(tmp_path / "photo.jpg", "JPEG")
    film = make(tmp_path / "film.mp4", RECIPES["plain"]).read_bytes()
    source.write_bytes(source.read_bytes() + film)
    assert any(t.value.startswith("a film") for t in traces_in_file(source).traces)
    done = passed_through(source, tmp_path, SETTINGS)
    assert b"ftyp" not in done.written.path.read_bytes()


@pytest.mark.parametrize(("kind", "suffix"), FORMATS.items())
def test_cut_off_pictures_fail_with_name_and_remedy(tmp_path, kind, suffix):
    source = planted(tmp_path / f"photo{suffix}", kind)
    data = source.read_bytes()
    for kept in (0.3, 0.7, 0.95):
        source.write_bytes(data[: int(len(data) * kept)])
        with pytest.raises((DecodeError, NotAClip)) as caught:
            passed_through(source, tmp_path, SETTINGS)
        assert source.name in str(caught.value) and caught.value.remedy
        assert not (tmp_path / f"out{suffix}").exists()


def test_several_pictures_in_one_file_are_refused(tmp_path):
    source = tmp_path / "pages.tif"
    scene().save(source, save_all=True, append_images=[scene()])
    with pytest.raises(DecodeError, match="2 pictures"):
        probe(source)
    moving = tmp_path / "moving.webp"
    scene().save(moving, save_all=True, append_images=[scene().rotate(90)])
    with pytest.raises(DecodeError, match="2 pictures"):
        probe(moving)


def test_the_suffix_follows_the_content(tmp_path):
    source = tmp_path / "photo.png"
    scene().save(source, "JPEG")
    assert output_suffix(probe(source), SETTINGS) == ".jpg"
    other = tmp_path / "photo.JPEG"
    scene().save(other, "JPEG")
    assert output_suffix(probe(other), SETTINGS) == ".jpeg"


@pytest.mark.slow
@pytest.mark.parametrize(("kind", "suffix"), [("JPEG", ".jpg"), ("PNG", ".png"), ("HEIF", ".heic")])
def test_real_photographs(tmp_path, shared_facedata, kind, suffix):
    for photo in sorted((shared_facedata / "dlib_faces").glob("*.jpg")):
        source = tmp_path / f"photo{suffix}"
        with Image.open(photo) as image:
            exif = with_thumbnail(planted_exif(6).tobytes())
            save(image, source, kind, exif=exif, quality=95)
            upright = np.asarray(image.transpose(Image.Transpose.ROTATE_270)).astype(int)
        done = passed_through(source, tmp_path, SETTINGS)
        out = done.written.path
        assert SECRET.encode() not in out.read_bytes() and traces_in_file(out).traces == ()
        assert np.abs(np.asarray(photograph(out)).astype(int) - upright).mean() < 4
