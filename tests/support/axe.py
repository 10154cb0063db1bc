"""axe-core's rules on a page, where `npm ci` in tests/web has fetched them."""

from __future__ import annotations

from pathlib import Path

import pytest

_AXE = Path(__file__).parents[1] / "web/node_modules/axe-core/axe.min.js"
_RULES = """async () => (await axe.run()).violations.filter((rule) => rule.impact !== "minor")
  .map((rule) => [rule.id, rule.nodes.map((node) => node.html)])"""
needs_axe = pytest.mark.skipif(not _AXE.exists(), reason="needs axe-core: cd tests/web && npm ci")


def broken_rules(page) -> list[tuple[str, list[str]]]:
    """Names of the rules that a Playwright page breaks, with the elements that break each."""
    if not page.evaluate("'axe' in window"):
        page.evaluate(_AXE.read_text())
    return page.evaluate(_RULES)
