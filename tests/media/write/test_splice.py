"""Splices against whole encodes: unchanged groups stay bit for bit, changed groups are new."""

from __future__ import annotations

import dataclasses
from collections.abc import Collection
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
import numpy.typing as npt
import pytest
from footage import ORIENTATIONS, RECIPES, make
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from blur.media.open.probe import probe
from blur.media.open.read import Frame
from blur.media.open.readers import open_reader
from blur.media.open.seek import wanted_frames
from blur.media.traces.file_traces import traces_in_file
from blur.media.write import splice
from blur.media.write.writers import open_writer, output_suffix
from blur.settings import AudioMode, Codec, OutputSettings, Timecode

FRAMES, RATE = 48, 5
"""A group of pictures lasts two seconds: ten frames."""

CODECS = [codec for codec in Codec if codec is not Codec.MATCH]


def times(seed: int) -> list[int]:
    """Frames at uneven times, as phones take them."""
    steps = np.random.default_rng(seed).integers(1, 4, FRAMES) * 512
    return [0, *np.cumsum(steps)[:-1].tolist()]


def filmed(folder: Path, **more: Any) -> Path:
    recipe = dataclasses.replace(
        RECIPES["plain"],
        width=256,
        height=128,  # DNxHR takes no less
        pts=times(1),
        rate=RATE,
        audio=(("aac", 0.0),),
        planted=True,
        timecode="10:20:30:00",
        matrix=ORIENTATIONS["matrix01-10"],
        **more,
    )
    return make(folder / "clip.mp4", recipe)


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return filmed(tmp_path_factory.mktemp("clip"))


def negative(frame: Frame, marked: Collection[int]) -> Frame:
    """The frame, with negative luma if it is marked."""
    if frame.index in marked:
        frame.picture.make_writable()
        luma = frame.picture.planes[0]
        samples = np.frombuffer(memoryview(luma), np.uint8)
        np.subtract(255, samples, out=samples)
    return frame


def whole(clip: Path, out: Path, output: OutputSettings, marked: Collection[int] = ()) -> Path:
    info = probe(clip)
    with open_reader(clip, info) as reader, open_writer(out, info, output) as writer:
        for frame in reader:
            writer.write(negative(frame, marked))
        writer.finish()
    return out


def spliced(
    clip: Path, earlier: Path, out: Path, output: OutputSettings, marked: Collection[int]
) -> list[range] | None:
    """The encoded runs; None where no group can be kept."""
    info = probe(clip)
    with open_reader(clip, info) as reader:
        pts = [frame.pts for frame in reader]
    changed = np.isin(np.arange(len(pts)), list(marked))
    found = splice.splice_of(earlier, info, pts, changed)
    if found is None:
        return None
    with splice.SplicingWriter(out, info, output, found) as writer:
        for frame in wanted_frames(clip, info, pts, found.encodes, settled=True):
            writer.write(negative(frame, marked))
        writer.finish()
    return list(found.runs)


def pictures(path: Path) -> list[npt.NDArray[np.uint8]]:
    with open_reader(path, probe(path)) as reader:  # raises on damage
        return [frame.picture.to_ndarray() for frame in reader]


def packets(path: Path, kind: str = "video") -> list[tuple[Fraction, Fraction, Fraction, bytes]]:
    with av.open(str(path)) as container:
        stream = container.streams.get(**{kind: 0})[0]
        return [
            (p.pts * p.time_base, p.dts * p.time_base, p.duration * p.time_base, bytes(p))
            for p in container.demux(stream)
            if p.size
        ]


def headers(path: Path) -> list[tuple[object, ...]]:
    """Codec headers, clocks and metadata of every track."""
    found: list[tuple[object, ...]] = []
    with av.open(str(path)) as container:
        for stream in container.streams:
            context = stream.codec_context  # a timecode has none
            coded = (context.name, context.extradata) if context is not None else ()
            found.append((stream.type, *coded, stream.time_base, dict(stream.metadata)))
    return found


@pytest.mark.parametrize("codec", CODECS)
@settings(
    max_examples=5, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(marked=st.sets(st.integers(0, FRAMES - 1), max_size=3))
def test_only_groups_that_changed_are_encoded(
    clip: Path, tmp_path: Path, codec: Codec, marked: set[int]
) -> None:
    check(clip, tmp_path, codec, marked)


def test_fields_stay_fields(tmp_path: Path) -> None:
    assert check(filmed(tmp_path, interlaced=True), tmp_path, Codec.H264, {25})
    out = tmp_path / "out.mp4"
    with open_reader(out, probe(out)) as reader:
        assert all(frame.picture.interlaced_frame for frame in reader)


def check(clip: Path, folder: Path, codec: Codec, marked: set[int]) -> list[range] | None:
    """Splice the `marked` frames into an earlier output and compare every packet and picture;
    returns the encoded runs, None where all frames must be encoded."""
    output = OutputSettings(codec=codec, audio=AudioMode.KEEP, timecode=Timecode.KEEP)
    suffix = output_suffix(probe(clip), output)
    earlier = folder / f"earlier-{codec}{suffix}"
    if not earlier.exists():
        whole(clip, earlier, output)
    out = folder / f"out{suffix}"
    runs = spliced(clip, earlier, out, output, marked)
    if runs is None:
        assert marked
        return None
    fresh = {frame for run in runs for frame in run}
    assert marked <= fresh
    before, after = pictures(earlier), pictures(out)
    expected = pictures(whole(clip, folder / f"whole{suffix}", output, marked))
    for index, (old, new, right) in enumerate(zip(before, after, expected, strict=True)):
        if index not in fresh:
            assert np.array_equal(old, new), index
        elif codec in (Codec.FFV1, Codec.PRORES, Codec.DNXHR):
            assert np.array_equal(right, new), index
        else:
            assert np.abs(right.astype(int) - new.astype(int)).mean() < 3, index
    rows, were = packets(out), packets(earlier)
    assert [row[1:3] for row in rows] == [row[1:3] for row in were]
    assert sorted(row[0] for row in rows) == sorted(row[0] for row in were)
    kept = [place for place in range(FRAMES) if place not in fresh]
    assert [rows[place] for place in kept] == [were[place] for place in kept]
    assert packets(out, "audio") == packets(earlier, "audio")
    assert headers(out) == headers(earlier)
    assert {t.kind for t in traces_in_file(out).traces} == {
        t.kind for t in traces_in_file(earlier).traces
    }
    return runs


@pytest.mark.parametrize(
    ("shown", "keys", "lone", "entries"),
    [
        ([0, 2, 1, 3, 5, 4], {0, 3}, False, [0, 3]),
        ([0, 2, 1, 5, 3, 4], {0, 3}, False, [0]),  # pictures before the key frame follow it
        (
            [0, 3, 1, 2, 4, 5],
            {0, 4, 5},
            False,
            [0, 4],
        ),  # a group of a single frame stays with the next
        ([0, 1, 2, 3, 4, 5], {0, 1, 2, 3, 4, 5}, True, [0, 1, 2, 3, 4, 5]),
    ],
)
def test_a_run_begins_where_no_picture_reaches_across(
    shown: list[int], keys: set[int], lone: bool, entries: list[int]
) -> None:
    assert splice.group_starts(shown, [place in keys for place in range(6)], lone) == entries
