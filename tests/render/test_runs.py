"""Films rendered in runs side by side: the pictures of a render in one piece, or no file at all."""

from __future__ import annotations

import dataclasses
import errno
import itertools
import threading
import time
from pathlib import Path

import av
import numpy as np
import pytest
from made_output import FRAMES, GROUP, HEIGHT, LOSSLESS, WIDTH, film, track
from msgspec.structs import replace
from passing import decoded

from blur.data.placement import Placement
from blur.data.plan import Plan
from blur.disk.fingerprint import fingerprint
from blur.errors import DecodeError, Interrupted, PlanMismatch
from blur.media.open.probe import probe
from blur.media.open.readers import open_reader
from blur.media.open.seek import Seeker, strict_frames
from blur.process.progress import silent
from blur.render import render as rendering
from blur.render import runs
from blur.render.render import render
from blur.settings import Codec, OutputSettings, ScanSettings, Settings
from blur.settings.cores import ALLOTTED_CORES

RUNS = [range(start, min(start + GROUP, FRAMES)) for start in range(0, FRAMES, GROUP)]


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Plan]:
    path = tmp_path_factory.mktemp("clip") / "a.mp4"
    film(path, seed=3)
    info = probe(path)
    with open_reader(path, info) as reader:
        pts = tuple(frame.pts for frame in reader)
    face = track(1, 10, 80, 100, 80, 60)
    plan = Plan(fingerprint(path), WIDTH, HEIGHT, info.time_base, pts, (), (face,))
    return path, plan


@pytest.fixture(autouse=True)
def two_cores(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(ALLOTTED_CORES, "2")
    monkeypatch.setattr(runs, "_LENGTH", GROUP)


def test_the_pictures_are_those_of_a_render_in_one_piece(clip, tmp_path, monkeypatch):
    path, plan = clip
    assert runs.runs_of(probe(path), plan, LOSSLESS, silent) == RUNS
    told, threads = [], set()
    write = rendering.Covering.only

    def painted(covering, frame):
        threads.add(threading.current_thread())
        return write(covering, frame)

    monkeypatch.setattr(rendering.Covering, "only", painted)
    done = render(
        path, plan, tmp_path / "runs.mp4", LOSSLESS, progress=lambda *given: told.append(given)
    )
    assert len(threads) == 2 and threading.current_thread() not in threads
    counts = [count for _, count, _ in told if count]
    assert counts == sorted(set(counts)) and told[-1] == ("render", FRAMES, FRAMES)
    monkeypatch.setenv(ALLOTTED_CORES, "1")
    whole = render(path, plan, tmp_path / "whole.mp4", LOSSLESS)
    assert len(threads) == 2
    assert (done.frames, done.damaged, done.notes, done.dropped) == (
        whole.frames,
        whole.damaged,
        whole.notes,
        whole.dropped,
    )
    pairs = zip(decoded(tmp_path / "runs.mp4"), decoded(tmp_path / "whole.mp4"), strict=True)
    for made, right in pairs:
        assert made.pts == right.pts and np.array_equal(made.to_ndarray(), right.to_ndarray())


@pytest.mark.parametrize(
    "settings",
    [
        replace(LOSSLESS, output=OutputSettings(codec=Codec.FFV1)),
        replace(LOSSLESS, scan=ScanSettings(max_damaged=1)),
    ],
    ids=["alone", "damaged"],
)
def test_other_films_are_rendered_in_one_piece(settings: Settings, clip) -> None:
    path, plan = clip
    assert not runs.runs_of(probe(path), plan, settings, silent)


def test_large_films_with_notes_or_other_times_are_rendered_in_one_piece(clip, monkeypatch):
    path, plan = clip
    info = probe(path)
    assert not runs.runs_of(info, dataclasses.replace(plan, notes=("fitted",)), LOSSLESS, silent)
    later = (*plan.pts[:-1], plan.pts[-1] + 1)
    assert not runs.runs_of(info, dataclasses.replace(plan, pts=later), LOSSLESS, silent)
    large = dataclasses.replace(
        info,
        orientation=dataclasses.replace(info.orientation, stored_width=4096, stored_height=2304),
    )
    assert not runs.runs_of(large, plan, LOSSLESS, silent)


def test_no_run_begins_where_no_seek_leads(clip, monkeypatch):
    path, plan = clip
    lead = Seeker.lead
    monkeypatch.setattr(
        Seeker, "lead", lambda self, index: index if index == GROUP else lead(self, index)
    )
    monkeypatch.setattr(runs, "_LENGTH", GROUP - 1)
    found = runs.runs_of(probe(path), plan, LOSSLESS, silent)
    assert found == [range(2 * GROUP), *RUNS[2:]]
    monkeypatch.setattr(runs, "_LONGEST", 2 * GROUP - 1)
    assert not runs.runs_of(probe(path), plan, LOSSLESS, silent)


def test_a_run_that_hangs_gives_no_sign_of_life(clip, tmp_path, monkeypatch):
    path, plan = clip
    told = []

    def slow(*given):
        for frame in strict_frames(*given):
            if frame.index == GROUP + 3:
                time.sleep(1.2)  # several times as long as a sign of life takes
            yield frame

    monkeypatch.setattr(runs, "strict_frames", slow)
    render(path, plan, tmp_path / "a.mp4", LOSSLESS, progress=lambda *given: told.append(given[1]))
    told = [count for count in told if count]
    assert len(told) == len(set(told))


def test_a_part_is_rendered_in_one_piece(clip, tmp_path, monkeypatch):
    path, plan = clip
    monkeypatch.setattr(rendering, "write_runs", None)
    done = render(path, plan, tmp_path / "a.mp4", LOSSLESS, placed=Placement(frames=(10, 70)))
    assert done.frames == 60


def test_a_stop_leaves_nothing(clip, tmp_path):
    path, plan = clip

    def stop(stage: str, done: int, total: int | None) -> None:
        if done:
            raise Interrupted("stopped")

    with pytest.raises(Interrupted):
        render(path, plan, tmp_path / "a.mp4", LOSSLESS, progress=stop)
    assert not list(tmp_path.iterdir())
    assert not [t for t in threading.enumerate() if t.name.startswith("run")]


@pytest.mark.parametrize(
    ("fault", "error"), [(OSError(errno.EIO, "unread"), OSError), (None, PlanMismatch)]
)
def test_a_run_that_ends_early_fails_the_film(fault, error, clip, tmp_path, monkeypatch):
    path, plan = clip

    def short(*given):
        yield from itertools.islice(strict_frames(*given), 20)
        if fault:
            raise fault

    monkeypatch.setattr(runs, "strict_frames", short)
    with pytest.raises(error, match="unread" if fault else "24"):
        render(path, plan, tmp_path / "a.mp4", LOSSLESS)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("share", [0.1, 1.0], ids=["part", "whole"])
def test_a_damaged_picture_in_any_run_fails_the_film(share, clip, tmp_path, monkeypatch):
    path, plan = clip
    broken = tmp_path / "broken.mp4"
    with av.open(str(path)) as container:
        packet = [packet for packet in container.demux(video=0) if packet.size][50]
        assert packet.pos is not None and not packet.is_keyframe
        start, length = packet.pos + packet.size // 10, int(packet.size * share * 0.9)
    content = bytearray(path.read_bytes())
    content[start : start + length] = bytes(length)
    broken.write_bytes(content)
    plan = dataclasses.replace(plan, fingerprint=fingerprint(broken))
    assert runs.runs_of(probe(broken), plan, LOSSLESS, silent) == RUNS
    for cores in "21":
        monkeypatch.setenv(ALLOTTED_CORES, cores)
        with pytest.raises(DecodeError):
            render(broken, plan, tmp_path / "a.mp4", LOSSLESS)
        assert [file.name for file in tmp_path.iterdir()] == ["broken.mp4"]
