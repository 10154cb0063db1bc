"""The corridor from plan to published clip: render, audit, and again."""

from __future__ import annotations

import contextlib
import dataclasses
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from blur.audit.audit import audit_with_faints
from blur.audit.itinerary import Again
from blur.audit.mend import mended, with_doubts, without_doubts
from blur.data.edits import Edits
from blur.data.findings import Audit, Residual
from blur.data.placement import WHOLE, Placement
from blur.data.plan import Plan
from blur.detect.registry import unload_detectors
from blur.disk import atomic
from blur.errors import ResidualFace, cannot_write
from blur.media.write.part import make_readable
from blur.process.progress import Progress, silent
from blur.render.again import Earlier, render_again
from blur.render.render import Rendered, render
from blur.settings import AuditMode, Settings


@dataclass(frozen=True, slots=True)
class Covered:
    """A covered clip: the plan it was rendered from, and an audit of each render, in order."""

    plan: Plan
    rendered: Rendered
    audits: tuple[Audit, ...]

    @property
    def residuals(self) -> list[Residual]:
        """Faces that the last audit saw."""
        return self.audits[-1].residuals if self.audits else []


class Place(NamedTuple):
    """The final name of a file, and the place where it lies until the audit is over."""

    final: Path
    part: Path


def cover_clip(
    clip: Path,
    plan: Plan,
    out: Path,
    settings: Settings,
    edits: Edits | None = None,
    progress: Progress | None = None,
    keep: Callable[[Plan], Plan] = lambda plan: plan,
    part: Path | None = None,
    placed: Placement = WHOLE,
    proxy: Place | None = None,
) -> Covered:
    """Render `clip`, audit the output, and render again with the residual faces covered.

    The output lies at `part`, on the file system of `out`, until the audit sees no face or only
    reports, or, without an audit, until it is written; then it gets its final name, just after its
    `proxy`. The folders of `part` and `proxy` exist already, as does that of `out` beside `part`;
    without `part`, the folders above `out` are made. `keep` takes the plan each time the audit adds
    to it, and returns it as a resumed clip would read it, coarser than it was made.

    Raises the errors of `render` and `audit`, and ResidualFace if a face is left after the last
    round.
    """
    placed = dataclasses.replace(placed, name=out.stem)
    unaudited = part or out.with_name(f".{out.name}.part")
    small = proxy.part if proxy else None
    try:
        try:
            if part is None:
                atomic.make_folder(out.parent)
        except OSError as error:
            raise cannot_write(error, out.name) from error
        if not settings.audits:
            rendered = render(clip, plan, unaudited, settings, edits, progress, placed, small)
            covered = Covered(plan, rendered, ())
        else:
            tell = progress or silent
            covered = _in_rounds(clip, plan, unaudited, settings, edits, tell, keep, placed, small)
        left = covered.residuals
        if left and settings.audit.audit is AuditMode.FIX:
            where = ", ".join(f"{r.seconds:.1f} s" for r in left[:3])
            raise ResidualFace(f"the audit still sees a face, at {where}", subject=clip.name)
        try:
            for name, file in [*([proxy] if proxy else []), Place(out, unaudited)]:
                if not left:  # an output with clear faces can be read by its owner alone
                    covered.rendered.notes.extend(make_readable(file))
                atomic.publish(file, name)
        except OSError as error:
            raise cannot_write(error, out.name) from error
    finally:
        for left_over in filter(None, (unaudited, small)):
            atomic.discard(left_over)
        for lent in filter(None, (part, small)):
            with contextlib.suppress(OSError):
                lent.parent.rmdir()
    return covered


def _in_rounds(
    clip: Path,
    plan: Plan,
    out: Path,
    settings: Settings,
    edits: Edits | None,
    progress: Progress,
    keep: Callable[[Plan], Plan],
    placed: Placement,
    proxy: Path | None,
) -> Covered:
    """Render and audit until no face is seen, or the rounds are over; residuals become doubts."""
    undoubted = without_doubts(plan)
    if len(undoubted.doubts) < len(plan.doubts):
        plan = keep(undoubted)
    rounds = settings.audit.audit_rounds if settings.audit.audit is AuditMode.FIX else 0
    audits: list[Audit] = []
    again: Again | None = None
    done = render(clip, plan, out, settings, edits, progress, placed, proxy)
    while True:
        audit, faces = audit_with_faints(out, plan, settings, edits, again, progress, placed)
        unload_detectors()  # neither mending nor the next clip needs the audit's
        audits.append(audit)
        if not audit.residuals:
            break
        if len(audits) > rounds:
            plan = keep(with_doubts(plan, faces))
            break
        earlier = Earlier(out, plan, done, proxy)
        plan = keep(mended(clip, plan, edits, faces, settings, progress))
        unload_detectors()  # their networks weigh as much as the encoder that comes next
        again = Again.after(audit.residuals, plan.tracks[len(earlier.plan.tracks) :])
        done = render_again(clip, plan, out, settings, edits, progress, earlier, placed, proxy)
    return Covered(plan, done, tuple(audits))
