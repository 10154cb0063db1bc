"""Time and space that a batch would take, measured on samples of its clips."""

from __future__ import annotations

import shutil
import tempfile
import time
from collections.abc import Collection, Mapping, Sequence
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from msgspec import Struct

from blur.batch.work import Probed
from blur.disk.places import absolute
from blur.settings import Settings

if TYPE_CHECKING:
    from blur.process.progress import Progress

_SAMPLES = 2
"""Clips to sample; more take longer and estimate mixed footage better."""
_SAMPLE_FRAMES = 60
"""Frames of each sample; more take longer and weigh the start of a clip less."""


class Sample(Struct, frozen=True):
    """The cost of a piece of a clip; `work` is pixels in all its frames, as in `Probed`."""

    work: int
    seconds: float
    bytes: int


class Forecast(Struct, frozen=True):
    """The work ahead; `seconds` and `bytes` are None if no sample could be measured."""

    todo: list[tuple[str, str]]
    """Clips to work on, each with the reason."""
    failing: list[tuple[str, str]]
    """Files that would fail, each with the problem."""
    kept: int
    skipped: int
    frames: int
    seconds: float | None
    bytes: int | None
    free: int


def pick(probed: Mapping[int, Probed]) -> list[int]:
    """Keys of the clips to sample: the longest and the median."""
    by_work = sorted(probed, key=lambda key: -probed[key].work)
    return list(dict.fromkeys([*by_work[:1], *by_work[len(by_work) // 2 :][:1]]))[:_SAMPLES]


def measure(job: tuple[Path, Path, Settings], progress: Progress) -> Sample:
    """Take the first seconds of a clip down the corridor, in a temporary folder.

    It lies where the outputs will: footage touches no other disk.
    """
    from blur.corridor import Place, cover_clip
    from blur.detect.registry import use_device
    from blur.media.open.probe import probe
    from blur.media.write.writers import output_suffix, proxy_suffix
    from blur.scan.scan import scan

    clip, out, settings = job
    use_device(settings.batch.device)
    with tempfile.TemporaryDirectory(prefix=".blur-sample-", dir=_existing(out)) as scratch:
        piece = _piece(clip, Path(scratch))
        info = probe(piece)
        output = Path(scratch) / f"covered{output_suffix(info, settings.output)}"
        small = proxy_suffix(info, settings.output)
        proxy = Place(Path(scratch) / f"proxy{small}", Path(scratch) / ".proxy.part")
        scan(piece, settings.scan, progress)  # warms up: detectors load once
        started = time.monotonic()
        plan = scan(piece, settings.scan, progress)
        cover_clip(
            piece,
            plan,
            output,
            settings,
            None,
            progress,
            keep=lambda grown: grown,
            proxy=proxy if small else None,
        )
        seconds = time.monotonic() - started
        made = [output, proxy.final] if small else [output]
        written = sum(path.stat().st_size for path in made)
        return Sample(plan.frames * plan.width * plan.height, seconds, written)


def forecast(
    todo: Sequence[tuple[str, str]],
    probed: Collection[Probed],
    samples: Sequence[Sample],
    *,
    failing: Sequence[tuple[str, str]],
    kept: int,
    skipped: int,
    out: Path,
    slots: int = 1,
) -> Forecast:
    """Scale the samples up to all clips, `slots` of them at a time. `out` need not exist."""
    work = sum(info.work for info in probed)
    longest = max((info.work for info in probed), default=0)
    sampled = sum(sample.work for sample in samples)
    return Forecast(
        todo=list(todo),
        failing=list(failing),
        kept=kept,
        skipped=skipped,
        frames=sum(info.frames for info in probed),
        seconds=sum(s.seconds for s in samples) / sampled * max(work / slots, longest)
        if sampled
        else None,
        bytes=int(sum(s.bytes for s in samples) / sampled * work) if sampled else None,
        free=shutil.disk_usage(_existing(out)).free,
    )


def forecast_text(ahead: Forecast) -> str:
    """The forecast for a terminal."""
    lines = [f"would work on {name} ({why})" for name, why in ahead.todo]
    lines += [f"would fail: {name}: {why}" for name, why in ahead.failing]
    lines.append(
        f"{len(ahead.todo)} clips to do, about {ahead.frames} frames;"
        f" {ahead.kept} finished ones kept, {ahead.skipped} files skipped"
    )
    if ahead.seconds is not None and ahead.bytes is not None:
        lines.append(
            f"about {timedelta(seconds=round(ahead.seconds))} and"
            f" {_size(ahead.bytes)}; {_size(ahead.free)} are free"
        )
        if ahead.bytes > ahead.free:
            lines.append("THIS WILL NOT FIT")
    return "\n".join(lines)


def _size(count: int) -> str:
    return f"{count / 1e9:.1f} GB" if count >= 1e9 else f"{count / 1e6:.1f} MB"


def _existing(out: Path) -> Path:
    """The output folder, or the folder in which it will be made."""
    return next(folder for folder in (out, *absolute(out).parents) if folder.is_dir())


def _piece(clip: Path, folder: Path) -> Path:
    """The first frames of a clip, copied without encoding; a short or still clip itself."""
    import av

    from blur.media.container import open_input
    from blur.media.open.probe import probe

    info = probe(clip)
    if info.still or (info.frames or _SAMPLE_FRAMES) < _SAMPLE_FRAMES:
        return clip
    piece = folder / "piece.nut"
    with open_input(clip) as source, av.open(f"file:{piece}", "w") as target:
        stream = source.streams[info.stream]
        copy = target.add_stream_from_template(stream)
        for number, packet in enumerate(source.demux(stream)):
            if number == _SAMPLE_FRAMES or packet.dts is None:
                break
            packet.stream = copy
            target.mux(packet)
    return piece
