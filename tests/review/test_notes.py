"""Notes beside frames: written, changed, removed, and read on another machine."""

from __future__ import annotations

from pathlib import Path

from click.testing import CliRunner
from review_page import Page

from blur.cli.main import main
from blur.store.shelf import Shelf


def test_a_note_beside_a_frame_is_kept_and_changes_no_render(page: Page, out: Path) -> None:
    page.go(33)
    page.press("w")
    page.answer("who is <b>this</b>?")
    page.says("Note written beside frame 33")
    page.waits_for('#chosen .note:has-text("who is <b>this</b>?")')
    page.waits_for("#origin.good")  # still the rendered file
    page.go(0)
    page.press("3")
    page.page.click('#decisions .row:has-text("who is")')
    page.at(33)
    shelf = Shelf(out)
    entry = shelf.entry(shelf.find("a.mp4"))
    file = shelf.folder.root / "notes" / shelf.folder.plan_of(entry.fingerprint).name
    assert file.stat().st_mode & 0o777 == 0o600
    told = CliRunner().invoke(main, ["edits", "list", str(out), "a.mp4"])
    assert "note on 33: who is <b>this</b>?" in told.output

    (out.parent / "in").rename(out.parent / "disk")
    page.page.reload()
    page.heard = 0
    page.waits_for('#chosen:has-text("The original is not here")')
    page.go(33)
    page.press("w", "Control+a")
    page.answer("asked the family")
    page.says("Note written beside frame 33")
    page.press("w", "Control+a", "Delete", "Enter")
    page.says("Note beside frame 33 removed")
    page.waits_for("#chosen:not(:has(.note))")
    page.press("z")  # without the original, too
    page.says("Undone")
    page.waits_for('#chosen .note:has-text("asked the family")')
    page.press("z", "z")
    page.waits_for("#chosen:not(:has(.note))")
    page.press("y")
    page.says("Done again")
    page.waits_for('#chosen .note:has-text("who is <b>this</b>?")')
