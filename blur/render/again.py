"""Rendering again after an audit: only frames whose covers changed are encoded."""

from __future__ import annotations

import itertools
import time
from collections.abc import Generator
from dataclasses import dataclass
from pathlib import Path

import msgspec
import numpy as np

from blur.data.edits import Edits
from blur.data.placement import WHOLE, Placement
from blur.data.plan import Plan
from blur.media.open.read import Frame
from blur.media.open.seek import wanted_frames
from blur.media.write.splice import Splice, SplicingWriter, splice_of
from blur.process.progress import Progress, silent
from blur.render.render import Covering, Rendered, covers_of, open_source, render
from blur.settings import Hardware, Settings


@dataclass(frozen=True, slots=True)
class Earlier:
    """An earlier render of the same clip, settings and edits, and its plan."""

    out: Path
    plan: Plan
    rendered: Rendered


def render_again(
    clip: Path,
    plan: Plan,
    out: Path,
    settings: Settings,
    edits: Edits | None,
    progress: Progress | None,
    earlier: Earlier,
    placed: Placement = WHOLE,
) -> Rendered:
    """Like `render`, but takes over the encoded pictures of `earlier` where covers are equal.

    `out` may be the earlier file. Raises the errors of `render`.
    """
    started = time.monotonic()
    covering = Covering(clip, plan, settings, edits, placed)
    as_it_is = placed.frames is None and covering.map.rate is None
    splice = _splice(covering, plan, settings, edits, earlier) if as_it_is else None
    if splice is None:
        return render(clip, plan, out, settings, edits, progress, placed)
    if earlier.rendered.damaged or (settings.output.deinterlace and covering.info.interlaced):
        frames = _read_through(clip, covering, splice, settings)
    else:
        frames = wanted_frames(clip, covering.info, plan.pts, splice.encodes, settled=True)
    delivery = covering.delivery(settings.output, edits)
    with SplicingWriter(out, covering.info, settings.output, splice, delivery) as writer:
        covering.write(frames, writer, progress or silent)
        written = writer.finish()
    return msgspec.structs.replace(
        earlier.rendered,
        bytes_out=written.bytes,
        sha256=written.sha256,
        seconds=round(time.monotonic() - started, 3),
    )


def _splice(
    covering: Covering, plan: Plan, settings: Settings, edits: Edits | None, earlier: Earlier
) -> Splice | None:
    """The splice, or None to render the whole clip: stills, and hardware encoders (whose pictures
    vary)."""
    info = covering.info
    if info.still or settings.output.hardware is not Hardware.NONE:
        return None
    before = covers_of(earlier.plan, settings, edits)
    changed = [covering.covers.at(i) != before.at(i) for i in range(plan.frames)]
    return splice_of(earlier.out, info, plan.pts, np.array(changed))


def _read_through(
    clip: Path, covering: Covering, splice: Splice, settings: Settings
) -> Generator[Frame, None, None]:
    """The frames to encode of a clip that a seek would give otherwise than scanned: of a damaged
    clip, with the frames that stand in for lost ones, or of a deinterlaced one."""
    with open_source(clip, covering.info, settings) as reader:
        for frame in itertools.takewhile(lambda f: f.index < splice.runs[-1].stop, reader):
            if splice.encodes(frame.index):
                yield frame
