"""Settings as earlier versions wrote them into reports, in this version's words."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from blur.settings import Timecode


def renamed(written: Mapping[str, Any]) -> dict[str, Any]:
    """The groups of a report's `settings`; words of no version stay, for the decoder to refuse."""
    groups = dict(written)
    output = groups.get("output")
    if isinstance(output, dict) and "keep_timecode" in output:  # until 0.2.0
        timecode = Timecode.KEEP if output["keep_timecode"] else Timecode.ZERO
        rest = {name: value for name, value in output.items() if name != "keep_timecode"}
        groups["output"] = {"timecode": timecode.value, **rest}
    return groups
