"""Rendering again after an audit: only what has changed is encoded."""

from __future__ import annotations

import time
from dataclasses import dataclass
from pathlib import Path

import msgspec
import numpy as np

from blur.data.edits import Edits
from blur.data.plan import Plan
from blur.media.open.seek import wanted_frames
from blur.media.write.splice import Splice, SplicingWriter, splice_of
from blur.process.progress import Progress, silent
from blur.render.render import Covering, Rendered, covers_of, render
from blur.settings import Hardware, Settings


@dataclass(frozen=True, slots=True)
class Earlier:
    """What a render has made of the same clip, settings and edits, and the plan it followed."""

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
) -> Rendered:
    """Like `render`; where `earlier` has the same covers, its encoded pictures are taken over.

    `out` may be its file. Raises what `render` raises.
    """
    started = time.monotonic()
    covering = Covering(clip, plan, settings, edits)
    splice = _splice(covering, plan, settings, edits, earlier)
    if splice is None:
        return render(clip, plan, out, settings, edits, progress)
    frames = wanted_frames(clip, covering.info, plan.pts, splice.encodes, settled=True)
    with SplicingWriter(out, covering.info, settings.output, splice) as writer:
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
    """None where the whole clip is to be rendered: stills; what is not read frame by frame as it
    was scanned; and chips, whose encoders may do as they please."""
    info, output = covering.info, settings.output
    deinterlaced = output.deinterlace and info.interlaced
    chip = output.hardware is not Hardware.NONE
    if info.still or earlier.rendered.damaged or deinterlaced or chip:
        return None
    before = covers_of(earlier.plan, settings, edits)
    changed = [covering.covers.at(i) != before.at(i) for i in range(plan.frames)]
    return splice_of(earlier.out, info, plan.pts, np.array(changed))
