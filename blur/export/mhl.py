"""An ASC Media Hash List of an output folder: proof that a copy is the folder that was delivered.

Version 2.0 of the American Society of Cinematographers' format: `OUT/ascmhl` holds a list for each
generation, and a chain of their hashes. Hashes are C4 IDs (SMPTE ST 2114: SHA-512 in base 58), the
only ones of the format that nobody can forge. Files are named below OUT, the machine is not.
"""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from fnmatch import fnmatch
from pathlib import Path
from xml.etree.ElementTree import Element, ParseError, SubElement, fromstring

from blur import __version__
from blur.disk import atomic
from blur.errors import OutputError
from blur.export.xml_text import document
from blur.store.folder import WorkFolder
from blur.store.names import shown
from blur.store.report import OWN_NAMES

FOLDER = "ascmhl"
_CHAIN = "ascmhl_chain.xml"
_LIST, _DIRECTORY = "urn:ASC:MHL:v2.0", "urn:ASC:MHL:DIRECTORY:v2.0"
_ANYWHERE = (".DS_Store", FOLDER, WorkFolder.NAME, atomic.LEFTOVERS)
"""Patterns of names that are left out in every folder."""
_DIGITS = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"
_LENGTH = 88
"""Digits in base 58 of the largest 512 bits."""
_BLOCK = 1 << 20
"""Bytes read at once; more gains nothing once a disk streams."""


@dataclass(frozen=True, slots=True)
class Listed:
    """A generation that was written: its number, and its files that are new and known before."""

    generation: int
    new: int
    verified: int


def write(
    folder: WorkFolder,
    expected: Mapping[str, str],
    *,
    anew: bool = False,
    tell: Callable[[str], None] = lambda name: None,
) -> Listed:
    """Hash all files of OUT and add a generation to its lists.

    `expected` has the SHA-256 of covered clips by their place below OUT. `anew` puts earlier lists
    aside, into the work folder. `tell` is called with each file before it is read. Raises
    OutputError for a file that is not as it was made or listed, or not there, and writes nothing.
    """
    out = folder.out
    place = out / FOLDER
    atomic.refuse_links(out, place / _CHAIN)
    chain = [] if anew else _chain(place)
    before = _known(place, chain)
    hashes: dict[str, tuple[int, str]] = {}
    for file in _files(out):
        name = file.relative_to(out).as_posix()
        if shown(name) != name:
            raise OutputError(
                "its name cannot stand in a list", subject=name, remedy="rename it, or use --rename"
            )
        tell(name)
        size, c4, sha256 = _hashed(file)
        if expected.get(name, sha256) != sha256:
            raise _changed(name, "is not the file that blur made", "run blur on this folder again")
        if before.get(name, c4) != c4:
            raise _changed(name, "changed since it was listed")
        hashes[name] = size, c4
    for name in sorted(before.keys() - hashes.keys()):
        raise _changed(name, "was listed and is gone")
    now, number = datetime.now(UTC), len(chain) + 1
    moment = f"{now:%Y-%m-%d_%H%M%S}Z"
    if anew:
        _put_aside(place, folder.root / f"{FOLDER}-{moment}")
    atomic.make_folder(place)
    for orphan in place.glob(f"{number:04}_*.mhl"):  # of a process that was killed
        atomic.remove(orphan)
    content = _list(hashes, before, now)
    listed = f"{number:04}_{_letters(out)}_{moment}.mhl"
    atomic.write(place / listed, content, private=False)
    atomic.write(place / _CHAIN, _chained([*chain, (listed, c4_id(content))]), private=False)
    verified = len(before.keys() & hashes.keys())
    return Listed(number, len(hashes) - verified, verified)


def _put_aside(place: Path, aside: Path) -> None:
    """The chain goes first: without it, what a kill leaves behind is no history."""
    files = sorted(place.glob("*"), key=lambda file: file.name != _CHAIN)
    if files:
        atomic.make_folder(aside)
    for file in files:
        atomic.publish(file, aside / file.name)


def c4_id(content: bytes) -> str:
    """The C4 ID of bytes."""
    return _c4(hashlib.sha512(content))


def _c4(hashed: hashlib._Hash) -> str:
    number, digits = int.from_bytes(hashed.digest(), "big"), ""
    while number:
        number, digit = divmod(number, 58)
        digits = _DIGITS[digit] + digits
    return "c4" + digits.rjust(_LENGTH, _DIGITS[0])


def _hashed(file: Path) -> tuple[int, str, str]:
    """Size in bytes, C4 ID and SHA-256 of a file, read once."""
    long, short, size = hashlib.sha512(), hashlib.sha256(), 0
    try:
        with file.open("rb") as content:
            while block := content.read(_BLOCK):
                long.update(block)
                short.update(block)
                size += len(block)
    except OSError as error:
        raise OutputError(f"cannot be read: {error.strerror}", subject=file.name) from error
    return size, _c4(long), short.hexdigest()


def _changed(name: str, problem: str, remedy: str = "") -> OutputError:
    remedy = remedy or "find out why; `--anew` puts the earlier list aside and begins another"
    return OutputError(problem, subject=name, remedy=remedy)


def _files(out: Path) -> Iterator[Path]:
    """The files of OUT that belong to a delivery, in order of their place; no link is followed."""
    for folder, folders, names in os.walk(out):
        here = Path(folder)
        left_out = (*_ANYWHERE, *(OWN_NAMES if here == out else ()))
        folders[:] = sorted(n for n in folders if not _matches(n, left_out))
        for name in sorted(names):
            if not _matches(name, left_out) and not (here / name).is_symlink():
                yield here / name


def _matches(name: str, patterns: tuple[str, ...]) -> bool:
    return any(fnmatch(name, pattern) for pattern in patterns)


def _letters(out: Path) -> str:
    """The folder's name as part of a file's name."""
    return re.sub(r"[^\w.-]", "_", out.resolve().name) or "out"


def _chain(place: Path) -> list[tuple[str, str]]:
    """The lists that are there, by name, each with its C4 ID. Raises OutputError for a damaged
    chain."""
    file = place / _CHAIN
    if not file.exists():
        return []
    found = []
    for entry in _parsed(file).iter(f"{{{_DIRECTORY}}}hashlist"):
        name, c4 = (entry.findtext(f"{{{_DIRECTORY}}}{tag}", "") for tag in ("path", "c4"))
        if "/" in name or not name or c4_id(_content(place / name)) != c4:
            raise _changed(f"{FOLDER}/{shown(name)}", "is not the list that its chain names")
        found.append((name, c4))
    return found


def _known(place: Path, chain: list[tuple[str, str]]) -> dict[str, str]:
    """The C4 ID of each file in the last list that has it."""
    known: dict[str, str] = {}
    for name, _ in chain:
        for entry in _parsed(place / name).iter(f"{{{_LIST}}}hash"):
            path, c4 = (entry.findtext(f"{{{_LIST}}}{tag}") for tag in ("path", "c4"))
            if path and c4:
                known[path] = c4
    return known


def _parsed(file: Path) -> Element:
    try:
        return fromstring(_content(file))
    except ParseError as error:
        raise _changed(f"{FOLDER}/{file.name}", f"is damaged: {error}") from error


def _content(file: Path) -> bytes:
    try:
        return file.read_bytes()
    except OSError as error:
        raise _changed(f"{FOLDER}/{file.name}", f"cannot be read: {error.strerror}") from error


def _list(hashes: Mapping[str, tuple[int, str]], before: Mapping[str, str], now: datetime) -> bytes:
    root = Element("hashlist", version="2.0", xmlns=_LIST)
    creator = SubElement(root, "creatorinfo")
    SubElement(creator, "creationdate").text = f"{now:%Y-%m-%dT%H:%M:%S}+00:00"
    SubElement(creator, "hostname").text = "withheld"
    SubElement(creator, "tool", version=__version__).text = "blur"
    process = SubElement(root, "processinfo")
    SubElement(process, "process").text = "in-place"
    ignored = SubElement(process, "ignore")
    for pattern in (*_ANYWHERE, *(f"/{name}" for name in OWN_NAMES)):
        SubElement(ignored, "pattern").text = pattern
    listed = SubElement(root, "hashes")
    for name, (size, c4) in hashes.items():
        entry = SubElement(listed, "hash")
        SubElement(entry, "path", size=str(size)).text = name
        action = "verified" if name in before else "original"
        SubElement(entry, "c4", action=action).text = c4
    return document(root).encode()


def _chained(chain: list[tuple[str, str]]) -> bytes:
    root = Element("ascmhldirectory", xmlns=_DIRECTORY)
    for number, (name, c4) in enumerate(chain, 1):
        entry = SubElement(root, "hashlist", sequencenr=str(number))
        SubElement(entry, "path").text = name
        SubElement(entry, "c4").text = c4
    return document(root).encode()
