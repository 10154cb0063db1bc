"""Photographs of every depth and format: their samples come out right, or a note says what not."""

from __future__ import annotations

import contextlib

import cv2
import numpy as np
import pillow_heif
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from passing import passed_through
from photographs import deep, dng, grey, hdr_avif, hdr_heic, other, png, scene, tiff
from PIL import Image, ImageOps

from blur.errors import BlurError, DecodeError
from blur.media.open.clip_info import Colour
from blur.media.open.probe import probe
from blur.media.open.samples import read_photograph
from blur.media.traces.file_traces import traces_in_file
from blur.settings import OutputSettings

SETTINGS = OutputSettings()


def out(source, folder):
    """The output's path, decoded samples and notes."""
    done = passed_through(source, folder, SETTINGS)
    assert traces_in_file(done.written.path).traces == ()
    return done.written.path, read_photograph(done.written.path), done.written.notes


def luma() -> np.ndarray:
    return np.asarray(Image.fromarray(scene()).convert("L"))


def alpha(samples, value):
    return np.dstack([samples, np.full(samples.shape[:2], value, samples.dtype)])


EXACT = {
    "16-bit PNG": lambda d: (png(d / "a.png", deep(scene())), deep(scene())),
    "16-bit grey PNG": lambda d: (png(d / "a.png", deep(grey())), deep(grey())),
    "grey with alpha": lambda d: (png(d / "a.png", alpha(grey(), 255)), grey()),
    "hidden by alpha": lambda d: (png(d / "a.png", alpha(grey(), 0)), np.full_like(grey(), 255)),
    "grey with a see-through value": lambda d: (
        png(d / "a.png", grey(), (b"tRNS", b"\0\1")),
        grey(),
    ),
    "16-bit alpha": lambda d: (png(d / "a.png", alpha(deep(scene()), 65535)), deep(scene())),
    "16-bit TIFF": lambda d: (tiff(d / "a.tif", deep(scene()), 2), deep(scene())),
    "16-bit grey TIFF": lambda d: (tiff(d / "a.tif", deep(grey()), 1), deep(grey())),
    "white is zero": lambda d: (tiff(d / "a.tif", 255 - grey(), 0), grey()),
    "16-bit white is zero": lambda d: (tiff(d / "a.tif", 65535 - deep(grey()), 0), deep(grey())),
    "float TIFF": lambda d: (
        tiff(d / "a.tif", deep(grey()) / np.float32(65535), 1),
        deep(grey()),
    ),
    "float RGB TIFF": lambda d: (
        tiff(d / "a.tif", deep(scene()) / np.float64(65535), 2),
        deep(scene()),
    ),
    "BMP": lambda d: (other(d / "a.bmp", "BMP"), scene()),
    "PPM": lambda d: (other(d / "a.ppm", "PPM"), scene()),
    "PGM": lambda d: (
        other(d / "a.pgm", "PPM", "L"),
        np.asarray(Image.fromarray(scene()).convert("L")),
    ),
    "TGA": lambda d: (other(d / "a.tga", "TGA"), scene()),
    "JPEG 2000": lambda d: (other(d / "a.jp2", "JPEG2000"), scene()),
    "one-frame GIF": lambda d: (
        other(d / "a.gif", "GIF", "L"),
        np.dstack([luma()] * 3),
    ),
}


@pytest.mark.parametrize("kind", EXACT)
def test_samples_come_out_exact(tmp_path, kind):
    source, wanted = EXACT[kind](tmp_path)
    path, found, notes = out(source, tmp_path)
    assert probe(source).still
    assert found.samples.dtype == wanted.dtype
    assert np.abs(found.samples.astype(int) - wanted).max() <= (1 if "float" in kind else 0)
    assert path.suffix == (source.suffix if source.suffix in (".png", ".tif") else ".png")
    assert (path.suffix == source.suffix) or any("comes out as PNG" in note for note in notes)
    stranger = cv2.imread(str(path), cv2.IMREAD_UNCHANGED)
    assert stranger.dtype == wanted.dtype and stranger.shape[:2] == wanted.shape[:2]


@pytest.mark.parametrize("orientation", range(1, 9))
def test_deep_photographs_come_out_upright(tmp_path, orientation):
    exif = Image.Exif()
    exif[0x0112] = orientation
    turned = exif.tobytes().removeprefix(b"Exif\0\0")
    sources = (
        png(tmp_path / "a.png", deep(scene()), (b"eXIf", turned)),
        tiff(tmp_path / "a.tif", deep(scene()), 2, t274=orientation),
    )
    flat = Image.fromarray(scene())
    flat.getexif()[0x0112] = orientation
    wanted = np.asarray(ImageOps.exif_transpose(flat))
    for source in sources:
        assert (read_photograph(source).samples >> 8 == wanted).all()


def test_a_raw_photograph_is_developed(tmp_path):
    source = dng(tmp_path / "a.dng")
    path, found, notes = out(source, tmp_path)
    assert path.suffix == ".tif" and found.samples.dtype == np.uint16
    assert found.samples.shape == scene().shape
    left, right = found.samples[20:, :20].mean(), found.samples[20:, -20:].mean()
    assert right > left + 5000
    assert any("raw photograph" in note for note in notes)


def test_a_raw_photograph_is_one_by_its_content(tmp_path):
    assert read_photograph(dng(tmp_path / "photo.tif")).codec == "raw"


@pytest.mark.parametrize("name", ["a.dng", "b.nef", "c.tif"])
def test_a_damaged_raw_photograph_fails(tmp_path, name):
    source = dng(tmp_path / name)
    source.write_bytes(source.read_bytes()[:6000])
    with pytest.raises(DecodeError, match="LibRaw cannot develop") as caught:
        probe(source)
    assert "raw converter" in caught.value.remedy


def test_a_thumbnail_is_never_the_photograph(tmp_path):
    """A raw format that LibRaw does not know: a finished picture in a file named like a raw one."""
    source = tiff(tmp_path / "a.nef", scene(), 2)
    with pytest.raises(DecodeError, match="raw photograph"):
        probe(source)


@pytest.mark.parametrize("head", [b"\0\0\0\x18ftypcrx \0\0\0\1crx isom", b"FUJIFILMCCD-RAW 0201"])
def test_raw_photographs_that_are_no_tiff_are_known(tmp_path, head):
    source = tmp_path / "photo"
    source.write_bytes(head + bytes(2000))
    with pytest.raises(DecodeError, match="raw photograph"):
        probe(source)


def test_formats_without_a_decoder_fail(tmp_path):
    source = tmp_path / "photo"
    source.write_bytes(b"\0\0\0\x0cJXL \r\n\x87\n" + bytes(500))
    with pytest.raises(DecodeError, match="cannot be decoded here") as caught:
        probe(source)
    assert "convert" in caught.value.remedy


@pytest.mark.parametrize(("transfer", "name"), [(16, "PQ"), (18, "HLG")])
@pytest.mark.parametrize("form", ["avif", "heic", "png", "16-bit png"])
def test_hdr_keeps_its_colours_and_says_so(tmp_path, transfer, name, form):
    if form == "avif":
        source = hdr_avif(tmp_path / "a.avif", transfer)
    elif form == "heic":
        source = hdr_heic(tmp_path / "a.heic", 9, transfer)
    else:
        samples = deep(scene()) if "16" in form else scene()
        source = png(tmp_path / "a.png", samples, (b"cICP", bytes([9, transfer, 0, 1])))
    before = read_photograph(source)
    path, after, notes = out(source, tmp_path)
    assert path.suffix == source.suffix
    assert (after.colour.primaries, after.colour.transfer) == (9, transfer)
    assert any(f"HDR ({name}) kept" in note for note in notes)
    assert after.samples.dtype == before.samples.dtype
    assert np.abs(after.samples.astype(int) - before.samples).mean() < (
        800 if "eic" in form else 300
    )
    if form == "heic":
        file = pillow_heif.open_heif(path, convert_hdr_to_8bit=False)
        assert file.info["bit_depth"] == 10
        assert file.info["nclx_profile"]["transfer_characteristics"] == transfer


def test_hdr_is_shown_to_detectors_as_people_see_it(tmp_path):
    from blur.media.open.readers import open_reader

    source = hdr_avif(tmp_path / "a.avif", 16)
    with open_reader(source, probe(source)) as reader:
        assert next(reader).picture.color_trc == 16


def test_a_gain_map_that_is_dropped_is_named(tmp_path):
    source = tmp_path / "a.heic"
    pillow_heif.from_pillow(Image.fromarray(alpha(scene(), 255))).save(source)
    data = source.read_bytes()
    kind = b"urn:mpeg:hevc:2015:auxid:1"
    assert kind in data
    source.write_bytes(data.replace(kind, b"urn:any:maker:hdrgainmap:1"))
    path, _, notes = out(source, tmp_path)
    assert any("gain map dropped" in note for note in notes)
    assert not pillow_heif.open_heif(path).info.get("aux")


def test_wide_colours_without_a_profile_stay_wide(tmp_path):
    for source in (
        hdr_heic(tmp_path / "a.heic", 12, 13, bits=8),
        hdr_avif(tmp_path / "a.avif", 13, "yuv420p", primaries=12),
    ):
        _, after, _ = out(source, tmp_path)
        assert after.colour.primaries == 12


def test_plain_photographs_have_no_code_points(tmp_path):
    source = tmp_path / "a.avif"
    Image.fromarray(scene()).save(source)
    assert probe(source).colour == Colour(range=2)
    source = tmp_path / "a.heic"
    pillow_heif.from_pillow(Image.fromarray(scene())).save(source)
    assert probe(source).colour == Colour(range=2)


def with_fourth(folder, value, meaning):
    return tiff(folder / "a.tif", alpha(deep(scene()), value), 2, t338=meaning)


def test_a_fourth_channel_is_what_the_file_says(tmp_path):
    white = np.full_like(deep(scene()), 65535)
    for value, meaning, wanted in (
        (0, 0, deep(scene())),
        (0, 2, white),
        (0, 1, white),  # multiplied: whatever remains of the colours is light
        (65535, 1, deep(scene())),
    ):
        found = read_photograph(with_fourth(tmp_path, value, meaning))
        assert (found.samples == wanted).all(), (value, meaning)
    assert any("dropped" in n for n in read_photograph(with_fourth(tmp_path, 0, 0)).notes)


@pytest.mark.parametrize(
    ("photometric", "tags", "channels"),
    [(5, {}, 4), (8, {}, 3), (2, {"t284": 2}, 3), (1, {"t338": 2}, 2)],
)
def test_layouts_that_would_come_out_wrong_are_refused(tmp_path, photometric, tags, channels):
    samples = alpha(deep(scene()), 65535)[:, :, :channels]
    source = tiff(tmp_path / "a.tif", np.ascontiguousarray(samples), photometric, **tags)
    with pytest.raises(DecodeError, match="deep samples") as caught:
        probe(source)
    assert "convert" in caught.value.remedy


@given(
    place=st.integers(8, 190),
    byte=st.sampled_from([0, 1, 127, 128, 255]),
    kept=st.integers(100, 37_000),
)
@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_damaged_directories_are_errors_with_a_name(tmp_path, place, byte, kept):
    data = bytearray(tiff(tmp_path / "a.tif", deep(scene()), 2).read_bytes()[:kept])
    data[min(place, len(data) - 1)] = byte
    source = tmp_path / "b.tif"
    source.write_bytes(data)
    for look in (probe, traces_in_file):
        with contextlib.suppress(BlurError):
            look(source)


def test_whole_numbers_of_instruments_are_brought_to_16_bits(tmp_path):
    source = tiff(tmp_path / "a.tif", grey().astype(np.uint32) * 70000, 1)
    _, found, notes = out(source, tmp_path)
    assert any("brought to 16 bits" in note for note in notes)
    assert abs(int(found.samples.max()) - 65535) <= 1
