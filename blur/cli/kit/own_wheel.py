"""A wheel of the running blur, weights included: packed again from its installation.

Equal installations give equal wheels: files in order, with a fixed time and mode.
"""

from __future__ import annotations

import base64
import hashlib
import importlib.metadata
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path

import blur
from blur.errors import DISTRIBUTION, SetupError

_ROOT = Path(blur.__file__).parents[1]
_MADE_HERE = {"RECORD", "INSTALLER", "REQUESTED", "direct_url.json"}
"""Files of the metadata that tell of this installation, not of blur."""
_MODE = 0o644 << 16  # as zip files store it
_TIME = (2020, 2, 2, 0, 0, 0)


def make(folder: Path) -> Path:
    """The wheel, in `folder`. Raises SetupError."""
    if (_ROOT / "pyproject.toml").is_file():
        return _built(folder)
    try:
        found = importlib.metadata.distribution(DISTRIBUTION)
    except importlib.metadata.PackageNotFoundError as error:
        raise SetupError("blur is not installed as a package") from error
    path = folder / f"{DISTRIBUTION.replace('-', '_')}-{found.version}-py3-none-any.whl"
    record = []
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, file in sorted(_files(found)):
            content = file.read_bytes()
            _add(archive, name, content)
            digest = base64.urlsafe_b64encode(hashlib.sha256(content).digest()).rstrip(b"=")
            record.append(f"{name},sha256={digest.decode()},{len(content)}\n")
        name = f"{path.name.removesuffix('-py3-none-any.whl')}.dist-info/RECORD"
        _add(archive, name, "".join([*record, f"{name},,\n"]).encode())
    return path


def _files(found: importlib.metadata.Distribution) -> Iterator[tuple[str, Path]]:
    for file in found.files or ():
        if file.parts[0] == ".." or file.is_absolute() or file.suffix == ".pyc":
            continue
        if file.parts[0].endswith(".dist-info") and file.name in _MADE_HERE:
            continue
        yield file.as_posix(), Path(str(found.locate_file(file)))


def _add(archive: zipfile.ZipFile, name: str, content: bytes) -> None:
    info = zipfile.ZipInfo(name, _TIME)
    info.external_attr, info.compress_type = _MODE, zipfile.ZIP_DEFLATED
    archive.writestr(info, content)


def _built(folder: Path) -> Path:
    """From a source folder, by its build."""
    command = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "-w", str(folder)]
    done = subprocess.run(
        [*command, str(_ROOT)],
        stdin=subprocess.DEVNULL, capture_output=True, encoding="utf-8", errors="replace",
    )  # fmt: skip
    if done.returncode:
        raise SetupError(f"pip could not build blur: {done.stderr.strip()}")
    (path,) = folder.glob("*.whl")
    return path
