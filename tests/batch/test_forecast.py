import pytest
from fake_corridor import write_clip
from made_clips import film

from blur.batch.forecast import Sample, forecast, forecast_text, pick
from blur.batch.run import dry_run, run
from blur.batch.work import Probed
from blur.settings import Level, ScanSettings, Settings

FAST = Settings(scan=ScanSettings(level=Level.FAST))


def test_samples_are_scaled_to_all_work(tmp_path):
    probed = [Probed(100, 10, 10, ".mp4"), Probed(300, 10, 10, ".mp4")]
    samples = [Sample(work=1000, seconds=1.0, bytes=50), Sample(1000, 3.0, 150)]
    ahead = forecast([], probed, samples, failing=[], kept=0, skipped=0, out=tmp_path / "a" / "b")
    assert ahead.frames == 400
    assert ahead.seconds == 80 and ahead.bytes == 4000
    assert ahead.free > 0 and "0:01:20" in forecast_text(ahead)


@pytest.mark.parametrize(("slots", "seconds"), [(2, 40), (8, 30)])
def test_clips_beside_each_other_take_less_time_but_no_less_than_the_longest(
    tmp_path, slots, seconds
):
    probed = [Probed(100, 10, 10, ".mp4"), Probed(300, 10, 10, ".mp4")] * 2
    ahead = forecast(
        [],
        probed,
        [Sample(work=1000, seconds=1.0, bytes=50)],
        failing=[],
        kept=0,
        skipped=0,
        out=tmp_path,
        slots=slots,
    )
    assert ahead.seconds == seconds and ahead.bytes == 4000


def test_without_samples_there_is_no_estimate(tmp_path):
    ahead = forecast(
        [("a.mov", "new")], [], [], failing=[("b", "bad")], kept=1, skipped=2, out=tmp_path
    )
    assert ahead.seconds is None and ahead.bytes is None
    assert "would work on a.mov (new)" in forecast_text(
        ahead
    ) and "would fail: b: bad" in forecast_text(ahead)


def test_the_longest_and_the_middle_clip_are_sampled():
    probed = {i: Probed(frames, 10, 10, "") for i, frames in enumerate([5, 900, 20, 3, 80])}
    assert pick(probed) == [1, 2]
    assert pick({7: Probed(1, 1, 1, "")}) == [7]
    assert pick({}) == []


def test_a_dry_run_leaves_nothing_behind(tmp_path):
    card, out = tmp_path / "card", tmp_path / "out"
    film(card / "a.mov", frames=90)
    film(card / "b.mov", seed=1)
    write_clip(card / "c.mov")
    (card / "lost.mov").symlink_to("nowhere.mov")
    (card / "notes.txt").write_text("hello")
    ahead = dry_run([card], out, FAST, serial=True)
    assert [name for name, _ in ahead.todo] == ["a.mov", "b.mov"]
    assert [name for name, _ in ahead.failing] == ["c.mov", "lost.mov"]
    assert ahead.skipped == 1 and ahead.kept == 0 and ahead.frames == 110
    assert ahead.seconds > 0 and ahead.bytes > 0
    assert sorted(p.name for p in tmp_path.iterdir()) == ["card"]


def test_a_dry_run_knows_what_is_finished_and_moves_nothing(tmp_path):
    card, out = tmp_path / "card", tmp_path / "out"
    film(card / "a.mov")
    assert run([card], out, FAST, serial=True).exit_code == 0
    (card / "a.mov").rename(card / "moved.mov")
    film(card / "b.mov", seed=1)
    before = {p: p.stat().st_mtime_ns for p in out.rglob("*") if p.is_file()}
    ahead = dry_run([card], out, FAST, serial=True)
    assert [name for name, _ in ahead.todo] == ["b.mov"] and ahead.kept == 1
    after = {p: p.stat().st_mtime_ns for p in out.rglob("*") if p.is_file()}
    assert {p for p in before if after.get(p) != before[p]} <= {out / ".blur" / "ledger.sqlite"}
