import hashlib
import itertools
from datetime import timedelta

import av
import numpy as np
import pytest
from fake_corridor import write_clip
from made_clips import film
from msgspec import structs

from blur.batch.forecast import forecast, forecast_text
from blur.batch.run import dry_run, run
from blur.batch.sample import Sample, pick, piece_of
from blur.batch.work import Probed, work_of
from blur.settings import Level, ScanSettings, Settings
from blur.settings.cores import ALLOTTED_CORES
from blur.store.segment_files import LENGTH

FAST = Settings(scan=ScanSettings(level=Level.FAST))


SLOW = Sample(work=1000, seconds=3.0, pixels=100, bytes=15)
QUICK = Sample(work=1000, seconds=1.0, pixels=100, bytes=5)


@pytest.fixture(autouse=True)
def one_core(monkeypatch):
    monkeypatch.setenv(ALLOTTED_CORES, "1")


def ahead_of(probed, samples, out, slots=1, **more):
    return forecast(
        [], probed, samples, failing=[], kept=0, skipped=0, out=out, slots=slots, **more
    )


def work(*frames):
    return sum(work_of(count, 10, 10) for count in frames)


def test_samples_are_scaled_to_all_work(tmp_path):
    probed = [Probed(100, 10, 10, ".mp4"), Probed(300, 10, 10, ".mp4")]
    ahead = ahead_of(probed, [QUICK, SLOW], tmp_path / "a" / "b")
    assert ahead.frames == 400
    assert ahead.seconds == pytest.approx(0.002 * work(100, 300)) and ahead.bytes == 4000
    assert ahead.free > 0 and f"{timedelta(seconds=round(ahead.seconds))}" in forecast_text(ahead)


def test_the_start_of_a_batch_counts_once_and_that_of_a_clip_more_on_many_cores(
    tmp_path, monkeypatch
):
    probed, late = [Probed(100, 10, 10, ".mp4")] * 2, structs.replace(SLOW, loading=4.0)
    known = ahead_of(probed, [SLOW], tmp_path).seconds
    begun = ahead_of(probed, [late, late], tmp_path, surveyed=2.5).seconds
    assert begun == pytest.approx(known + 4.0 + 2.5)
    monkeypatch.setenv(ALLOTTED_CORES, "4")
    dearer = 0.003 * 2 * work_of(100, 10, 10, cores=4)
    assert ahead_of(probed, [SLOW], tmp_path).seconds == pytest.approx(dearer) and dearer > known


def test_photographs_cost_what_photographs_do(tmp_path):
    film, still = Probed(100, 10, 10, ".mp4"), Probed(1, 10, 10, ".png", still=True)
    shot = Sample(work=work(1), seconds=7.0, pixels=100, bytes=500, still=True)
    both = ahead_of([film, still, still], [QUICK, shot], tmp_path)
    assert both.seconds == pytest.approx(0.001 * work(100) + 14)
    assert both.bytes == 500 + 1000
    assert ahead_of([film, still], [QUICK], tmp_path).seconds is None


@pytest.mark.parametrize("slots", [1, 2, 8])
def test_clips_beside_each_other_take_less_time_but_no_less_than_the_longest(tmp_path, slots):
    probed = [Probed(100, 10, 10, ".mp4"), Probed(300, 10, 10, ".mp4")] * 2
    ahead = ahead_of(probed, [QUICK], tmp_path, slots)
    shared = work(100, 300, 100, 300) / slots
    assert ahead.seconds == pytest.approx(0.001 * max(shared, work(300)))
    assert ahead.bytes == 4000


def test_the_segments_of_a_long_clip_lie_beside_each_other(tmp_path):
    probed = [Probed(10 * LENGTH, 10, 10, ".mp4")]
    one, four = (ahead_of(probed, [QUICK], tmp_path, slots).seconds for slots in (1, 4))
    assert one == pytest.approx(4 * four)


def test_without_samples_there_is_no_estimate(tmp_path):
    ahead = forecast(
        [("a.mov", "new")], [], [], failing=[("b", "bad")], kept=1, skipped=2, out=tmp_path
    )
    assert ahead.seconds is None and ahead.bytes is None
    assert "would work on a.mov (new)" in forecast_text(
        ahead
    ) and "would fail: b: bad" in forecast_text(ahead)


def test_films_are_sampled_by_their_work_a_long_one_in_several_places():
    probed = {i: Probed(frames, 10, 10, "") for i, frames in enumerate([300, 8000, 300, 1400])}
    spots = pick(probed)
    assert len(spots) == 32
    share = work(8000) / work(300, 8000, 300, 1400)
    assert abs([spot.key for spot in spots].count(1) - 32 * share) < 1
    assert all(0 <= spot.share < 1 for spot in spots)
    shares = [spot.share for spot in spots if spot.key == 1]
    assert min(b - a for a, b in itertools.pairwise(shares)) > 48 / 8000


def test_a_short_film_is_sampled_once_and_no_batch_lacks_samples():
    assert [spot.key for spot in pick({7: Probed(1, 1, 1, "")})] == [7]
    assert [spot.key for spot in pick({7: Probed(90, 1, 1, ""), 8: Probed(90, 1, 1, "")})] == [7, 8]
    assert pick({}) == []


def test_photographs_are_sampled_by_their_work_each_once():
    sizes = [3000, 500, 9000, 2000, 8000, 100, 40, 9000, 9000, 9000]
    probed = {i: Probed(1, side, 1000, "", still=True) for i, side in enumerate(sizes)}
    keys = [spot.key for spot in pick(probed)]
    assert len(keys) == 6 == len(set(keys)) and {2, 7, 8, 9} <= set(keys)
    assert pick({4: probed[2]}) == [(4, 0.0)]


@pytest.mark.parametrize("suffix", ["mov", "mkv", "ts", "avi"])
def test_a_piece_of_a_film_is_whole_wherever_it_begins(suffix, tmp_path):
    clip = film(tmp_path / f"a.{suffix}", frames=240, keys=30)
    names = {seen: number for number, seen in enumerate(hashes(clip))}
    for share, first in ((0.0, 0), (0.5, 120), (0.65, 150), (0.99, 180)):
        shown = [names[seen] for seen in hashes(piece_of(clip, tmp_path, share))]
        start = shown[0] if suffix == "ts" else first  # has no index, and may begin later
        assert first <= start <= first + 30 and shown[:30] == list(range(start, start + 30))


def test_a_piece_leaves_out_pictures_that_need_the_group_before(tmp_path):
    clip = tmp_path / "open.mp4"
    with av.open(f"file:{clip}", "w") as container:
        options = {"x265-params": "open-gop=1:keyint=30:min-keyint=30:bframes=4:log-level=none"}
        stream = container.add_stream("libx265", 25, options=options)
        stream.width, stream.height, stream.pix_fmt = 128, 96, "yuv420p"
        for shown in range(240):
            picture = np.roll(np.arange(128 * 96 * 3).reshape(96, 128, 3) // 7 % 251, shown, 1)
            container.mux(stream.encode(av.VideoFrame.from_ndarray(picture.astype(np.uint8))))
        container.mux(stream.encode(None))
    whole = hashes(clip)
    assert len(whole) == 240
    piece = hashes(piece_of(clip, tmp_path, 0.5))
    assert len(piece) >= 40 and set(piece) <= set(whole)
    first = whole.index(piece[0])
    assert 90 <= first <= 120 and piece[:40] == whole[first : first + 40]


def hashes(path):
    """A hash of each picture, without its time."""
    with av.open(f"file:{path}") as container:
        return [
            hashlib.sha256(picture.to_ndarray().tobytes()).hexdigest()
            for picture in container.decode(video=0)
        ]


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
