"""Equal sources give equal wheels and source distributions, with the weights inside."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

import pytest

from blur.detect import weights

pytest.importorskip("hatchling")

ROOT = Path(__file__).parents[2]
BUILD = "import sys, hatchling.build as b; b.build_wheel(sys.argv[1]); b.build_sdist(sys.argv[1])"


def built(tree: Path, into: Path) -> dict[str, str]:
    """SHA-256 of each file that a build of the tree makes, by name."""
    command = [sys.executable, "-c", BUILD, str(into)]
    subprocess.run(command, cwd=tree, check=True, capture_output=True)
    return {p.name: hashlib.sha256(p.read_bytes()).hexdigest() for p in into.iterdir()}


def test_two_builds_are_alike_whatever_the_files_times_and_modes(tmp_path: Path) -> None:
    tree = tmp_path / "tree"
    left_out = shutil.ignore_patterns(".git", ".*_cache", "__pycache__", "tests", ".hypothesis")
    shutil.copytree(ROOT, tree, ignore=left_out)
    first = built(tree, tmp_path / "first")
    for path in (tree / "blur").rglob("*.py"):
        os.utime(path, (1, 1))
        path.chmod(0o600)
    assert built(tree, tmp_path / "second") == first
    wanted = {weight.file for weight in weights.catalogue()}
    for path in (tmp_path / "first").iterdir():
        if path.suffix == ".whl":
            with zipfile.ZipFile(path) as wheel:
                names = wheel.namelist()
        else:
            with tarfile.open(path) as source:
                names = source.getnames()
        assert wanted <= {name.rpartition("/")[2] for name in names}
