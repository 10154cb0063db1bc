"""HTML from the files in `templates/`: every value is escaped unless it is HTML already."""

from __future__ import annotations

import importlib.resources
import re
from collections.abc import Iterable
from functools import cached_property
from html import escape
from string import Template


class Html(str):
    """Text that is HTML already."""

    __slots__ = ()


class Templates:
    """The parts of one file; each begins after a line `<!-- part: NAME -->`."""

    def __init__(self, file: str) -> None:
        self._file = file

    @cached_property
    def _parts(self) -> dict[str, Template]:
        file = importlib.resources.files(__package__) / "templates" / self._file
        _, *found = re.split(r"(?m)^<!-- part: (\w+) -->\n", file.read_text("utf-8"))
        return dict(zip(found[::2], map(Template, found[1::2]), strict=True))

    def fill(self, part: str, **values: object) -> Html:
        """The part with its `$names` replaced. Raises KeyError for an unknown part or name."""
        safe = {k: v if isinstance(v, Html) else escape(str(v)) for k, v in values.items()}
        return Html(self._parts[part].substitute(safe))


def joined(parts: Iterable[Html]) -> Html:
    return Html("".join(parts))
