from __future__ import annotations

import tempfile
from pathlib import Path

import pytest

from blur.faces.compiled import Kept


def test_what_is_put_comes_back_by_its_key() -> None:
    kept = Kept()
    assert kept.get("a") is None
    for key, content in (("a", b"one"), ("b", b""), (("c", 1), bytes(range(256)) * 4096)):
        kept.put(key, content)
    assert kept.get(("c", 1)) == bytes(range(256)) * 4096
    assert [kept.get(key) for key in ("a", "b", "d")] == [b"one", b"", None]


def test_it_leaves_no_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    kept = Kept()
    kept.put("a", b"one")
    assert kept.get("a") == b"one"
    assert list(tmp_path.iterdir()) == []


def test_a_disk_that_takes_nothing_is_no_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "missing"))
    kept = Kept()
    kept.put("a", b"one")
    assert kept.get("a") is None
