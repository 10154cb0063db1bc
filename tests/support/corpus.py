"""The corpus: one table of files that people have, each with the result that it must give.

Pictures are tiny, so that the whole corpus passes in seconds.
"""

from __future__ import annotations

from corpus_failures import ANIMATIONS, FAILURES
from corpus_films import COMBINED, ODDITIES, SOUNDS
from corpus_rows import Row
from corpus_stills import STILLS

CORPUS: dict[str, Row] = {**COMBINED, **SOUNDS, **ODDITIES, **ANIMATIONS, **STILLS, **FAILURES}
