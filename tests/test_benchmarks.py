"""Benchmarks start, and the functions that they time are where they look for them."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

BENCH = Path(__file__).parent / "bench"
MODULES = sorted(path.stem for path in BENCH.glob("*.py"))
EXTRA = {"attack": "dlib", "attack_models": "dlib", "fit": "sklearn"}


def python(code: str) -> None:
    """Run `code` among the benchmarks, in an interpreter of its own."""
    done = subprocess.run([sys.executable, "-c", code], cwd=BENCH, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


@pytest.mark.slow
@pytest.mark.parametrize("module", MODULES)
def test_imports(module: str) -> None:
    if module in EXTRA:
        pytest.importorskip(EXTRA[module], reason="the extra bench is not installed")
    python(f"import {module}")


def test_speed_finds_what_it_times() -> None:
    python("import paths; from stages import STAGES, found; [found(path) for path in STAGES]")
