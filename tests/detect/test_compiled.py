from __future__ import annotations

import tempfile
from pathlib import Path

import pytest

from blur.detect.compiled import Kept


def test_what_is_put_comes_back_by_its_key() -> None:
    kept = Kept()
    assert kept.imported("a", bytes) is None
    for key, content in (("a", b"one"), (("b", 1), bytes(range(256)) * 4096), ("c", b"two")):
        kept.put(key, content)
    assert kept.imported(("b", 1), bytes) == bytes(range(256)) * 4096
    assert [kept.imported(key, bytes) for key in ("c", "a", "d")] == [b"two", b"one", None]


def test_what_points_into_it_goes_on_to_do_so() -> None:
    kept = Kept()
    kept.put("a", bytes(range(256)) * 4096)
    into = kept.imported("a", lambda content: content)
    kept.put("b", b"another")
    kept.forget_pages()
    assert bytes(into) == bytes(range(256)) * 4096


def test_it_leaves_no_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    kept = Kept()
    kept.put("a", b"one")
    assert kept.imported("a", bytes) == b"one"
    assert list(tmp_path.iterdir()) == []


def test_a_disk_that_takes_nothing_is_no_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "missing"))
    kept = Kept()
    kept.put("a", b"one")
    assert kept.imported("a", bytes) is None
