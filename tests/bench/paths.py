"""Folders of the benchmarks; importing it makes `blur` and the tests' support importable."""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT), str(ROOT / "tests" / "support")]

SHARED = ROOT.parent / "shared"
CLIPS = SHARED / "clips"
FACEDATA = SHARED / "facedata"
JUDGE = SHARED / "tools" / "leak.py"
"""Real footage with known faces, and a neutral judge of outputs; none is in the repository."""

KEPT = Path(tempfile.gettempdir()) / "blur-bench"
"""Clips made by benchmarks, kept between calls. They show people: never commit one."""
