"""What people really give to a program, through the real corridor."""

import os
import subprocess
import sys
import wave
from pathlib import Path

import pytest
from made_clips import film, frame_hashes

from blur.errors import Exit


def blur(*arguments: object) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "blur", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, timeout=120)


def run(*inputs: Path, out: Path) -> subprocess.CompletedProcess[str]:
    return blur("run", *inputs, "-o", out, "--level", "fast", "--disk-wait", "0")


def outputs(out: Path) -> set[str]:
    files = {p for p in out.rglob("*") if p.is_file() and ".blur" not in p.parts}
    return {str(p.relative_to(out)) for p in files} - {"report.json", "report.html"}


def truncated(path: Path) -> None:
    whole = film(path.with_suffix(".whole.mp4"), frames=60)
    path.write_bytes(whole.read_bytes()[: whole.stat().st_size // 2])
    whole.unlink()


def cut_off_mkv(path: Path) -> None:
    import av

    with av.open(str(path), "w") as container:
        stream = container.add_stream("mpeg4", 25)
        stream.width, stream.height, stream.pix_fmt = 128, 96, "yuv420p"
        for i in range(50):
            frame = av.VideoFrame(128, 96, "yuv420p")
            for plane in frame.planes:
                plane.update(bytes([i * 5 % 256]) * plane.buffer_size)
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    content = path.read_bytes()
    path.write_bytes(content[: len(content) * 2 // 3])


def sound(path: Path) -> None:
    with wave.open(str(path), "wb") as file:
        file.setparams((1, 2, 8000, 0, "NONE", ""))
        file.writeframes(b"\0\1" * 8000)


def unreadable(path: Path) -> None:
    film(path)
    path.chmod(0)
    if os.access(path, os.R_OK):
        path.unlink()
        path.symlink_to("/proc/self/mem")  # nobody reads its first byte, root neither


@pytest.mark.parametrize(
    ("name", "make"),
    [
        ("empty.mp4", Path.touch),
        ("text.mp4", lambda path: path.write_text("hello " * 100)),
        ("cut.mp4", truncated),
        ("cut.mkv", cut_off_mkv),
        ("sound.mp4", sound),
        ("unreadable.mp4", unreadable),
    ],
)
def test_a_bad_file_is_named_and_the_others_are_finished(tmp_path, name, make):
    card = tmp_path / "card"
    film(card / "good.mov")
    make(card / name)
    before = (card / "good.mov").read_bytes()
    done = run(card, out=tmp_path / "out")
    assert done.returncode == Exit.FAILED, done.stdout + done.stderr
    (line,) = [line for line in done.stdout.splitlines() if line.startswith("failed: ")]
    assert name in line and line.endswith(")")
    assert str(tmp_path) not in line
    assert outputs(tmp_path / "out") == {"good.mov"}
    assert len(frame_hashes(tmp_path / "out" / "good.mov")) == 20
    assert (card / "good.mov").read_bytes() == before
    assert "Traceback" not in done.stdout + done.stderr


def test_a_file_named_on_the_command_line_must_be_a_clip(tmp_path):
    (tmp_path / "notes.txt").write_text("hello")
    done = run(tmp_path / "notes.txt", out=tmp_path / "out")
    assert done.returncode == Exit.FAILED and "notes.txt" in done.stdout


def test_other_files_in_a_folder_are_skipped_and_listed(tmp_path):
    card = tmp_path / "card"
    film(card / "good.mov")
    (card / "notes.txt").write_text("hello")
    sound(card / "sound.wav")
    done = run(card, out=tmp_path / "out")
    assert done.returncode == Exit.OK, done.stdout
    assert "skipped: notes.txt" in done.stdout and "skipped: sound.wav" in done.stdout


def test_an_output_folder_inside_the_input_is_refused(tmp_path):
    film(tmp_path / "card" / "good.mov")
    done = run(tmp_path / "card", out=tmp_path / "card" / "out")
    assert done.returncode == Exit.USAGE and "inside" in done.stderr
    assert not (tmp_path / "card" / "out").exists()


def test_an_output_folder_that_cannot_be_written_is_named(tmp_path):
    film(tmp_path / "card" / "good.mov")
    done = run(tmp_path / "card", out=Path("/proc/out"))
    assert done.returncode == Exit.FAILED and "/proc/out" in done.stderr


def test_two_inputs_of_one_output_are_both_named(tmp_path):
    film(tmp_path / "card 1" / "a.mov", seed=1)
    film(tmp_path / "card 2" / "a.mov", seed=2)
    film(tmp_path / "card 2" / "b.mov", seed=3)
    done = run(tmp_path / "card 1", tmp_path / "card 2", out=tmp_path / "out")
    assert done.returncode == Exit.FAILED
    assert "card 1/a.mov" in done.stdout and "card 2/a.mov" in done.stdout
    assert outputs(tmp_path / "out") == {"b.mov"}


def test_a_full_disk(tmp_path):
    mount = tmp_path / "disk"
    mount.mkdir()
    if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=2m", "tmpfs", mount]).returncode:
        pytest.skip("needs the right to mount a small file system")
    try:
        noise = tmp_path / "card" / "large.mkv"
        film(tmp_path / "card" / "small.mov")
        make_noise(noise)
        done = run(tmp_path / "card", out=mount / "out")
        assert done.returncode == Exit.FAILED, done.stdout + done.stderr
        assert "large.mkv" in done.stdout and "space" in done.stdout
        assert outputs(mount / "out") == {"small.mov"}
    finally:
        subprocess.run(["umount", mount], check=True)


def make_noise(path: Path) -> None:
    """A clip that no encoder makes small."""
    import av
    import numpy as np

    chance = np.random.default_rng(0)
    with av.open(str(path), "w") as container:
        stream = container.add_stream("ffv1", 25)
        stream.width, stream.height, stream.pix_fmt = 256, 256, "yuv420p"
        for _ in range(40):
            picture = chance.integers(0, 255, (384, 256), np.uint8)
            container.mux(stream.encode(av.VideoFrame.from_ndarray(picture, "yuv420p")))
        container.mux(stream.encode(None))
