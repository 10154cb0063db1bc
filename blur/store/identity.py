"""Whether a file still is the clip, or the output, that its ledger entry knows.

Size, time of the last change and samples together are believed; where any differs, every byte is
hashed: uncompressed clips of one size can agree in all samples.
"""

from __future__ import annotations

from pathlib import Path

from blur.data.plan import Fingerprint
from blur.disk.fingerprint import fingerprint, sampled
from blur.store.ledger import Entry


def is_clip_of(entry: Entry, path: Path, *, thorough: bool = False) -> bool:
    """Whether `path` holds the entry's clip; `thorough` hashes every byte. Raises OSError."""
    return _is(path, entry.fingerprint, entry.mtime_ns, thorough)


def is_output_of(entry: Entry, path: Path, *, thorough: bool = False) -> bool:
    """Whether `path` holds the entry's output, whole; `thorough` as above. Raises OSError."""
    written = entry.output_fingerprint
    return written is not None and _is(path, written, entry.output_mtime_ns, thorough)


def is_proxy_of(entry: Entry, path: Path, *, thorough: bool = False) -> bool:
    """Whether `path` holds the entry's proxy, whole; `thorough` as above. Raises OSError."""
    written = entry.proxy_fingerprint  # all files of a clip have the same time of last change
    return written is not None and _is(path, written, entry.output_mtime_ns, thorough)


def _is(path: Path, known: Fingerprint, mtime_ns: int, thorough: bool) -> bool:
    if sampled(path) != known.quick:
        return False
    if known.sha256 and path.stat().st_mtime_ns == mtime_ns and not thorough:
        return True
    return fingerprint(path) == known
