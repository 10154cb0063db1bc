import os
import subprocess
from pathlib import Path

import pytest
from av.format import ContainerFormat
from footage import RECIPES

from blur.batch.discover import discover
from blur.errors import UsageError
from blur.media.suffixes import CLIP_SUFFIXES
from blur.store.names import shown


def names(found) -> list[str]:
    return [candidate.name for candidate in found.candidates]


def touch(*paths: Path) -> None:
    for path in paths:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"x")


def test_folders_are_searched_and_keep_their_tree(tmp_path):
    card = tmp_path / "card"
    touch(card / "b.mov", card / "a.MP4", card / "day 2" / "deep" / "c.mkv", card / "notes.txt")
    found = discover([card], tmp_path / "out")
    assert names(found) == ["a.MP4", "b.mov", "day 2/deep/c.mkv", "notes.txt"]
    assert found.skipped == [] and found.unreadable == []


def test_a_file_keeps_its_own_name_and_counts_as_named(tmp_path):
    touch(tmp_path / "somewhere" / "a.dat")
    (candidate,) = discover([tmp_path / "somewhere" / "a.dat"], tmp_path / "out").candidates
    assert candidate.name == "a.dat"
    assert candidate.claims_pictures


def test_only_names_that_claim_pictures_fail_when_they_hold_none(tmp_path):
    card = tmp_path / "card"
    touch(card / "a.MOV", card / "a.txt", card / "noname")
    claims = {c.name: c.claims_pictures for c in discover([card], tmp_path / "out").candidates}
    assert claims == {"a.MOV": True, "a.txt": False, "noname": False}


def test_every_format_that_is_read_claims_pictures():
    made = {recipe.suffix for recipe in RECIPES.values()}
    demuxers = ("mov", "avi", "flv", "mjpeg", "dv", "yuv4mpegpipe", "h264", "hevc", "vc1", "nut")
    known = {f".{e}" for name in demuxers for e in ContainerFormat(name, "r").extensions}
    sound = {".m4a", ".m4b", ".isma", ".ism", ".psp", ".avc", ".h26l"}
    cards = {f".{n}" for n in ("insv", "lrv", "m2t", "mod", "hif", "cr3", "nef", "raf", "jxl")}
    missing = (made | known | cards) - sound - CLIP_SUFFIXES
    assert not missing


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        (".IMG_0001.HEIC.icloud", "IMG_0001.HEIC"),
        ("IMG_0001.MOV.icloud", "IMG_0001.MOV"),
        ("film.mp4.crdownload", "film.mp4"),
        ("photo.nef.part", "photo.nef"),
    ],
)
def test_a_clip_that_is_elsewhere_is_a_failure(tmp_path, name, meant):
    card = tmp_path / "card"
    touch(card / name)
    for given in (card, card / name):
        found = discover([given], tmp_path / "out")
        ((_, error),) = found.unreadable
        assert not found.candidates and not found.skipped
        assert meant in error.problem and "download" in error.remedy


@pytest.mark.parametrize("name", [".out.mp4.part", ".list.txt.icloud", "notes.txt.part"])
def test_placeholders_of_other_files_are_none_of_a_clips(tmp_path, name):
    touch(tmp_path / "card" / name)
    assert not discover([tmp_path / "card"], tmp_path / "out").unreadable


def test_an_input_inside_another_is_taken_once(tmp_path):
    card = tmp_path / "card"
    touch(card / "a.mov")
    assert names(discover([card, card / "a.mov", card], tmp_path / "out")) == ["a.mov"]


def test_hidden_files_are_listed_as_skipped(tmp_path):
    card = tmp_path / "card"
    touch(card / "._a.mov", card / ".Trash" / "b.mov")
    found = discover([card], tmp_path / "out")
    assert names(found) == []
    assert [(s.name, s.why) for s in found.skipped] == [(".Trash", "hidden"), ("._a.mov", "hidden")]


def test_include_and_exclude(tmp_path):
    card = tmp_path / "card"
    touch(card / "a.mov", card / "b.mp4", card / "old" / "c.mov")
    found = discover([card], tmp_path / "out", include=["*.mov"], exclude=["old/*"])
    assert names(found) == ["a.mov"]
    assert {s.name: s.why for s in found.skipped} == {
        "b.mp4": "not included",
        "old/c.mov": "excluded",
    }


def test_link_loops_end_and_links_are_followed(tmp_path):
    card = tmp_path / "card"
    touch(card / "sub" / "a.mov", tmp_path / "elsewhere" / "b.mov")
    (card / "sub" / "up").symlink_to(card)
    (card / "sub" / "self").symlink_to(card / "sub")
    (card / "link").symlink_to(tmp_path / "elsewhere")
    (card / "other").symlink_to(card / "sub")
    found = discover([card], tmp_path / "out")
    assert names(found) == ["link/b.mov", "other/a.mov", "sub/a.mov"]
    assert "sub/up" in {s.name for s in found.skipped}


def test_what_cannot_be_read_is_a_failure_and_not_skipped(tmp_path):
    card = tmp_path / "card"
    touch(card / "a.mov")
    (card / "gone.mov").symlink_to(tmp_path / "nowhere.mov")
    found = discover([card], tmp_path / "out")
    assert names(found) == ["a.mov"]
    ((name, error),) = found.unreadable
    assert name == "gone.mov" and "No such file" in error.problem


def test_special_files_are_skipped(tmp_path):
    import os

    (tmp_path / "card").mkdir()
    os.mkfifo(tmp_path / "card" / "pipe.mov")
    found = discover([tmp_path / "card"], tmp_path / "out")
    assert [(s.name, s.why) for s in found.skipped] == [("pipe.mov", "not a regular file")]


@pytest.mark.parametrize("out", [".", "out", "deep/down/out", "link"])
def test_an_output_folder_inside_an_input_is_refused(tmp_path, out):
    card = tmp_path / "card"
    touch(card / "a.mov")
    (card / "link").symlink_to(card / "away", target_is_directory=True)
    with pytest.raises(UsageError, match="inside the input folder") as caught:
        discover([card], card / out)
    assert "card" in str(caught.value) and caught.value.remedy


def test_a_missing_input_is_refused(tmp_path):
    with pytest.raises(UsageError, match="no such file") as caught:
        discover([tmp_path / "missing"], tmp_path / "out")
    assert "missing" in str(caught.value)


def test_strange_names_are_found_and_shown_on_one_line(tmp_path):
    card = tmp_path / "card"
    strange = ["-rf.mov", "a\nb.mov", "😀.mov", "x" * 251 + ".mov", "A.mov", "a.mov"]
    touch(*(card / name for name in strange))
    raw = bytes(card) + b"/\xff\xfe.mov"
    Path(raw.decode("utf-8", "surrogateescape")).write_bytes(b"x")
    found = discover([card], tmp_path / "out")
    assert len(found.candidates) == 7
    assert all(c.path.exists() for c in found.candidates)
    assert "a\\nb.mov" in names(found) and "\\xff\\xfe.mov" in names(found)
    assert all(c.name.isprintable() and c.name.encode() for c in found.candidates)


def test_shown_keeps_plain_names():
    assert shown("day 2/Ünï 😀.mov") == "day 2/Ünï 😀.mov"


def test_links_in_circles_are_skipped_with_a_note(tmp_path):
    card = tmp_path / "card"
    touch(card / "a.mov")
    (card / "loop.mov").symlink_to("loop.mov")
    (card / "up").symlink_to(card)
    (tmp_path / "circle").symlink_to("circle")
    found = discover([card], tmp_path / "circle")
    assert names(found) == ["a.mov"] and found.unreadable == []
    assert {(s.name, s.why) for s in found.skipped} == {
        ("loop.mov", "a link that leads in a circle"),
        ("up", "a link back to a folder above it"),
    }


def test_a_tree_too_deep_to_read_is_counted_and_the_others_are_found(tmp_path):
    """Deeper than Python's calls, and than a path that the system takes."""
    card = tmp_path / "card"
    touch(card / "a.mov", card / "z.mov")
    before = Path.cwd()
    try:
        os.chdir(card)
        for _ in range(1200):
            Path("deep").mkdir()
            os.chdir("deep")
        Path("unseen.mov").touch()
    finally:
        os.chdir(before)
    found = discover([card], tmp_path / "out")
    subprocess.run(["rm", "-rf", card], check=True)  # Python recurses
    assert names(found) == ["a.mov", "z.mov"]
    ((name, error),) = found.unreadable
    assert name.startswith("deep/deep") and len(name) <= 201
    assert "too long" in error.problem and "shorter" in error.remedy
