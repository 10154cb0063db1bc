"""OpenTimelineIO, which reads and writes timelines, where it is installed."""

from __future__ import annotations

import importlib
from typing import Any

from blur.errors import SetupError, install


def opentimeline() -> Any:
    """The library's module. Raises SetupError where it is not installed."""
    try:
        return importlib.import_module("opentimelineio")
    except ImportError as error:
        raise SetupError("OpenTimelineIO is not installed", remedy=install("otio")) from error
