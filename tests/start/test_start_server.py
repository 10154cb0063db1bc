"""The start page's server without a browser: choices, refusals, batches of other programs."""

from __future__ import annotations

import signal
import subprocess
from pathlib import Path

import pytest
from starlette.applications import Starlette

from blur.errors import Exit, UsageError
from blur.process import itself
from blur.start import memory
from blur.start import protocol as ask
from blur.start.batch import Batch, Way
from blur.start.estimate import Estimate
from blur.start.folders import place
from blur.start.server import Front
from blur.store.folder import WorkFolder


@pytest.fixture(autouse=True)
def at_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    monkeypatch.setattr("blur.start.server.Estimate", lambda arguments: None)


@pytest.fixture
def footage(tmp_path: Path) -> Path:
    (tmp_path / "footage").mkdir()
    return tmp_path / "footage"


def chosen(footage: Path, out: Path | None = None, preset: str = "draft") -> ask.Chosen:
    return ask.Chosen(place(footage).path, place(out).path if out else "", preset)


def test_the_last_choice_is_there_again(footage: Path, tmp_path: Path) -> None:
    assert Front().view().footage is None
    told = Front().choose(chosen(footage, preset="master"))
    assert told.out == place(tmp_path / "footage covered") and told.batch.way is Way.NONE
    again = Front().view()
    assert (again.footage, again.out, again.preset) == (told.footage, told.out, "master")
    for damaged in (b"{", b'{"preset": "unknown"}', b'{"footage": "not whole"}'):
        (tmp_path / "state/blur/start.json").write_bytes(damaged)
        assert Front().view().footage is None


def test_a_home_that_cannot_be_written_hinders_nothing(
    footage: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "file"))
    assert "will not be remembered" in Front().choose(chosen(footage)).note
    assert memory.recall() == memory.Choice()


def test_choices_that_cannot_be_used_are_refused(footage: Path, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no footage"):
        Front().run()
    with pytest.raises(UsageError, match="no folder any more"):
        Front().choose(chosen(tmp_path / "gone"))
    with pytest.raises(UsageError, match="kind of work"):
        Front().choose(chosen(footage, preset="-o"))


def test_covered_clips_do_not_go_into_their_footage(footage: Path, tmp_path: Path) -> None:
    front = Front()
    kept = front.choose(chosen(footage)).out
    (tmp_path / "link").symlink_to(footage)
    for out in (footage, footage / "new", tmp_path / "link" / "new"):
        with pytest.raises(UsageError, match="inside"):
            front.choose(chosen(footage, out))
    assert front.view().out == kept


def test_a_folder_that_is_not_made_yet_is_looked_for_above(footage: Path) -> None:
    told = Front().listing(ask.FolderRequest(place(footage / "not" / "yet").path))
    assert told.here == place(footage)


def test_a_review_is_of_a_chosen_folder_only(out: Path) -> None:
    front = Front()
    told = front.choose(chosen(out.parent / "in", out))
    assert told.batch.way is Way.ENDED and (told.batch.covered, told.batch.clips) == (3, 3)
    key = told.review.split("/")[1]
    assert isinstance(front.review(key), Starlette)
    assert front.review("0" * 12) is None and Front().review("0" * 12) is None
    assert out.name not in told.review


def test_a_batch_that_another_program_began_is_seen_and_paused(out: Path) -> None:
    batch = Batch(out)
    with WorkFolder(out).locked():
        assert batch.view(covers=True).way is Way.RUNNING
        with pytest.raises(UsageError, match="running"):
            batch.begin(["run"])
        batch.pause()
        assert WorkFolder(out).pause.exists()
        assert batch.view(covers=True).way is Way.PAUSING
    assert batch.view(covers=True).way is Way.ENDED


def test_why_a_batch_could_not_start_is_told(footage: Path, tmp_path: Path) -> None:
    """The true command, which refuses footage without a clip."""
    front = Front()
    front.choose(chosen(footage))
    front.run()
    batch = front._batch(tmp_path / "footage covered")
    assert batch._process.wait(60) == Exit.NOTHING
    told = front.view().batch
    assert told.way is Way.BROKEN and "no clip" in told.problem


def test_an_estimate_is_the_command_s_own(footage: Path, tmp_path: Path) -> None:
    front = Front()
    front.choose(chosen(footage))
    estimate = Estimate(front._arguments(footage, tmp_path / "out"))
    estimate._process.wait(60)
    told = estimate.view()
    assert (told.state, told.clips, told.problem) == ("known", 0, "") and told.free > 0
    estimate.stop()


def test_what_runs_by_itself_hears_no_ctrl_c(tmp_path: Path) -> None:
    with (tmp_path / "errors").open("wb") as errors:
        process = itself.detached("--version", out=subprocess.PIPE, errors=errors)
    assert process.communicate(timeout=60)[0].startswith(b"blur")
    assert signal.getsignal(signal.SIGINT) is not None and process.returncode == 0


def test_nobody_needs_the_server_after_an_hour(out: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    front = Front()
    front.choose(chosen(out.parent / "in", out))
    assert not front.idle()
    monkeypatch.setattr("blur.start.server._IDLE", -1.0)
    assert front.idle()
    with WorkFolder(out).locked():
        assert not front.idle()
