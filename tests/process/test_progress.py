"""Progress: a count that stands is no sign of life."""

from __future__ import annotations

from blur.process.progress import growing


def test_only_a_greater_count_is_told() -> None:
    told: list[tuple[str, int, int | None]] = []
    hear = growing(lambda *given: told.append(given), "audit", 9)
    for done in (0, 0, 2, 2, 1, 3, 9, 9):
        hear(done)
    assert told == [("audit", done, 9) for done in (0, 2, 3, 9)]
