"""Rows of the list are made anew where something of theirs changed, and only there."""

from __future__ import annotations

from pathlib import Path

import pytest

from blur.data.edits import Edits, RegionEdit
from blur.data.plan import Box, Keyframe
from blur.store import checks
from blur.store.plans import save_edits
from blur.store.report import Signature
from blur.store.shelf import Shelf

NAMES = {"a.mp4", "day 1/b ü.mp4", "day 1/c.mp4"}


def test_a_row_follows_each_of_its_files(out: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shelf = Shelf(out)
    made: list[str] = []
    make = Shelf._row
    monkeypatch.setattr(Shelf, "_row", lambda s, key, e: made.append(e.name) or make(s, key, e))

    def rows():
        made.clear()
        shelf.refresh()
        return {row.name: row for row in shelf.rows()}

    assert set(rows()) == NAMES == set(made)
    assert set(rows()) == NAMES and not made
    entry = shelf.entry(shelf.find("a.mp4"))
    edits = Edits(
        fingerprint=entry.fingerprint,
        regions=(RegionEdit(id=1, keyframes=(Keyframe(0, Box(9, 9, 9, 9)),)),),
    )
    file = shelf.folder.edits_of(entry.fingerprint)
    save_edits(edits, file)
    assert rows()["a.mp4"].edited and made == ["a.mp4"]
    file.unlink()
    signed = Signature(by="AB", at="2026-11-28T10:00", watched=1, seconds=1)
    checks.sign(shelf.folder, entry, None, signed)
    assert rows()["a.mp4"].checked_by == "AB" and made == ["a.mp4"]
    checks.unsign(shelf.folder, entry)
    assert rows()["a.mp4"].checked_by is None and made == ["a.mp4"]
    shelf.folder.plan_of(entry.fingerprint).unlink()
    assert rows() and made == ["a.mp4"]
