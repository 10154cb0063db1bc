"""Names of outputs: their clip's own, or a number."""

from __future__ import annotations

import hashlib
import itertools
import os
import unicodedata
from collections.abc import Container, Iterator
from pathlib import PurePosixPath

from blur.store.report import OWN_NAMES

_LONGEST = 255 - len("..") - len(".part.part")
"""Bytes of a file name, short enough for the temporary names that it is written under."""


PROXIES = PurePosixPath("Proxy")
"""The folder below OUT that holds the proxies, each at its output's place."""


def output_name(clip: PurePosixPath, suffix: str, taken: Container[str]) -> PurePosixPath:
    """The clip's place in OUT: its own with the new suffix, or the next free one.

    `taken` holds the `collision_key` of every name in use. `a.mov` becomes `a.mp4`, and an `a.avi`
    that joins it `a.avi.mp4`; the ledger remembers, so that later clips change no earlier name. A
    folder called as a report is, or as another of `OWN_NAMES`, gets a name beside it.
    """
    if collision_key(PurePosixPath(clip.parts[0])) in OWN_NAMES and len(clip.parts) > 1:
        clip = PurePosixPath(f"{clip.parts[0]}~2", *clip.parts[1:])
    return next(name for name in _choices(clip, suffix) if collision_key(name) not in taken)


def placed(name: PurePosixPath, alone: str) -> PurePosixPath:
    """The place below OUT of a master, or where a proxy stands `alone`, of that."""
    return PROXIES / name if alone else name


def bare(output: PurePosixPath, alone: str) -> PurePosixPath:
    """The place that the output has, or would have, as a master."""
    return output.relative_to(PROXIES) if alone else output


def proxy_names(output: PurePosixPath, suffix: str) -> Iterator[PurePosixPath]:
    """The places of an output's proxy below OUT, the first free one to be taken."""
    return _choices(PROXIES / output, suffix)


def neutral_names(
    clip: PurePosixPath, suffix: str, taken: Container[str], alone: str = ""
) -> Iterator[PurePosixPath]:
    """The free numbers as names, which reveal neither the clip nor its folder; see `placed`.

    A number that is the clip's own name is left out; the suffix is in small letters.
    """
    numbers = (PurePosixPath(f"{number:04}{suffix.lower()}") for number in itertools.count(1))
    names = (placed(number, alone) for number in numbers)
    return (n for n in names if collision_key(n) not in taken and n.stem != clip.stem)


def collision_key(name: PurePosixPath) -> str:
    """Equal for names that some file system confuses: by case or by Unicode form."""
    return unicodedata.normalize("NFC", str(name)).casefold()


def _choices(clip: PurePosixPath, suffix: str) -> Iterator[PurePosixPath]:
    stem = clip.stem
    yield _fitting(clip, stem, suffix)
    yield _fitting(clip, clip.name, suffix)
    number = 2
    while True:
        yield _fitting(clip, f"{clip.name}~{number}", suffix)
        number += 1


def _fitting(clip: PurePosixPath, stem: str, suffix: str) -> PurePosixPath:
    """A name next to `clip`, shortened if the file system would refuse it."""
    encoded = os.fsencode(stem)
    room = _LONGEST - len(os.fsencode(suffix))
    if len(encoded) > room:
        mark = b"~" + hashlib.sha256(encoded).hexdigest()[:8].encode()
        cut = encoded[: room - len(mark)]
        stem = os.fsdecode(cut.decode("utf-8", "ignore").encode() + mark)
    return clip.with_name(stem + suffix)
