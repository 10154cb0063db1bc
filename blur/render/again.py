"""Rendering again after an audit: only frames whose covers changed are encoded."""

from __future__ import annotations

import itertools
import time
from collections.abc import Generator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import msgspec
import numpy as np

from blur.data.edits import Edits
from blur.data.placement import WHOLE, Placement
from blur.data.plan import Plan
from blur.media.open.read import Frame
from blur.media.open.seek import wanted_frames
from blur.media.write.proxies import output_of, proxy_of
from blur.media.write.splice import Splice, SplicingWriter, splice_of
from blur.process.progress import Progress, silent
from blur.render.proxy import sink_of
from blur.render.render import Covering, Rendered, covers_of, open_source, render
from blur.settings import Hardware, Settings


@dataclass(frozen=True, slots=True)
class Earlier:
    """An earlier render of the same clip, settings and edits, and its plan; `proxy` beside it."""

    out: Path
    plan: Plan
    rendered: Rendered
    proxy: Path | None = None


def render_again(
    clip: Path,
    plan: Plan,
    out: Path,
    settings: Settings,
    edits: Edits | None,
    progress: Progress | None,
    earlier: Earlier,
    placed: Placement = WHOLE,
    proxy: Path | None = None,
) -> Rendered:
    """Like `render`, but takes over the encoded pictures of `earlier` where covers are equal.

    `out` and `proxy` may be the earlier files. Raises the errors of `render`.
    """
    started = time.monotonic()
    covering = Covering(clip, plan, settings, edits, placed)
    as_it_is = placed.frames is None and covering.map.rate is None
    splices = _splices(covering, plan, settings, edits, earlier) if as_it_is else []
    if not splices:
        return render(clip, plan, out, settings, edits, progress, placed, proxy)

    def encodes(frame: int) -> bool:
        return any(splice.encodes(frame) for splice in splices)

    if earlier.rendered.damaged or (settings.output.deinterlace and covering.info.interlaced):
        frames = _read_through(clip, covering, splices, settings)
    else:
        frames = wanted_frames(clip, covering.info, plan.pts, encodes, settled=True)
    output, delivery = settings.output, covering.delivery(settings.output, edits)
    with ExitStack() as stack:
        info, own, preset = output_of(covering.info, output)
        writer = SplicingWriter(out, info, own, splices[0], delivery, preset)
        stack.enter_context(writer)
        small = None
        if proxy is not None:
            info, own, preset = proxy_of(covering.info, output)
            small = SplicingWriter(proxy, info, own, splices[1], delivery, preset)
            stack.enter_context(small)
        sink = sink_of(writer, small, alone=output.proxy_alone)
        covering.write(frames, sink, progress or silent)
        written = writer.finish()
        proxy_sha256 = small.finish().sha256 if small else ""
    return msgspec.structs.replace(
        earlier.rendered,
        bytes_out=written.bytes,
        sha256=written.sha256,
        seconds=round(time.monotonic() - started, 3),
        proxy_sha256=proxy_sha256,
    )


def _splices(
    covering: Covering, plan: Plan, settings: Settings, edits: Edits | None, earlier: Earlier
) -> list[Splice]:
    """The splices of output and proxy, or none to render the whole clip: stills, hardware encoders
    (whose pictures vary), and where either must be encoded whole."""
    info = covering.info
    if info.still or settings.output.hardware is not Hardware.NONE:
        return []
    before = covers_of(earlier.plan, settings, edits)
    changed = np.array([covering.covers.at(i) != before.at(i) for i in range(plan.frames)])
    files = [earlier.out] if earlier.proxy is None else [earlier.out, earlier.proxy]
    made = [splice_of(file, info, plan.pts, changed) for file in files]
    splices = [splice for splice in made if splice is not None]
    return splices if len(splices) == len(files) else []


def _read_through(
    clip: Path, covering: Covering, splices: list[Splice], settings: Settings
) -> Generator[Frame, None, None]:
    """The frames to encode of a clip that a seek would give otherwise than scanned: of a damaged
    clip, with the frames that stand in for lost ones, or of a deinterlaced one."""
    end = max(splice.runs[-1].stop for splice in splices)
    with open_source(clip, covering.info, settings) as reader:
        for frame in itertools.takewhile(lambda f: f.index < end, reader):
            if any(splice.encodes(frame.index) for splice in splices):
                yield frame
