"""Which blur this is: its version, and the hash of its source.

The version moves with every release, the hash with every change between them: plans and outputs
carry both, so that a blur which mends a leak trusts nothing that an earlier one made.
"""

from __future__ import annotations

import functools
import hashlib
from pathlib import Path

__version__ = "0.2.0"


@functools.cache
def source_hash() -> str:
    """SHA-256 over the names and contents of all Python files of the package, 12 hex digits."""
    root = Path(__file__).parent
    digest = hashlib.sha256()
    for path in sorted(root.rglob("*.py")):
        content = path.read_bytes()
        digest.update(f"{path.relative_to(root).as_posix()}\0{len(content)}\0".encode() + content)
    return digest.hexdigest()[:12]


def build() -> str:
    """Version and source hash as `0.2.0+0123456789ab`."""
    return f"{__version__}+{source_hash()}"
