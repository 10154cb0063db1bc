"""Hashes of file contents: of samples, which is quick, or of every byte."""

from __future__ import annotations

import hashlib
from pathlib import Path

from blur.data.plan import Fingerprint

_BLOCK = 32 * 1024
"""Bytes of a sample; larger ones notice smaller differences and read longer."""
_BLOCKS = 8
"""Samples of a file, the first at its start and the last at its end."""


def fingerprint(path: Path) -> Fingerprint:
    """Size in bytes, and SHA-256 over eight 32 KiB blocks spread evenly over the file.

    Files of up to 256 KiB are hashed whole. Larger ones are told apart, and noticed when truncated
    or replaced; a change between the blocks goes unnoticed. Raises OSError.
    """
    digest = hashlib.sha256()
    with path.open("rb") as file:
        size = file.seek(0, 2)
        if size <= _BLOCK * _BLOCKS:
            file.seek(0)
            digest.update(file.read())
        else:
            for i in range(_BLOCKS):
                file.seek((size - _BLOCK) * i // (_BLOCKS - 1))
                digest.update(file.read(_BLOCK))
    return Fingerprint(size, digest.hexdigest())


def sha256(path: Path) -> str:
    """SHA-256 of every byte of a file. Raises OSError."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def file_sha256(path: Path) -> str | None:
    """SHA-256 of a work file; None if there is none."""
    try:
        return hashlib.sha256(path.read_bytes()).hexdigest()
    except FileNotFoundError:
        return None
