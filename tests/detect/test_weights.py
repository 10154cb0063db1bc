"""Installed weights are found and verified, or the error carries a remedy."""

import shutil
import tomllib
from pathlib import Path

import pytest

from blur.detect import landmarks, recogniser, shoulders, weights
from blur.detect.registry import DETECTORS
from blur.errors import Exit, SetupError

ROOT = Path(__file__).parents[2]


@pytest.fixture
def installed(tmp_path: Path) -> Path:
    """A copy of the installed weights that a test may damage."""
    return shutil.copytree(weights.FOLDER, tmp_path / "_weights")


def test_catalogue_is_the_one_that_weights_are_fetched_by() -> None:
    listed = tomllib.loads((ROOT / "models" / "catalog.toml").read_text(encoding="utf-8"))
    assert [w.sha256 for w in weights.catalogue()] == [w["sha256"] for w in listed["weights"]]


def test_every_network_has_its_weight_and_licence() -> None:
    others = {landmarks.NAME, recogniser.NAME, shoulders.NAME}
    assert {w.name for w in weights.catalogue()} == {*DETECTORS, *others}
    for weight in weights.catalogue():
        licence = (weights.FOLDER / weight.licence_file).read_text(encoding="utf-8")
        assert {"MIT": "Permission is hereby granted", "Apache-2.0": "Apache License"}[
            weight.licence
        ] in licence


def test_read_gives_the_verified_bytes(installed: Path) -> None:
    weight = weights.catalogue(installed)[0]
    assert weights.read(weight.name, installed) == (installed / weight.file).read_bytes()


def test_one_changed_byte_is_an_error(installed: Path) -> None:
    weight = weights.catalogue(installed)[0]
    content = bytearray((installed / weight.file).read_bytes())
    content[len(content) // 2] ^= 1
    (installed / weight.file).write_bytes(content)
    with pytest.raises(SetupError, match=f"{weight.file}: is damaged.*install blur again"):
        weights.read(weight.name, installed)


def test_missing_weight_names_the_file(installed: Path) -> None:
    weight = weights.catalogue(installed)[0]
    (installed / weight.file).unlink()
    with pytest.raises(SetupError, match=weight.file) as caught:
        weights.read(weight.name, installed)
    assert caught.value.exit_code == Exit.SETUP


def test_nothing_installed(tmp_path: Path) -> None:
    with pytest.raises(SetupError, match="not installed"):
        weights.catalogue(tmp_path)


def test_damaged_catalogue(tmp_path: Path) -> None:
    (tmp_path / "catalog.toml").write_text("[[weights]]\nname = 7\n")
    with pytest.raises(SetupError, match="catalogue of weights is damaged"):
        weights.catalogue(tmp_path)


def test_unknown_name() -> None:
    with pytest.raises(SetupError, match="does not name 'nobody'"):
        weights.read("nobody")


def test_digest_changes_with_a_weight(installed: Path, tmp_path: Path) -> None:
    other = shutil.copytree(installed, tmp_path / "other")
    catalogue = other / "catalog.toml"
    first = weights.catalogue(installed)[0]
    catalogue.write_text(catalogue.read_text().replace(first.sha256, "0" * 64))
    assert weights.digest(installed) == weights.digest()
    assert weights.digest(other) != weights.digest()
