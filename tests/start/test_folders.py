from __future__ import annotations

import os
from pathlib import Path

import pytest

from blur.errors import BlurError, UsageError
from blur.start import folders


def test_a_listing_holds_folders_and_counts_clips(tmp_path: Path) -> None:
    for name in ("b", "A ü", ".hidden"):
        (tmp_path / name).mkdir()
    for name in ("x.MOV", "y.jpg", "notes.txt"):
        (tmp_path / name).touch()
    (tmp_path / "link").symlink_to(tmp_path / "b")
    found = folders.listing(tmp_path)
    assert [f.name for f in found.folders] == ["A ü", "b", "link"]
    assert (found.clips, found.more, found.writable) == (2, 0, True)
    assert folders.path_of(found.folders[0].path) == tmp_path / "A ü"
    assert folders.path_of(found.above.path) == tmp_path.parent
    assert folders.listing(Path("/")).above is None


@pytest.mark.skipif(os.name == "nt", reason="Windows' names are all text")
def test_names_that_are_no_text_are_chosen_exactly(tmp_path: Path) -> None:
    odd = Path(os.fsdecode(os.fsencode(tmp_path) + b"/\xff%20"))
    odd.mkdir()
    assert [folders.path_of(f.path) for f in folders.listing(tmp_path).folders] == [odd]


@pytest.mark.skipif(not hasattr(os, "getuid") or os.getuid() == 0, reason="root reads everything")
def test_a_folder_that_the_user_may_not_read_is_refused(tmp_path: Path) -> None:
    tmp_path.chmod(0)
    with pytest.raises(BlurError, match="refused"):
        folders.listing(tmp_path)
    tmp_path.chmod(0o700)


def test_a_path_is_whole_and_a_new_folder_lies_in_the_folder_shown(tmp_path: Path) -> None:
    for text in ("", "Videos", "../x", "/x%00y"):
        with pytest.raises(UsageError):
            folders.path_of(text)
    for name in ("", " ", "../x", "a/b", ".blur", "a\\b", "a:b"):
        with pytest.raises(UsageError, match="no name"):
            folders.make(tmp_path, name)
    assert folders.make(tmp_path, " covered ") == tmp_path / "covered"
    with pytest.raises(BlurError):
        folders.make(tmp_path, "covered")


def test_covered_clips_are_proposed_beside_the_footage(tmp_path: Path) -> None:
    assert folders.proposal(tmp_path / "card") == tmp_path / "card covered"
