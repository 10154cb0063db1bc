"""Options that no clip, or not every clip, can be encoded with: told before any clip is scanned."""

from pathlib import Path

import pytest
from footage import RECIPES, Recipe, make

from blur.batch.run import dry_run, run
from blur.errors import CannotEncode, Exit, UsageError
from blur.media.open.probe import probe
from blur.media.write.writers import require_writable
from blur.settings import BatchSettings, Codec, Hardware, OutputSettings, Settings
from blur.store.folder import WorkFolder
from blur.store.ledger import read_ledger
from blur.store.report import State

DNXHR = Settings(output=OutputSettings(codec=Codec.DNXHR), batch=BatchSettings(jobs=1))


@pytest.fixture
def footage(tmp_path) -> Path:
    """A clip smaller than the smallest picture of DNxHR, 256 x 120."""
    (tmp_path / "in").mkdir()
    make(tmp_path / "in" / "small.mp4", RECIPES["plain"])
    return tmp_path / "in"


@pytest.fixture
def scanned(monkeypatch) -> list[str]:
    """The names of clips that work was begun on."""
    begun: list[str] = []

    def process(job, progress):
        begun.append(job.entry.name)
        return job.entry

    monkeypatch.setattr("blur.batch.walk.process_clip", process)
    return begun


def test_what_no_clip_can_be_encoded_with_ends_the_run_and_changes_nothing(
    footage, tmp_path, scanned
):
    out = tmp_path / "out"
    with pytest.raises(UsageError, match=r"small\.mp4: the encoder dnxhd refuses 64 x 48 pixels"):
        run([footage], out, DNXHR, serial=True)
    with pytest.raises(UsageError, match="dnxhd"):
        dry_run([footage], out, DNXHR, serial=True)
    assert not scanned
    assert read_ledger(WorkFolder(out))[0] == []


def test_a_clip_that_cannot_be_encoded_fails_alone_before_it_is_scanned(footage, tmp_path, scanned):
    make(footage / "large.mp4", Recipe(width=320, height=240))
    report = run([footage], tmp_path / "out", DNXHR, serial=True)
    assert scanned == ["large.mp4"]
    small = next(clip for clip in report.clips if clip.name == "small.mp4")
    assert small.state is State.FAILED and "64 x 48 pixels in yuv422p" in small.error.problem
    assert report.exit_code == Exit.FAILED


def test_a_scan_needs_no_encoder(footage, tmp_path, scanned):
    run([footage], tmp_path / "out", DNXHR, render=False, serial=True)
    assert scanned == ["small.mp4"]


@pytest.mark.parametrize("codec", [c for c in Codec if c is not Codec.DNXHR])
@pytest.mark.parametrize("recipe", ["plain", "vfr-mkv", "pq", "odd"])
def test_encoders_that_open_for_a_writer_open_ahead(codec, recipe, tmp_path):
    clip = make(tmp_path / f"clip{RECIPES[recipe].suffix}", RECIPES[recipe])
    require_writable(probe(clip), OutputSettings(codec=codec))


def test_hardware_and_interlacing_are_refused_ahead_in_words(tmp_path):
    plain = probe(make(tmp_path / "clip.mp4", RECIPES["plain"]))
    with pytest.raises(CannotEncode, match="does not encode prores"):
        require_writable(plain, OutputSettings(codec=Codec.PRORES, hardware=Hardware.NVENC))
    fields = probe(make(tmp_path / "fields.mp4", RECIPES["interlaced"]))
    with pytest.raises(CannotEncode, match="interlaced, which libx265 cannot keep"):
        require_writable(fields, OutputSettings(codec=Codec.HEVC))
    require_writable(fields, OutputSettings(codec=Codec.HEVC, deinterlace=True))
