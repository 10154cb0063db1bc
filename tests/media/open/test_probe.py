from __future__ import annotations

import os
from pathlib import Path

import pytest
from footage import GPS, RECIPES, SECRET, Recipe, cover_picture, make, second_film, unprivileged

from blur.errors import DecodeError, Exit, NotAClip
from blur.media.open import tracks
from blur.media.open.probe import probe


def refused(path: Path, kind: type[Exception]) -> str:
    with pytest.raises(kind) as caught:
        probe(path)
    error = caught.value
    assert path.name in str(error) and error.remedy and error.exit_code is Exit.FAILED
    assert str(path.parent) not in str(error)
    return str(error)


def test_an_empty_file(tmp_path):
    path = tmp_path / "empty.mp4"
    path.touch()
    assert "is empty" in refused(path, NotAClip)
    os.mkfifo(tmp_path / "pipe.mp4")  # to open it would wait for ever
    assert "is a pipe" in refused(tmp_path / "pipe.mp4", NotAClip)


@pytest.mark.parametrize("suffix", [".mp4", ".mkv", ".txt", ".ts", ".m3u8", ".ans", ".srt"])
def test_text_by_any_name(tmp_path, suffix):
    path = tmp_path / f"notes{suffix}"
    path.write_text("These are notes about the shooting.\n" * 200)
    refused(path, NotAClip)


@pytest.mark.parametrize(
    "text",
    ["#EXTM3U\n#EXTINF:10,\nclip.mp4\n#EXT-X-ENDLIST\n", "ffconcat version 1.0\nfile clip.mp4\n"],
)
def test_lists_of_other_files_are_not_followed(tmp_path, text):
    make(tmp_path / "clip.mp4", RECIPES["plain"])
    path = tmp_path / "list.mp4"
    path.write_text(text)
    refused(path, NotAClip)


def test_a_clip_without_its_index(tmp_path):
    path = make(tmp_path / "clip.mp4", RECIPES["plain"])
    path.write_bytes(path.read_bytes()[:3000])
    assert "damaged or incomplete" in refused(path, DecodeError)


def test_sound_alone(tmp_path):
    path = tmp_path / "sound.m4a"
    import av
    from footage import tone

    with av.open(str(path), "w", format="mp4") as container:
        stream = container.add_stream("aac", rate=48000)
        for at in range(0, 48000, 1024):
            frame = tone(at, 1024, 48000, "stereo")
            frame.pts = at
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    assert "sound but no picture" in refused(path, NotAClip)


def test_a_file_that_may_not_be_read(tmp_path):
    path = make(tmp_path / "clip.mp4", RECIPES["plain"])
    path.chmod(0)
    with unprivileged():
        assert "cannot be read" in refused(path, DecodeError)


def test_a_missing_file(tmp_path):
    assert "cannot be read" in refused(tmp_path / "gone.mp4", DecodeError)


def test_a_file_whose_disk_goes_while_it_is_read(tmp_path, monkeypatch):
    path = make(tmp_path / "clip.mp4", RECIPES["plain"])
    begin = tracks.refuse_alpha

    def gone(container, clip: Path) -> None:
        begin(container, clip)
        clip.unlink()

    monkeypatch.setattr(tracks, "refuse_alpha", gone)
    assert "cannot be read" in refused(path, DecodeError)


def test_a_folder(tmp_path):
    refused(tmp_path, DecodeError)


def test_a_cover_picture_is_not_the_clip(tmp_path):
    info = probe(make(tmp_path / "clip.mp4", Recipe(extra=cover_picture)))
    assert (info.codec, info.width, info.height) == ("h264", 64, 48)
    assert "cover picture" in info.dropped


@pytest.mark.parametrize("suffix", [".mkv", ".mp4", ".ts"])
def test_a_second_film_fails_and_says_how_to_split(tmp_path, suffix):
    path = make(tmp_path / f"clip{suffix}", Recipe(extra=second_film))
    said = refused(path, DecodeError)
    assert "2 films" in said and "64x48" in said and "32x32" in said
    assert "-map 0:0" in said and "-map 0:1" in said


def test_what_is_dropped_is_listed_in_words_and_quotes_nothing(tmp_path):
    info = probe(make(tmp_path / "clip.mov", RECIPES["mov-keys"]))
    said = " ".join((*info.dropped, *info.notes))
    for word in ("location", "device", "date", "chapters", "subtitles", "timecode"):
        assert word in said
    assert SECRET not in said and GPS not in said


@pytest.mark.parametrize("kind", [b"uuid", b"sefd", b"free"])
def test_boxes_that_no_reader_shows_are_listed_as_dropped(tmp_path, kind):
    path = make(tmp_path / "clip.mp4", RECIPES["plain"])
    before = probe(path).dropped
    text = f"{SECRET} {GPS}".encode()
    with path.open("ab") as file:
        file.write((8 + len(text)).to_bytes(4, "big") + kind + text)
    assert set(probe(path).dropped) - set(before) == {"hidden"}


def test_a_film_behind_the_film_is_listed_as_dropped(tmp_path):
    path = make(tmp_path / "clip.mp4", RECIPES["plain"])
    path.write_bytes(path.read_bytes() * 2)
    assert "hidden" in probe(path).dropped


def test_names_that_are_not_utf8(tmp_path):
    path = make(tmp_path / "clip.mp4", RECIPES["plain"])
    odd = Path(os.fsdecode(os.fsencode(tmp_path) + b"/cl\xffip.mp4"))
    try:
        path.rename(odd)
    except OSError:
        pytest.skip("this file system takes UTF-8 names only")
    assert probe(odd).frames == 12


def test_dolby_vision_says_what_it_comes_out_as(tmp_path):
    path = make(tmp_path / "clip.mp4", RECIPES["hlg"])
    data = bytearray(path.read_bytes())
    record = bytes([1, 0, 8 << 1, 0, 4 << 4]) + bytes(19)  # profile 8, compatible with HLG
    box = (8 + len(record)).to_bytes(4, "big") + b"dvvC" + record
    at = data.index(b"hvcC") - 4
    for name in (b"moov", b"trak", b"mdia", b"minf", b"stbl", b"stsd", b"hvc1"):
        start = data.index(name) - 4
        size = int.from_bytes(data[start : start + 4], "big") + len(box)
        data[start : start + 4] = size.to_bytes(4, "big")
    path.write_bytes(data[:at] + box + data[at:])
    assert "Dolby Vision profile 8: comes out as its HLG base layer" in probe(path).notes
