from __future__ import annotations

from pathlib import Path

import av
import numpy as np
import pytest

from blur.media.arrival import looks_whole


@pytest.fixture(scope="module")
def films(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    folder = tmp_path_factory.mktemp("arrival")
    made = {}
    for name, options in {
        "a.mp4": {}, "fast.mov": {"movflags": "+faststart"}, "a.mkv": {}, "a.webm": {}, "a.avi": {},
        "parts.mp4": {"movflags": "+frag_keyframe+empty_moov"},
    }.items():  # fmt: skip
        path = folder / name
        codec = "libvpx" if path.suffix == ".webm" else "mpeg4"
        with av.open(path, "w", options=options) as container:
            stream = container.add_stream(codec, 25)
            stream.width, stream.height, stream.pix_fmt = 64, 48, "yuv420p"
            for shade in range(5):
                picture = np.full((48, 64, 3), 40 * shade, np.uint8)
                container.mux(stream.encode(av.VideoFrame.from_ndarray(picture, "rgb24")))
            container.mux(stream.encode())
        made[name] = path.read_bytes()
    return made


def test_a_file_is_whole_at_its_announced_end_and_at_no_point_before(
    films: dict[str, bytes], tmp_path: Path
) -> None:
    for name, content in films.items():
        path = tmp_path / name
        path.write_bytes(content)
        assert looks_whole(path), name
        for share in range(1, 20):
            path.write_bytes(content[: len(content) * share // 20])
            # A film in parts may end after any part: there, only time tells.
            assert not looks_whole(path) or name == "parts.mp4", (name, share)


def test_a_file_with_its_size_set_before_its_content_is_not_whole(
    films: dict[str, bytes], tmp_path: Path
) -> None:
    content = films["a.mp4"]
    path = tmp_path / "a.mp4"
    path.write_bytes(content[:100] + bytes(len(content) - 100))  # 100: in its samples
    assert not looks_whole(path)


def test_other_files_announce_no_end(tmp_path: Path) -> None:
    path = tmp_path / "a.jpg"
    path.write_bytes(b"")
    assert not looks_whole(path)
    path.write_bytes(b"\xff\xd8\xff\xe0")
    assert looks_whole(path)
