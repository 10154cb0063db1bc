import io
import sys
from collections import Counter
from pathlib import Path

import fake_corridor
import pytest

import blur.scan
from blur.batch.display import Lines
from blur.batch.run import run
from blur.settings import BatchSettings, Settings


class FakeBatch:
    """A batch over `fake_corridor`; remembers what was said and how often work was done."""

    def __init__(self, folder: Path) -> None:
        self.inputs = folder / "in"
        self.out = folder / "out"
        self.log = folder / "calls.log"
        self.inputs.mkdir()
        self.log.touch()

    def clip(self, name: str, behaviour: str = "well", **values) -> Path:
        return fake_corridor.write_clip(self.inputs / name, behaviour, **values)

    def run(self, *inputs: Path, settings=None, **options):
        self.log.write_text("")
        self.said = io.StringIO()
        settings = settings or Settings(batch=BatchSettings(stall_timeout=60, jobs=2))
        options = {"serial": True, "display": Lines(self.said)} | options
        return run(inputs or [self.inputs], self.out, settings, **options)

    @property
    def calls(self) -> Counter:
        return Counter(self.log.read_text(errors="surrogateescape").splitlines())

    @property
    def outputs(self) -> dict[str, str]:
        return {
            str(p.relative_to(self.out)): p.read_text()
            for p in sorted(self.out.rglob("*"))
            if p.is_file() and ".blur" not in p.parts and p.name != "report.json"
        }


@pytest.fixture
def fake(tmp_path, monkeypatch) -> FakeBatch:
    monkeypatch.setattr("blur.batch.survey.probe_clips", fake_corridor.probe_clips)
    monkeypatch.setattr("blur.batch.walk.process_clip", fake_corridor.process_clip)
    monkeypatch.setattr("blur.batch.segment_tasks.divide_clip", fake_corridor.divide_clip)
    monkeypatch.setattr("blur.batch.segment_tasks.scan_segment", fake_corridor.scan_segment)
    monkeypatch.setattr("blur.batch.failure._SETTLE", 0.05)
    # What fake_corridor puts in place of the pipeline is taken away after the test.
    for name in ("blur.scan.scan", "blur.corridor", "blur.scan.segments"):
        monkeypatch.setitem(sys.modules, name, None)
    monkeypatch.setattr(blur.scan, "segments", None, raising=False)
    batch = FakeBatch(tmp_path)
    monkeypatch.setenv("FAKE_CORRIDOR_LOG", str(batch.log))
    return batch


def states(report) -> dict[str, str]:
    return {clip.name: str(clip.state) for clip in report.clips}


def error_of(report, name: str):
    return next(clip.error for clip in report.clips if clip.name == name)
