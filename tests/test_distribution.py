"""Nobody is told to install another project's package."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

from blur.errors import DISTRIBUTION, install

ROOT = Path(__file__).parents[1]
_SAID = re.compile(r"""pip3? install((?: +(?:-[\w-]+|"[^"]*"|'[^']*'|[^\s"'`,;&#]+))+)""")
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]


def test_the_distribution_has_a_name_of_its_own() -> None:
    assert PROJECT["name"] == DISTRIBUTION != "blur"
    assert "blur" in PROJECT["scripts"]


def test_no_text_tells_to_install_another_name() -> None:
    """Every `pip install` in README, documents and code: this folder, or this distribution."""
    texts = [*ROOT.glob("*.md"), *(ROOT / "docs").glob("*.md"), ROOT / "pyproject.toml"]
    texts += [*(ROOT / "blur").rglob("*.py"), *(ROOT / "models").glob("*.py")]
    told = {(p.name, arguments) for p in texts for arguments in _SAID.findall(p.read_text())}
    assert told >= {("README.md", ' ".[demo]"'), ("README.md", ' "blur-faces[cluster]"')}
    for where, arguments in told:
        named = [a.strip("\"'") for a in arguments.split() if not a.startswith("-")]
        assert named, where
        for name in named:
            base, _, extras = name.partition("[")
            assert base in (".", DISTRIBUTION, "{DISTRIBUTION}", "constraints.txt"), (where, name)
            assert base in (".", "constraints.txt") or extras, (where, name)
    assert not [p.name for p in texts if re.search(r"\bblur\[", p.read_text())]


def test_every_remedy_names_an_extra_that_there_is() -> None:
    modules = (ROOT / "blur").rglob("*.py")
    extras = {e for p in modules for e in re.findall(r"\binstall\([\"'](\w+)", p.read_text())}
    assert extras == {"cluster", "demo", "nvidia", "otio"} <= set(PROJECT["optional-dependencies"])
    assert install("cluster") == 'pip install "blur-faces[cluster]"'
