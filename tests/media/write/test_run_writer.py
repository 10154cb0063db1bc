"""Runs encoded side by side against whole encodes: as many pictures, at their times, alike."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import av
import numpy as np
import pytest
from encoded import FRAMES, GROUP, filmed, headers, negative, packets, pictures, whole
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from blur.media.open.probe import probe
from blur.media.open.readers import open_reader
from blur.media.open.seek import strict_frames
from blur.media.traces.file_traces import traces_in_file
from blur.media.write.delivery import delivery_of
from blur.media.write.splice import splice_of
from blur.media.write.writers import run_writer
from blur.settings import AudioMode, Codec, OutputSettings, Timecode


@pytest.fixture(scope="module", params=[False, True], ids=["frames", "fields"])
def clip(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return filmed(tmp_path_factory.mktemp("clip"), interlaced=request.param)


def in_runs(clip: Path, out: Path, output: OutputSettings, runs: Sequence[range]) -> Path:
    """The clip with the last frame of each run in negative, a change of scene."""
    info, marked = probe(clip), [run.stop - 1 for run in runs]
    with open_reader(clip, info) as reader:
        pts = [frame.pts for frame in reader]
    with run_writer(out, info, output, delivery_of(info, output), threads=1) as writer:

        def encoded(run: range):
            frames = strict_frames(clip, info, pts, run)
            return writer.encode((negative(frame, marked) for frame in frames), run)

        with ThreadPoolExecutor(2) as threads:
            for run in threads.map(encoded, runs):
                writer.lay(run)
        writer.finish()
    return out


@settings(
    max_examples=6, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@example(lengths=[GROUP], codec=Codec.H264)
@given(
    lengths=st.lists(st.integers(6, 20), min_size=1, max_size=4),
    codec=st.sampled_from([Codec.H264, Codec.HEVC]),
)
def test_runs_give_the_pictures_and_times_of_a_whole(
    clip: Path, tmp_path: Path, lengths: list[int], codec: Codec
) -> None:
    if codec is Codec.HEVC and probe(clip).interlaced:
        return  # x265 keeps no fields
    output = OutputSettings(codec=codec, audio=AudioMode.KEEP, timecode=Timecode.KEEP)
    starts = [at for at in itertools.accumulate(lengths, initial=0) if at <= FRAMES - 6]
    runs = [range(a, b) for a, b in itertools.pairwise([*starts, FRAMES])]
    out = in_runs(clip, tmp_path / "runs.mp4", output, runs)
    right = whole(clip, tmp_path / "whole.mp4", output, [run.stop - 1 for run in runs])
    for index, (old, new) in enumerate(zip(pictures(right), pictures(out), strict=True)):
        assert np.abs(old.astype(int) - new.astype(int)).mean() < 3, index
    made, were = packets(out), packets(right)
    assert sorted(row[0] for row in made) == sorted(row[0] for row in were)
    assert [row[1] for row in made] == [row[1] for row in were]
    assert all(row[1] <= row[0] for row in made)
    assert packets(out, "audio") == packets(right, "audio") and headers(out) == headers(right)
    assert {t.kind for t in traces_in_file(out).traces} == {
        t.kind for t in traces_in_file(right).traces
    }
    keys = key_frames(out)
    assert {run.start for run in runs} <= set(keys)
    if codec is Codec.H264:  # neighbours of two encoders would have equal numbers
        assert not any(run.start - 1 in keys for run in runs if run.start)


def key_frames(path: Path) -> list[int]:
    with av.open(str(path)) as container:
        rows = [(p.pts, p.is_keyframe) for p in container.demux(video=0) if p.size]
    return [number for number, (_, key) in enumerate(sorted(rows)) if key]


def test_the_last_frame_of_a_still_scene_is_no_key_frame(tmp_path: Path) -> None:
    clip, group = tmp_path / "clip.mp4", 24
    with av.open(clip, "w") as container:
        stream = container.add_stream("libx264", group // 2)
        stream.width, stream.height, stream.pix_fmt = 64, 48, "yuv420p"
        for _ in range(2 * group + 1):
            picture = np.full((48, 64, 3), 120, np.uint8)
            container.mux(stream.encode(av.VideoFrame.from_ndarray(picture, "rgb24")))
        container.mux(stream.encode())
    runs = [range(group + 1), range(group + 1, 2 * group + 1)]
    info, output = probe(clip), OutputSettings(codec=Codec.H264)
    with open_reader(clip, info) as reader:
        pts = [frame.pts for frame in reader]
    with run_writer(tmp_path / "out.mp4", info, output, delivery_of(info, output), 1) as writer:
        for run in runs:
            writer.lay(writer.encode(strict_frames(clip, info, pts, run), run))
        writer.finish()
    assert key_frames(tmp_path / "out.mp4") == [0, group // 2, group + 1]


@pytest.mark.parametrize("codec", [Codec.H264, Codec.HEVC])
def test_an_output_of_runs_can_be_spliced(tmp_path: Path, codec: Codec) -> None:
    clip, output = filmed(tmp_path), OutputSettings(codec=codec)
    runs = [range(20), range(20, FRAMES)]
    out = in_runs(clip, tmp_path / "out.mp4", output, runs)
    info = probe(clip)
    with open_reader(clip, info) as reader:
        pts = [frame.pts for frame in reader]
    found = splice_of(out, info, pts, np.arange(FRAMES) == 30)
    assert found is not None and all(20 <= run.start <= 30 < run.stop for run in found.runs)
