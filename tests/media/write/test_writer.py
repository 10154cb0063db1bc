from __future__ import annotations

import dataclasses
import os
import subprocess
import sys
from pathlib import Path

import av
import pytest
from footage import RECIPES, make, unprivileged

from blur.errors import CannotEncode, DiskFull, OutputError, UsageError
from blur.media.open.probe import probe
from blur.media.open.readers import open_reader
from blur.media.write.part import Part
from blur.media.write.writers import open_writer, output_suffix
from blur.settings import Codec, Hardware, OutputSettings, Timecode
from blur.settings.cores import ALLOTTED_CORES

FAST = OutputSettings(preset="ultrafast")


@pytest.fixture
def clip(tmp_path) -> Path:
    return make(tmp_path / "clip.mp4", RECIPES["plain"])


def render(clip: Path, target: Path, settings: OutputSettings = FAST):
    info = probe(clip)
    with open_reader(clip, info) as reader, open_writer(target, info, settings) as writer:
        for frame in reader:
            writer.write(frame)
        return writer.finish()


def left_in(folder: Path) -> list[str]:
    return sorted(p.name for p in folder.iterdir())


def test_the_output_appears_when_it_is_finished(clip, tmp_path):
    out = tmp_path / "out" / "clip.mp4"
    info = probe(clip)
    with open_reader(clip, info) as reader, open_writer(out, info, FAST) as writer:
        for frame in reader:
            writer.write(frame)
            assert left_in(out.parent) == [".clip.mp4.part"]
        written = writer.finish()
    assert left_in(out.parent) == ["clip.mp4"]
    assert written.bytes == out.stat().st_size and written.frames == 12
    assert out.stat().st_mtime == 946_684_800


@pytest.mark.parametrize("codec", [c for c in Codec if c is not Codec.MATCH])
@pytest.mark.parametrize("cores", [1, 40])
def test_every_encoder_takes_a_part_of_any_machine(tmp_path, monkeypatch, codec, cores):
    recipe = dataclasses.replace(RECIPES["plain"], width=320, height=240)
    clip = make(tmp_path / "clip.mp4", recipe)
    monkeypatch.setenv(ALLOTTED_CORES, str(cores))
    monkeypatch.setattr(os, "sched_getaffinity", lambda pid: range(80), raising=False)
    settings = OutputSettings(codec=codec)
    target = tmp_path / f"out{output_suffix(probe(clip), settings)}"
    assert render(clip, target, settings).frames == 12


def test_leaving_early_leaves_nothing(clip, tmp_path):
    out = tmp_path / "out" / "clip.mp4"
    info = probe(clip)
    with (
        pytest.raises(KeyboardInterrupt),
        open_reader(clip, info) as reader,
        open_writer(out, info, FAST) as writer,
    ):
        writer.write(next(reader))
        raise KeyboardInterrupt
    assert left_in(out.parent) == []


def test_what_an_earlier_run_left_is_replaced(clip, tmp_path):
    out = tmp_path / "out" / "clip.mp4"
    out.parent.mkdir()
    (out.parent / ".clip.mp4.part").write_bytes(b"half")
    out.write_bytes(b"old")
    render(clip, out)
    assert left_in(out.parent) == ["clip.mp4"] and out.stat().st_size > 1000


def test_no_frames_is_an_error(clip, tmp_path):
    out = tmp_path / "out" / "clip.mp4"
    with pytest.raises(OutputError), open_writer(out, probe(clip), FAST) as writer:
        writer.finish()
    assert left_in(out.parent) == []


def test_an_output_that_lost_a_frame_never_appears(clip, tmp_path, monkeypatch):
    out = tmp_path / "out" / "clip.mp4"
    plain = av.BitStreamFilterContext

    class Losing:
        """Drops the packet at pts 0, between encoder and container."""

        def __init__(self, *args):
            self.filter_packet = plain(*args).filter

        def filter(self, packet):
            return [p for p in self.filter_packet(packet) if p.pts]

    monkeypatch.setattr(av, "BitStreamFilterContext", Losing)
    with pytest.raises(OutputError, match="12 frames were written, the output holds 11"):
        render(clip, out)
    assert left_in(out.parent) == []


def test_an_output_that_gives_something_away_never_appears(clip, tmp_path, monkeypatch):
    out = tmp_path / "out" / "clip.mp4"
    plain = av.open

    def signing(*args, container_options=None, **options):
        if container_options is not None:
            options["container_options"] = container_options | {"fflags": "-bitexact"}
        return plain(*args, **options)

    monkeypatch.setattr(av, "open", signing)
    with pytest.raises(OutputError, match="not asked for: software"):
        render(clip, out)
    assert left_in(out.parent) == []


def test_a_folder_that_cannot_be_written(clip, tmp_path):
    out = tmp_path / "out"
    out.mkdir(mode=0o555)
    info = probe(clip)
    with pytest.raises(OutputError, match="cannot be written: Permission denied"), unprivileged():
        open_writer(out / "clip.mp4", info, FAST).__enter__()
    assert left_in(out) == []


def test_a_file_in_the_way_of_a_folder(clip, tmp_path):
    (tmp_path / "out").write_text("a file")
    with pytest.raises(OutputError, match="cannot be written") as caught:
        render(clip, tmp_path / "out" / "clip.mp4")
    assert "clip.mp4" in str(caught.value)


def test_a_full_disk_says_so_and_leaves_nothing(clip, tmp_path):
    """On a tmpfs of 64 KiB."""
    if sys.platform != "linux":
        pytest.skip("needs a tmpfs")
    mount = tmp_path / "small"
    mount.mkdir()
    size = ["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", str(mount)]
    if subprocess.run(size, capture_output=True, check=False).returncode:
        pytest.skip("needs the right to mount a tmpfs")
    try:
        big = make(
            tmp_path / "big.mp4", dataclasses.replace(RECIPES["plain"], width=640, height=480)
        )
        with pytest.raises(DiskFull) as caught:
            render(big, mount / "clip.mp4", OutputSettings(preset="ultrafast", crf=0))
        assert "space" in caught.value.remedy
        assert left_in(mount) == []
    finally:
        subprocess.run(["umount", str(mount)], check=False)


def test_names_that_look_like_addresses_are_names(clip, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for name in ("http:evil.mp4", "-i.mp4", "concat:a|b.mp4", "50%d.mp4", "naïve 🎬\n.mp4"):
        source = Path(name)
        source.write_bytes(clip.read_bytes())
        render(source, Path("out") / name)
        assert (Path("out") / name).exists()


def test_an_absent_hardware_encoder_is_named(clip, tmp_path):
    for hardware in (Hardware.VIDEOTOOLBOX, Hardware.NVENC):
        with pytest.raises((UsageError, OutputError)) as caught:
            render(clip, tmp_path / "out.mp4", OutputSettings(hardware=hardware))
        assert "hardware" in caught.value.remedy
    with pytest.raises(UsageError, match="does not encode prores"):
        render(
            clip,
            tmp_path / "out.mov",
            OutputSettings(codec=Codec.PRORES, hardware=Hardware.NVENC),
        )


def test_hevc_refuses_interlaced_clips_with_a_remedy(tmp_path):
    clip = make(tmp_path / "clip.mp4", RECIPES["interlaced"])
    with pytest.raises(CannotEncode) as caught:
        render(clip, tmp_path / "out.mp4", OutputSettings(codec=Codec.HEVC))
    assert "--deinterlace" in caught.value.remedy


@pytest.mark.parametrize("codec", [Codec.H264, Codec.PRORES])
def test_timecode_only_when_asked_for(tmp_path, codec):
    clip = make(tmp_path / "clip.mov", RECIPES["mov-keys"])
    for keep in (False, True):
        settings = OutputSettings(codec=codec, timecode=Timecode.KEEP if keep else Timecode.ZERO)
        out = tmp_path / f"{keep}{output_suffix(probe(clip), settings)}"
        written = render(clip, out, settings)
        assert probe(out).timecode == ("10:20:30:00" if keep else "")
        assert any("timecode" in what for what in written.dropped) != keep


def test_a_last_frame_keeps_its_length(tmp_path):
    recipe = dataclasses.replace(RECIPES["vfr"], pts=(0, 40, 80, 120))
    out = tmp_path / "out.mp4"
    render(make(tmp_path / "clip.mp4", recipe), out)
    assert probe(out).duration == probe(tmp_path / "clip.mp4").duration


def test_part_files_are_hidden_and_in_the_same_folder(tmp_path):
    assert Part(tmp_path / "a.mp4").path == tmp_path / ".a.mp4.part"
