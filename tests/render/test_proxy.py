"""Proxies: half the size of their masters, alike in all that a timeline asks, covered alike."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import av
import numpy as np
import pytest
from footage import RECIPES, make
from msgspec import structs
from passing import decoded, facts

from blur.audit.audit import audit
from blur.cover.fills import make_fill
from blur.cover.paint import paint
from blur.cover.region import Region
from blur.data.plan import Box, Plan, Track
from blur.disk.fingerprint import fingerprint
from blur.errors import CannotEncode, OutputError
from blur.media.open.probe import probe
from blur.media.open.readers import open_reader
from blur.media.write.proxies import enlarged
from blur.media.write.writers import output_suffix, proxy_suffix, require_writable
from blur.render.again import Earlier, render_again
from blur.render.proxy import scaled
from blur.render.render import render
from blur.settings import Codec, CoverSettings, OutputSettings, Proxy, Settings, Timecode

SIZE = {"width": 512, "height": 256}
CODECS = {Proxy.H264: "h264", Proxy.PRORES: "prores", Proxy.DNXHR: "dnxhd"}
KINDS = {
    "mov-keys": Proxy.DNXHR,
    "pcm-mov": Proxy.PRORES,
    "vfr": Proxy.PRORES,
    "ntsc": Proxy.DNXHR,
    "422-10": Proxy.H264,
    "matrix0-110": Proxy.H264,
    "rgb": Proxy.H264,
}


def clip_of(name: str, folder: Path, **values) -> tuple[Path, Plan]:
    """A clip of a kind at a size that has a half, and a plan without faces."""
    recipe = dataclasses.replace(RECIPES[name], **{**SIZE, **values})
    clip = make(folder / f"clip{recipe.suffix}", recipe)
    info = probe(clip)
    with open_reader(clip, info) as reader:
        pts = tuple(frame.pts for frame in reader)
    return clip, Plan(fingerprint(clip), info.width, info.height, info.time_base, pts)


def rendered(clip: Path, plan: Plan, folder: Path, output: OutputSettings) -> tuple[Path, Path]:
    """The master and its proxy."""
    out = folder / "out.mkv"
    proxy = folder / f"proxy{proxy_suffix(probe(clip), output)}"
    done = render(clip, plan, out, Settings(output=output), proxy=proxy)
    assert not [note for note in done.notes if "proxy" in note and "place" in note]
    assert done.proxy_sha256 == fingerprint(proxy).sha256
    return out, proxy


def blocks(frame: av.VideoFrame) -> np.ndarray:
    """The picture's brightness in 32 x 16 blocks, by a matrix for RGB and YUV alike."""
    colours = frame.reformat(32, 16, format="rgb24", interpolation="AREA").to_ndarray()
    return colours @ np.array([0.2126, 0.7152, 0.0722])


@pytest.mark.parametrize("name", KINDS)
def test_a_proxy_takes_its_masters_place(name, tmp_path):
    clip, plan = clip_of(name, tmp_path)
    output = OutputSettings(codec=Codec.FFV1, proxy=KINDS[name], timecode=Timecode.KEEP)
    out, proxy = rendered(clip, plan, tmp_path, output)
    assert facts(proxy) == facts(clip)
    assert probe(proxy).codec == CODECS[KINDS[name]]
    assert probe(proxy).timecode == probe(clip).timecode
    stored = probe(clip).orientation
    half = stored.stored_width // 2, stored.stored_height // 2
    assert probe(proxy).orientation == dataclasses.replace(
        stored, stored_width=half[0], stored_height=half[1]
    )
    for large, small in zip(decoded(out), decoded(proxy), strict=True):
        assert (small.width, small.height) == half
        assert np.abs(blocks(large) - blocks(small)).mean() < 4


@pytest.mark.parametrize("name", ["mov-keys", "interlaced"])
def test_a_lone_proxy_is_the_proxy_of_its_master_and_the_audit_sees_it_at_the_clips_size(
    name, tmp_path
):
    clip, plan = clip_of(name, tmp_path)
    beside = OutputSettings(codec=Codec.FFV1, proxy=Proxy.H264)
    alone = Settings(output=structs.replace(beside, proxy_alone=True))
    _, proxy = rendered(clip, plan, tmp_path, beside)
    assert proxy_suffix(probe(clip), alone.output) == ""
    lone = tmp_path / f"lone{output_suffix(probe(clip), alone.output)}"
    require_writable(probe(clip), alone.output)
    done = render(clip, plan, lone, alone)
    assert (lone.suffix, done.sha256) == (proxy.suffix, fingerprint(lone).sha256)
    for one, other in zip(decoded(proxy), decoded(lone), strict=True):
        # x264 codes fields in threads with results that vary from run to run.
        most = 4 if name == "interlaced" else 0
        assert np.abs(blocks(one) - blocks(other)).mean() <= most
    whole = enlarged(probe(lone), plan.width, plan.height)
    assert whole is not None and whole.square == probe(clip).square
    assert whole.orientation == probe(clip).orientation
    assert audit(lone, plan, alone).frames == plan.frames
    with pytest.raises(OutputError, match="another size"):
        audit(lone, plan, Settings(output=beside))
    assert enlarged(probe(lone), 3 * plan.width, plan.height) is None


@pytest.mark.parametrize("kind", [Proxy.H264, Proxy.PRORES])
def test_an_interlaced_proxy_keeps_its_fields(kind, tmp_path):
    clip, plan = clip_of("interlaced", tmp_path)
    _, proxy = rendered(clip, plan, tmp_path, OutputSettings(codec=Codec.FFV1, proxy=kind))
    info = probe(proxy)
    assert (info.width, info.height, info.sample_aspect_ratio) == (256, 256, 2)
    assert facts(proxy) == facts(clip)


def test_a_proxy_that_no_encoder_makes_is_refused_before_any_work(tmp_path):
    info = probe(clip_of("interlaced", tmp_path)[0])
    with pytest.raises(CannotEncode, match="interlaced"):
        require_writable(info, OutputSettings(proxy=Proxy.DNXHR))
    require_writable(info, OutputSettings(proxy=Proxy.DNXHR, deinterlace=True))
    tiny = probe(make(tmp_path / "tiny.mp4", RECIPES["plain"]))
    with pytest.raises(CannotEncode, match="dnxhd"):
        require_writable(tiny, OutputSettings(proxy=Proxy.DNXHR))


def test_a_small_clip_keeps_its_size(tmp_path):
    clip, plan = clip_of("plain", tmp_path, width=320, height=240)
    _, proxy = rendered(clip, plan, tmp_path, OutputSettings(codec=Codec.FFV1, proxy=Proxy.H264))
    assert (probe(proxy).width, probe(proxy).height) == (320, 240)


@pytest.mark.parametrize("name", ["yuv420p", "nv12", "yuv422p10le", "p010le", "rgb24"])
def test_no_pixel_of_a_proxy_depends_on_a_pixel_under_a_cover(name):
    noise = np.random.default_rng(1).integers(0, 255, (96, 128, 3), np.uint8)
    other = noise.copy()
    other[41:55, 51:77] = 255 - other[41:55, 51:77]
    covers = [Region((Box(64, 48, 34, 30),), 7)]
    small = []
    for picture in (noise, other):
        frame = av.VideoFrame.from_ndarray(picture, "rgb24").reformat(format=name)
        half = scaled(paint(frame, covers, make_fill(CoverSettings())), 64, 48)
        small.append(half.reformat(format="rgb48le").to_ndarray())
    assert (small[0] == small[1]).all() and small[0].std() > 1000


def test_a_lone_proxy_is_mended(tmp_path):
    clip, before = clip_of("plain", tmp_path, options={"g": "4"}, pts=range(0, 40 * 512, 512))
    boxes = np.array([Box(200, 120, 60, 60)] * 3, np.float32)
    after = before.with_tracks([Track.unseen(1, 17, boxes, "audit")], [])
    settings = Settings(output=OutputSettings(proxy=Proxy.H264, proxy_alone=True))
    out, steps = tmp_path / "out.mp4", []
    earlier = Earlier(out, before, render(clip, before, out, settings))
    untouched = decoded(out)
    done = render_again(clip, after, out, settings, None, lambda *news: steps.append(news), earlier)
    assert done.sha256 == fingerprint(out).sha256 and len(steps) < 40
    for number, (old, new) in enumerate(zip(untouched, decoded(out), strict=True)):
        assert new.width == SIZE["width"] // 2
        changed = np.abs(blocks(old) - blocks(new))[6:9, 11:14].mean()
        assert (changed > 12) == (17 <= number < 20), (number, changed)


@pytest.mark.parametrize("kind", [Proxy.H264, Proxy.PRORES])
def test_a_mended_master_has_a_mended_proxy(kind, tmp_path):
    clip, before = clip_of("plain", tmp_path, options={"g": "4"}, pts=range(0, 40 * 512, 512))
    boxes = np.array([Box(200, 120, 60, 60)] * 3, np.float32)
    after = before.with_tracks([Track.unseen(1, 17, boxes, "audit")], [])
    settings = Settings(output=OutputSettings(codec=Codec.FFV1, proxy=kind))
    suffix = proxy_suffix(probe(clip), settings.output)
    out, proxy = tmp_path / "out.mkv", tmp_path / f"proxy{suffix}"
    first = render(clip, before, out, settings, proxy=proxy)
    earlier, untouched = Earlier(out, before, first, proxy), decoded(proxy)
    steps = []
    done = render_again(
        clip, after, out, settings, None, lambda *news: steps.append(news), earlier, proxy=proxy
    )
    assert done.proxy_sha256 == fingerprint(proxy).sha256 != first.proxy_sha256
    assert len(steps) < 40, "it was rendered whole"
    for number, (old, new) in enumerate(zip(untouched, decoded(proxy), strict=True)):
        changed = np.abs(blocks(old) - blocks(new))[6:9, 11:14].mean()
        assert (changed > 12) == (17 <= number < 20), (number, changed)
    assert facts(proxy) == facts(out)
    for large, small in zip(decoded(out), decoded(proxy), strict=True):
        assert np.abs(blocks(large) - blocks(small)).mean() < 4
