"""The corridor from plan to published clip: render, audit, and again."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from blur.audit.audit import audit_with_faints
from blur.audit.itinerary import Again
from blur.audit.mend import mended, with_doubts, without_doubts
from blur.data.edits import Edits
from blur.data.findings import Audit
from blur.data.plan import Plan
from blur.detect.registry import unload_detectors
from blur.disk import atomic
from blur.errors import ResidualFace, cannot_write
from blur.process.progress import Progress, silent
from blur.render.again import Earlier, render_again
from blur.render.render import Rendered, render
from blur.settings import AuditMode, Settings


@dataclass(frozen=True, slots=True)
class Covered:
    """A covered clip: the plan it was rendered from, and one audit for each render."""

    plan: Plan
    rendered: Rendered
    audits: tuple[Audit, ...]


def cover_clip(
    clip: Path,
    plan: Plan,
    out: Path,
    settings: Settings,
    edits: Edits | None = None,
    progress: Progress | None = None,
    keep: Callable[[Plan], None] = lambda plan: None,
) -> Covered:
    """Render `clip`, audit the output, and render again with the residual faces covered.

    The output gets its final name once the audit sees no face, or at once if it only reports.
    `keep` is called with the plan each time the audit adds to it. Raises whatever `render` and
    `audit` raise, and ResidualFace if a face is left after the last round.
    """
    if settings.audit.audit is AuditMode.OFF:
        return Covered(plan, render(clip, plan, out, settings, edits, progress), ())
    fix = settings.audit.audit is AuditMode.FIX
    undoubted = without_doubts(plan)
    if len(undoubted.doubts) < len(plan.doubts):
        plan = undoubted
        keep(plan)
    unaudited = out.with_name(f".{out.name}.part")
    audits: list[Audit] = []
    again: Again | None = None
    try:
        done = render(clip, plan, unaudited, settings, edits, progress)
        while True:
            seen, faces = audit_with_faints(
                unaudited, plan, settings, edits, again, progress or silent
            )
            unload_detectors()  # neither mending nor the next clip needs the audit's
            audits.append(seen)
            if not seen.residuals:
                break
            if not fix or len(audits) > settings.audit.audit_rounds:
                plan = with_doubts(plan, faces)
                keep(plan)
                break
            earlier = Earlier(unaudited, plan, done)
            plan = mended(clip, plan, faces, settings, progress or silent)
            keep(plan)
            unload_detectors()  # their networks weigh as much as the encoder that comes next
            again = Again.after(seen.residuals, plan.tracks[len(earlier.plan.tracks) :])
            done = render_again(clip, plan, unaudited, settings, edits, progress, earlier)
        if fix and seen.residuals:
            where = ", ".join(f"{r.seconds:.1f} s" for r in seen.residuals[:3])
            raise ResidualFace(f"the audit still sees a face, at {where}", subject=clip.name)
        try:
            atomic.publish(unaudited, out)
        except OSError as error:
            raise cannot_write(error, out.name) from error
    finally:
        unaudited.unlink(missing_ok=True)
    return Covered(plan, done, tuple(audits))
