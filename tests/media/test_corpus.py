"""The corpus: every file that people have, through each pass that needs no detector.

Probed, listed before decoding, read, reached out of order, covered, written, searched for traces,
and compared with FFmpeg's own decode of the source.
"""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path, PurePosixPath

import av
import numpy as np
import pytest
from corpus import CORPUS
from corpus_rows import Fails, Film, Still
from passing import planes

from blur.batch.discover import Candidate
from blur.cover.fills import Solid
from blur.cover.paint import paint
from blur.cover.region import Region
from blur.data.plan import Box
from blur.errors import BlurError, NotAClip
from blur.media.open.probe import probe
from blur.media.open.readers import open_reader
from blur.media.open.samples import read_photograph
from blur.media.open.seek import Seeker
from blur.media.open.timetable import timetable
from blur.media.traces.file_traces import traces_in_file
from blur.media.traces.metadata import Kind
from blur.media.write.writers import open_writer, output_suffix
from blur.settings import AudioMode, OutputSettings

SETTINGS = OutputSettings(preset="ultrafast", audio=AudioMode.KEEP)

USUAL = [
    r"samples converted from \w+ to \w+",
    r"interlaced, kept so",
    r"\d+ frames had no time: filled in from the frame rate",
    r"times rounded to the container's [\d.e-]+ ms",
    r"sound track \d.*",
    r"transparency flattened on (black|white)",
    r"turned by other than quarter turns.*",
]
"""Notes that any film may get; a row names all others."""

LOOK = 20
"""Levels of 255 by which covered and compressed pictures may differ outside covers, on average."""


SOUND_OFF = Fraction(30, 1000)
"""Seconds by which a track's first decoded sample may move: priming that players skip."""


def rows(kind: type) -> list[str]:
    return [name for name, row in CORPUS.items() if isinstance(row, kind)]


def seconds(frames: list[av.VideoFrame]) -> list[Fraction]:
    return [(f.pts or 0) * f.time_base for f in frames]


def by_ffmpeg(path: Path, stream: int) -> list[av.VideoFrame]:
    with av.open(str(path), options={"fflags": "+genpts"}) as container:
        return list(container.decode(container.streams[stream]))


def covered(path: Path, folder: Path, row: Film):
    """(info, written, notes, hashes and pts of the frames read); the middle ninth is covered."""
    info = probe(path)
    target = folder / f"out{output_suffix(info, SETTINGS)}"
    turned = info.orientation
    width, height = turned.stored_width, turned.stored_height
    middle = Region((Box(width / 2, height / 2, width / 3, height / 3),), 1, drawn=True)
    read: list[tuple[str, int]] = []
    with (
        open_reader(path, info, **row.read_on) as reader,
        open_writer(target, info, SETTINGS) as out,
    ):
        for frame in reader:
            read.append((planes(frame.picture), frame.pts))
            frame.picture = paint(frame.picture, [middle], Solid("#00c000"))
            out.write(frame)
        written = out.finish()
    return info, written, reader.notes, read


def green(picture: np.ndarray, grey: bool) -> bool:
    """Whether the middle has the cover's colour, or in a grey film is as flat as a cover."""
    height, width = picture.shape[:2]
    patch = picture[height // 2 - 2 : height // 2 + 2, width // 2 - 2 : width // 2 + 2]
    if grey:
        return bool(patch.std() < 8)
    red, lush, blue = patch.reshape(-1, 3).mean(0)
    return bool(lush > red + 60 and lush > blue + 60)


def outside(picture: np.ndarray) -> np.ndarray:
    """The picture's upper quarter, which no cover touches."""
    return picture[: picture.shape[0] // 4].astype(int)


def problems_of_film(path: Path, folder: Path, row: Film) -> Iterator[str]:
    info, written, notes, read = covered(path, folder, row)
    theirs, ours = by_ffmpeg(path, info.stream), by_ffmpeg(written.path, 0)
    if not row.read_on and len(theirs) != row.frames:
        yield f"FFmpeg reads {len(theirs)} frames of the source"
    if not len(ours) == written.frames == row.frames:
        yield f"{len(ours)} frames came out"
        return
    tick = max(Fraction(1, 1000), *(f.time_base for f in (ours[0], theirs[0])))
    if info.container not in ("h264", "hevc", "mpegvideo", "m4v", "mjpeg", "obu", "ivf"):
        before, after = seconds(theirs), seconds(ours)
        moved = [
            i
            for i, (b, a) in enumerate(zip(before, after, strict=True))
            if abs((a - after[0]) - (b - before[0])) > tick
        ]
        if moved:
            yield f"frames {moved} moved in time"
    again = probe(written.path)
    if (again.width, again.height) != (info.width, info.height):
        yield f"{info.width}x{info.height} came out as {again.width}x{again.height}"
    if again.sample_aspect_ratio != info.sample_aspect_ratio:
        yield f"the aspect {info.sample_aspect_ratio} became {again.sample_aspect_ratio}"
    bits = [av.VideoFormat(i.pix_fmt).components[0].bits for i in (info, again)]
    if bits[1] < min(bits[0], 10):
        yield f"{bits[0]} bits came out as {bits[1]}"
    colours = [(i.colour.primaries, i.colour.transfer, i.colour.matrix) for i in (info, again)]
    grey = info.pix_fmt.startswith(("gray", "mono"))
    described = not (grey or av.VideoFormat(info.pix_fmt).is_rgb or info.pix_fmt == "pal8")
    if described and colours[0] != colours[1]:
        yield f"colours {colours[0]} became {colours[1]}"
    shown = [f.to_ndarray(format="rgb24") for f in (theirs[0], ours[0], theirs[-1], ours[-1])]
    for source, result in (shown[:2], shown[2:]):
        if np.abs(outside(source) - outside(result)).mean() > LOOK:
            yield "the picture outside the cover changed"
        if not green(result, grey):
            yield "the cover is not there"
    yield from sound_that_moved(path, written.path, info.stream)
    if surplus := traces_in_file(written.path).beyond(frozenset([Kind.SOUND])):
        yield f"traces: {surplus}"
    yield from unexplained([*written.notes, *notes], row.says)
    yield from (f"does not list {what}" for what in row.drops if what not in info.dropped)
    yield from passes_that_disagree(path, info, read)


def sound_that_moved(source: Path, output: Path, stream: int) -> Iterator[str]:
    """Sound tracks that are gone, or that start elsewhere beside the picture than before."""
    before, after = offsets(source, stream), offsets(output, 0)
    if len(before) != len(after):
        yield f"{len(before)} sound tracks came out as {len(after)}"
    for number, (was, now) in enumerate(zip(before, after, strict=False)):
        if abs(was - now) > SOUND_OFF:
            yield f"sound track {number} starts {float(now - was):.3f} s later"


def offsets(path: Path, stream: int) -> list[Fraction]:
    """Seconds from the first picture to the first sample of each sound track, as decoded."""
    with av.open(str(path)) as container:
        count = len(container.streams.audio)
    starts = []
    for number in range(count):
        with av.open(str(path)) as container:
            first = next(container.decode(container.streams.audio[number]))
            starts.append((first.pts or 0) * first.time_base)
    picture = seconds(by_ffmpeg(path, stream)[:1])[0]
    return [start - picture for start in starts]


def passes_that_disagree(path: Path, info, read: list[tuple[str, int]]) -> Iterator[str]:
    """Faults of the passes that see a film before it is read, or out of order."""
    times = [pts for _, pts in read]
    listed = timetable(path, info, lambda packets: None)
    if listed is not None and listed.pts != times:
        yield f"listed times {listed.pts} are not those read {times}"
    index = len(read) // 2
    with Seeker(path, info, times) as seeker:
        frame = seeker.frame(index)
    if (planes(frame.picture), frame.index) != (read[index][0], index):
        yield f"frame {index} is another when it is reached alone"


def unexplained(notes: list[str], says) -> Iterator[str]:
    yield from (f"says nothing of {word!r}" for word in says if not any(word in n for n in notes))
    for note in notes:
        if not any(word in note for word in says) and not any(re.match(u, note) for u in USUAL):
            yield f"says {note!r}"


def problems_of_still(path: Path, folder: Path, row: Still) -> Iterator[str]:
    before = read_photograph(path)
    info = probe(path)
    if not info.still:
        yield "is no photograph"
        return
    if info.pix_fmt != row.pix_fmt:
        yield f"is read as {info.pix_fmt}"
    target = folder / f"out{output_suffix(info, SETTINGS)}"
    with open_reader(path, info) as reader, open_writer(target, info, SETTINGS) as out:
        for frame in reader:
            out.write(frame)
        written = out.finish()
    if target.suffix != row.suffix:
        yield f"comes out as {target.suffix}"
    after = read_photograph(target)
    top = 65535 if after.samples.dtype == np.uint16 else 255
    if after.samples.dtype != before.samples.dtype:
        yield f"{before.samples.dtype} came out as {after.samples.dtype}"
    if np.abs(after.samples.astype(int) - before.samples).mean() > 0.02 * top:
        yield "the picture changed"
    if row.like is not None and not np.array_equal(after.samples, row.like):
        yield "samples are not exact"
    codes = [(p.colour.primaries, p.colour.transfer, p.profile) for p in (before, after)]
    if codes[0] != codes[1]:
        yield f"colours {codes[0]} became {codes[1]}"
    if surplus := traces_in_file(target).traces:
        yield f"traces: {surplus}"
    yield from unexplained(list(written.notes), row.says)


@pytest.mark.parametrize("name", rows(Film))
def test_films(name, tmp_path):
    row = CORPUS[name]
    assert not list(problems_of_film(row.make(tmp_path), tmp_path, row))


@pytest.mark.parametrize("name", rows(Still))
def test_photographs(name, tmp_path):
    row = CORPUS[name]
    assert not list(problems_of_still(row.make(tmp_path), tmp_path, row))


@pytest.mark.parametrize("name", rows(Fails))
def test_failures(name, tmp_path):
    row = CORPUS[name]
    path = row.make(tmp_path)
    (tmp_path / "out").mkdir()
    began = time.process_time()
    with pytest.raises(BlurError, match=row.problem) as caught:
        covered(path, tmp_path / "out", Film(row.make, 0))
    assert time.process_time() - began < 2
    assert row.remedy in caught.value.remedy and caught.value.remedy
    assert "report" not in str(caught.value) and path.name in str(caught.value)
    named = Candidate(path, PurePosixPath(path.name), 1, 1, named=False)
    assert named.claims_pictures or not isinstance(caught.value, NotAClip)  # failed, not skipped
    assert not list((tmp_path / "out").iterdir())


def test_the_corpus_is_large():
    assert len(CORPUS) >= 150
