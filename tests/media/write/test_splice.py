"""Splices against whole encodes: unchanged groups stay bit for bit, changed groups are new."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path

import numpy as np
import pytest
from encoded import FRAMES, filmed, headers, negative, packets, pictures, whole
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from blur.media.open.probe import probe
from blur.media.open.readers import open_reader
from blur.media.open.seek import wanted_frames
from blur.media.traces.file_traces import traces_in_file
from blur.media.write import splice
from blur.media.write.writers import output_suffix
from blur.settings import AudioMode, Codec, OutputSettings, Timecode

CODECS = [codec for codec in Codec if codec is not Codec.MATCH]


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return filmed(tmp_path_factory.mktemp("clip"))


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
