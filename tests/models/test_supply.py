"""The tested set is whole and pinned by hash; the bill of materials names all that is installed."""

from __future__ import annotations

import re
import sys
import tomllib
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT / "models"))

packaging = pytest.importorskip("packaging")
import sbom  # noqa: E402 - a script, not a package
from packaging.requirements import Requirement  # noqa: E402
from packaging.utils import canonicalize_name  # noqa: E402

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
EXTRAS = ("cluster", "demo", "otio", "test")


def pins() -> dict[str, tuple[str, int]]:
    """Version and number of hashes of each library in constraints.txt."""
    text = "\n".join(
        line for line in (ROOT / "constraints.txt").read_text().splitlines() if line[:1] != "#"
    )
    entries = re.split(r"\n(?=\S)", text.replace("\\\n", " ").strip())
    found = {}
    for entry in entries:
        name, _, rest = entry.partition("==")
        found[canonicalize_name(name)] = (rest.split()[0], entry.count("--hash=sha256:"))
    return found


def test_every_requirement_is_pinned_within_its_bounds() -> None:
    pinned = pins()
    assert all(hashes for _, hashes in pinned.values())
    texts = [
        *PROJECT["dependencies"],
        *(t for e in EXTRAS for t in PROJECT["optional-dependencies"][e]),
    ]
    for needed in map(Requirement, texts):
        name = canonicalize_name(needed.name)
        assert name in pinned, name
        assert needed.specifier.contains(pinned[name][0]), needed


def test_what_they_need_in_turn_is_pinned_too() -> None:
    pinned = pins()
    for text in PROJECT["dependencies"]:
        name = canonicalize_name(Requirement(text).name)
        assert {name, *sbom.closure(name)} <= pinned.keys(), name


def test_the_bill_names_libraries_codecs_and_weights() -> None:
    try:
        here = version(sbom.OURS)
    except PackageNotFoundError:
        pytest.skip("blur runs from a checkout, and is not installed")
    made = sbom.bill()
    assert made["metadata"]["component"]["version"] == here
    parts = {part["name"]: part for part in made["components"]}
    needed = {n for n, part in parts.items() if part.get("scope") == "required"}
    assert {"av", "numpy", "openvino", "mediapipe", "pillow-heif"} <= {
        canonicalize_name(n) for n in needed
    }
    assert parts["pytest"]["scope"] == "optional"
    assert all(part["version"] for part in parts.values())
    if sys.platform == "linux":
        codecs = {n["name"].split("-")[0]: n for n in parts["av"]["components"]}
        assert codecs["libx264"]["licenses"] == [{"license": {"id": "GPL-2.0-or-later"}}]
        assert len(codecs["libx265"]["hashes"][0]["content"]) == 64
    weights = tomllib.loads((ROOT / "models" / "catalog.toml").read_text())["weights"]
    for weight in weights:
        assert parts[weight["name"]]["hashes"][0]["content"] == weight["sha256"]
    references = [d["ref"] for d in made["dependencies"]]
    assert len(references) == len(set(references))
    assert {r for d in made["dependencies"] for r in d["dependsOn"]} <= {
        part["bom-ref"] for part in made["components"]
    }
