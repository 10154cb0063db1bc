"""Samples of a batch: pieces of its clips taken down the corridor, to know the cost of all."""

from __future__ import annotations

import contextlib
import tempfile
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from msgspec import Struct

from blur.batch.work import Probed, work_of
from blur.disk.places import existing
from blur.settings import Settings
from blur.settings.cores import cpu_count

if TYPE_CHECKING:
    from blur.process.progress import Progress

_FRAMES_A_SAMPLE = 200
"""Frames of films for each sample; more take less time and estimate mixed footage worse."""
_FEWEST, _MOST = 4, 32
"""Samples of films, at least and at most: a frame of one clip costs up to six times as much as a
frame of another (31 clips). More take longer."""
_STILLS = 6
"""Photographs to sample: a large one with a crowd costs several times as much as another of its
size. More take longer; of two, twenty mixed ones were told to take .64 of their time."""
_PIECE = 48
"""Frames of a sample; more take longer and weigh the start of a clip less."""

_warm = False
"""Whether this process took a sample before: libraries load once."""


class Spot(NamedTuple):
    """Where to take a sample: a clip, and the share of its length that lies before."""

    key: int
    share: float


class Sample(Struct, frozen=True):
    """The seconds that a piece of a film takes, of `work` as in `Probed`, or a photograph; and the
    bytes of its pixels. `loading` is the seconds in which its process loaded libraries before."""

    work: int
    seconds: float
    pixels: int
    bytes: int
    still: bool = False
    loading: float = 0.0


def pick(probed: Mapping[int, Probed]) -> list[Spot]:
    """The samples to take, evenly by work, so that a long film has several; a photograph one."""
    films = {key: clip for key, clip in probed.items() if not clip.still}
    count = sum(clip.frames for clip in films.values()) // _FRAMES_A_SAMPLE
    spots: list[Spot] = []
    for spot in _spread(films, min(max(count, _FEWEST), _MOST)):
        last = spots[-1] if spots and spots[-1].key == spot.key else None
        if last is None or spot.share >= last.share + _PIECE / films[spot.key].frames:
            spots.append(spot)  # a piece that repeats none
    stills = {key: clip for key, clip in probed.items() if clip.still}
    return spots + [Spot(key, 0.0) for key in dict(_spread(stills, _STILLS))]


def _spread(clips: Mapping[int, Probed], count: int) -> Iterator[Spot]:
    """`count` places in the clips' work, evenly, in order."""
    whole, done = sum(clip.work for clip in clips.values()), 0
    for key, clip in clips.items():
        for number in range(count):
            share = ((number + 0.5) / count * whole - done) / clip.work
            if 0 <= share < 1:
                yield Spot(key, share)
        done += clip.work


def measure(job: tuple[Path, Path, Settings, float], progress: Progress) -> Sample:
    """The sample of a clip for an output folder, from a share of its length on.

    Its piece lies where outputs will: footage touches no other disk. Raises the errors of `scan`
    and `cover_clip`.
    """
    from blur.corridor import Place, cover_clip
    from blur.detect.registry import unload_detectors, use_device
    from blur.media.open.probe import probe
    from blur.media.write.writers import output_suffix, proxy_suffix
    from blur.scan.scan import scan

    global _warm
    clip, out, settings, share = job
    use_device(settings.batch.device)
    with tempfile.TemporaryDirectory(prefix=".blur-sample-", dir=existing(out)) as scratch:
        folder = Path(scratch)
        piece = piece_of(clip, folder, share)
        info = probe(piece)
        output = folder / f"covered{output_suffix(info, settings.output)}"
        small = proxy_suffix(info, settings.output)
        proxy = Place(folder / f"proxy{small}", folder / ".proxy.part") if small else None
        loading, started = 0.0, time.monotonic()
        if not _warm:
            scan(piece, settings.scan, progress)
            loading, started, _warm = time.monotonic() - started, time.monotonic(), True
        plan = scan(piece, settings.scan, progress)
        loading = max(0.0, loading - (time.monotonic() - started))
        unload_detectors()
        cover_clip(piece, plan, output, settings, None, progress, proxy=proxy)
        seconds = time.monotonic() - started
        written = sum(p.stat().st_size for p in ([output, proxy.final] if proxy else [output]))
    pixels = plan.frames * plan.width * plan.height
    work = work_of(plan.frames, plan.width, plan.height, cpu_count())
    return Sample(work, seconds, pixels, written, info.still, loading)


def piece_of(clip: Path, folder: Path, share: float) -> Path:
    """The frames of a film from the key frame before a share of its length, copied without
    encoding; a short or still clip itself."""
    import av
    import av.error

    from blur.media.container import open_input
    from blur.media.open.probe import probe

    info = probe(clip)
    frames = info.likely_frames
    if info.still or 0 < frames <= _PIECE:
        return clip
    piece, first = folder / "piece.nut", max(0, min(int(share * frames), frames - _PIECE))
    with open_input(clip) as source, av.open(f"file:{piece}", "w") as target:
        stream = source.streams[info.stream]
        copy = target.add_stream_from_template(stream)
        if first:
            place = round(first / info.rate / info.time_base)
            with contextlib.suppress(av.error.FFmpegError):  # a file without an index: its start
                source.seek((stream.start_time or 0) + place, stream=stream)
        key: int | None = None
        left = _PIECE
        for packet in source.demux(stream):
            if packet.pts is None or (first and key is None and not packet.is_keyframe):
                continue
            if not left:
                break
            left -= 1
            key = packet.pts if key is None else key
            if packet.pts < key:  # it needs pictures before the key frame
                continue
            if packet.dts is None:  # Matroska has none for the first few
                packet.dts = key - 1 - left
            packet.stream = copy
            target.mux(packet)
    return piece
