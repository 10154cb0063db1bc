"""The render: a clip, covered per its plan and edits."""

from __future__ import annotations

import dataclasses
import itertools
import time
from collections.abc import Generator, Iterable, Iterator
from contextlib import ExitStack, closing
from fractions import Fraction
from pathlib import Path

import av
from msgspec import Struct

from blur.cover.fills import make_fill
from blur.cover.layout import paintable
from blur.cover.paint import paint
from blur.cover.region import Covers
from blur.data import resolve
from blur.data.edits import Edits
from blur.data.frame_map import frame_map
from blur.data.placement import WHOLE, Placement
from blur.data.plan import Plan
from blur.disk.fingerprint import fingerprint
from blur.errors import PlanMismatch
from blur.media.open.clip_info import ClipInfo
from blur.media.open.probe import probe
from blur.media.open.read import Frame, FrameReader
from blur.media.open.readers import open_reader
from blur.media.open.seek import wanted_frames
from blur.media.write.delivery import Delivery, delivery_of
from blur.media.write.still_writer import StillWriter
from blur.media.write.writer import Writer
from blur.media.write.writers import open_writer, proxy_writer, run_writer
from blur.process.prefetch import AHEAD, ahead
from blur.process.progress import Progress, silent
from blur.render.burn_in import BurnIn
from blur.render.pictures import copied
from blur.render.proxy import Sink, sink_of
from blur.render.runs import runs_of, threads_of_run, write_runs
from blur.settings import OutputSettings, Proxy, Settings
from blur.settings.cores import cpu_count

_LARGE = 4_000_000
"""Pixels from which a single decoded frame waits: at 4K each takes up to 25 MB. Larger needs more
memory."""


class Rendered(Struct, frozen=True, kw_only=True):
    """The report of a render: frames written and damaged, sizes in bytes, time in seconds, and the
    metadata dropped; `proxy_sha256` is "" without a proxy."""

    frames: int
    damaged: int
    bytes_in: int
    bytes_out: int
    sha256: str
    seconds: float
    dropped: list[str]
    notes: list[str]
    proxy_sha256: str = ""


def render(
    clip: Path,
    plan: Plan,
    out: Path,
    settings: Settings,
    edits: Edits | None = None,
    progress: Progress | None = None,
    placed: Placement = WHOLE,
    proxy: Path | None = None,
) -> Rendered:
    """Write `clip`, covered per `plan` and `edits`, to `out`: whole, or not at all; in the same
    pass, its copy of half the size to `proxy`.

    Raises PlanMismatch if plan or edits are of another clip, DecodeError, OutputError.
    """
    started = time.monotonic()
    covering = Covering(clip, plan, settings, edits, placed)
    info, output, tell = covering.info, settings.output, progress or silent
    delivery = covering.delivery(output, edits)
    plain = placed.frames is None and covering.map.rate is None and output.proxy is Proxy.NONE
    runs = runs_of(info, plan, settings, tell) if plain else []
    with ExitStack() as stack:
        notes, damaged, beside = list[str](), 0, None
        writer: Writer | StillWriter
        if runs:
            writer = run_writer(out, info, output, delivery, threads_of_run(info))
            stack.enter_context(writer)
            write_runs(info, plan, runs, covering.only, writer, tell)
        else:
            frames, reader = _opened(clip, info, plan, settings, placed, stack)
            writer = open_writer(out, covering.made, output, delivery)
            stack.enter_context(writer)
            small = proxy and proxy_writer(proxy, covering.made, output, delivery)
            beside = stack.enter_context(small) if small else None
            sink = sink_of(writer, beside, alone=output.proxy_alone)
            done, end = covering.write(frames, sink, tell), placed.span(plan.frames).stop
            if done != end:
                raise PlanMismatch(f"has {done} frames, its plan {plan.frames}", subject=clip.name)
            if reader is not None:
                notes, damaged = list(reader.notes), reader.damaged
        notes += covering.notes
        written = writer.finish()
        notes += written.notes
        lesser = beside.finish() if beside else None
        if lesser is not None:
            notes += [f"proxy: {note}" for note in lesser.notes if note not in written.notes]
    return Rendered(
        frames=written.frames,
        damaged=damaged,
        bytes_in=clip.stat().st_size,
        bytes_out=written.bytes,
        sha256=written.sha256,
        seconds=round(time.monotonic() - started, 3),
        dropped=list(written.dropped),
        notes=notes,
        proxy_sha256=lesser.sha256 if lesser else "",
    )


def open_source(clip: Path, info: ClipInfo, settings: Settings) -> FrameReader:
    """The reader of the frames that are covered."""
    return open_reader(
        clip,
        info,
        max_damaged=settings.scan.max_damaged,
        deinterlace=settings.output.deinterlace,
        on_resize=settings.scan.on_resize,
    )


def _opened(
    clip: Path,
    info: ClipInfo,
    plan: Plan,
    settings: Settings,
    placed: Placement,
    stack: ExitStack,
) -> tuple[Iterable[Frame], FrameReader | None]:
    """The frames to render, and the reader that they come from, unless it is sought in the clip."""
    span = placed.span(plan.frames)
    deinterlace, damaged = settings.output.deinterlace, settings.scan.max_damaged
    if placed.frames is not None and not (deinterlace or damaged or info.still):
        wanted = wanted_frames(clip, info, plan.pts, span.__contains__, settled=True)
        return stack.enter_context(closing(wanted)), None
    reader = stack.enter_context(open_source(clip, info, settings))
    whole = placed.frames is None
    return (reader if whole else itertools.islice(reader, span.start, span.stop)), reader


def covers_of(plan: Plan, settings: Settings, edits: Edits | None) -> Covers:
    """The covers of a plan and a person's edits."""
    if edits is not None:
        plan = resolve.apply(plan, edits)
    return Covers.of_plan(plan, settings.cover)


class Covering:
    """Paints the covers of a plan and edits on the frames of `clip`.

    Raises PlanMismatch if plan or edits are of another clip.
    """

    def __init__(
        self,
        clip: Path,
        plan: Plan,
        settings: Settings,
        edits: Edits | None,
        placed: Placement = WHOLE,
    ) -> None:
        if fingerprint(clip) != plan.fingerprint:
            raise PlanMismatch("is not the clip that this plan was made from", subject=clip.name)
        self.info, self.map = probe(clip), frame_map(plan, placed)
        self._clip, self._plan, self._placed = clip, plan, placed
        self.covers = covers_of(plan, settings, edits)
        self._fill = make_fill(settings.cover)
        output = settings.output
        start = self.delivery(output, edits).timecode
        self.burn_in = (
            BurnIn(output.burn_in, placed.name or clip.stem, self.made, start)
            if output.burn_in
            else None
        )

    @property
    def made(self) -> ClipInfo:
        """The clip as it would be if it held the output's frames alone."""
        whole = self._placed.frames is None
        if whole and self.map.rate is None:
            return self.info
        info, tick = self.info, self.map.tick
        length = Fraction(self._seconds).limit_denominator(1_000_000)
        shift = round(info.shift * info.time_base / tick)
        rate = self.map.rate or info.rate
        return dataclasses.replace(
            info, duration=length, frames=None, rate=rate, time_base=tick, shift=shift
        )

    @property
    def _seconds(self) -> float:
        """The length of the output."""
        if self.map.rate is not None:
            return float(len(self.map.shown) / self.map.rate)
        span = self._placed.span(self._plan.frames)
        return self._plan.seconds(span.stop) - self._plan.seconds(span.start)

    def delivery(self, output: OutputSettings, edits: Edits | None) -> Delivery:
        return delivery_of(
            self.info, output, edits, self._seconds, self.map.start, self._placed, self.map.rate
        )

    @property
    def notes(self) -> list[str]:
        """In words, how the output differs from a copy of the clip with covers."""
        notes, span = [], self._placed.span(self._plan.frames)
        if (painted := paintable(self.info.pix_fmt)) != self.info.pix_fmt:
            notes.append(f"samples converted from {self.info.pix_fmt} to {painted} to be covered")
        if self.burn_in is not None:
            notes.append(self.burn_in.note)
        if self._placed.frames is not None:
            notes.append(f"holds frames {span.start} to {span.stop - 1} of its clip")
        if self.map.rate is not None:
            notes.append(self.map.told)
        return notes

    def only(self, frame: Frame) -> Frame:
        """A frame that the output shows once, covered; in any thread. Raises PlanMismatch."""
        [shown] = self._shown(frame, self._covered(frame))
        return shown

    def write(self, frames: Iterable[Frame], writer: Sink, tell: Progress) -> int:
        """Write `frames`, covered, at each of their places; returns the last index + 1. Raises
        PlanMismatch for a frame at another time than scanned."""
        done = 0
        with closing(self._in_order(frames)) as painted:
            for frame, picture in painted:
                written = self._write(frame, picture, writer)
                done = frame.index + 1
                tell("render", written, len(self.map.shown))
        return done

    def _in_order(self, frames: Iterable[Frame]) -> Generator[tuple[Frame, av.VideoFrame]]:
        """The frames with their covered pictures, decoded and painted ahead in threads."""
        large, alone = self.info.width * self.info.height > _LARGE, cpu_count() == 1
        if not (large and alone):  # there the encoder leaves no time to decode ahead
            frames = ahead(frames, 1 if large else AHEAD)
        painted = self._painted(frames)
        return painted if large or alone else ahead(painted, 1)

    def _painted(self, frames: Iterable[Frame]) -> Generator[tuple[Frame, av.VideoFrame]]:
        for frame in frames:
            yield frame, self._covered(frame)

    def _write(self, frame: Frame, picture: av.VideoFrame, writer: Sink) -> int:
        """Write a covered frame at each of its places; returns the last place + 1."""
        for shown in self._shown(frame, picture):
            writer.write(shown)
        return self.map.places(frame.index).stop

    def _shown(self, frame: Frame, picture: av.VideoFrame) -> Iterator[Frame]:
        """A covered frame at each of its places."""
        places = self.map.places(frame.index)
        for place in places:
            shown = self._marked(picture, place, last=place == places[-1])
            yield Frame(place, self.map.pts[place], self._step(frame), shown)

    def _step(self, frame: Frame) -> int:
        rate = self.map.rate
        return frame.duration if rate is None else round(1 / (rate * self.map.tick))

    def _covered(self, frame: Frame) -> av.VideoFrame:
        index, times = frame.index, self._plan.pts
        if index >= len(times) or frame.pts != times[index]:
            raise PlanMismatch(f"frame {index} is not as it was scanned", subject=self._clip.name)
        to_stored = self.info.orientation.box_to_stored
        regions = [region.mapped(to_stored) for region in self.covers.at(index)]
        return paint(frame.picture, regions, self._fill)

    def _marked(self, picture: av.VideoFrame, place: int, *, last: bool) -> av.VideoFrame:
        """The picture with the mark of its place in the output; a copy, unless it is the last."""
        if self.burn_in is None:
            return picture
        pts = self.map.pts
        mine = picture if last else copied(picture)
        return self.burn_in.write(mine, (pts[place] - pts[0]) * self.map.tick)
