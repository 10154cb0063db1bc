"""Hatchling's build hook: nothing is built without verified weights.

A wheel, editable or not, needs them; a source distribution mirrors them.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

sys.path.insert(0, str(Path(__file__).parent))

from fetch import FetchError, fetch


class WeightsHook(BuildHookInterface):  # type: ignore[type-arg]
    """Fetches the weights into blur/_weights, which pyproject.toml lists as artifacts."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        try:
            fetched = fetch()
        except FetchError as error:
            self.app.abort(f"\n{error}")
        self.app.display_info(f"weights: {', '.join(fetched) or 'none'} fetched, all verified")
