"""The order in which a person looks at doubts."""

from __future__ import annotations

import math

from blur.data.plan import Doubt, Kind, Plan


def ranked(plan: Plan) -> list[Doubt]:
    """The plan's doubts, those about a face that may be seen first, each kind worst first."""
    return sorted(
        plan.doubts, key=lambda d: (d.reason.kind is not Kind.EXPOSED, -gravity(plan, d), d.start)
    )


def gravity(plan: Plan, doubt: Doubt) -> float:
    """Likelihood times size times seconds; the size is a share of the picture's sides, 0 to 1.

    A doubt without a place is about the whole picture.
    """
    size = 1.0
    if doubt.box is not None:
        size = min(1.0, math.sqrt(doubt.box.w * doubt.box.h / (plan.width * plan.height)))
    return doubt.weight * size * (plan.seconds(doubt.end) - plan.seconds(doubt.start))
