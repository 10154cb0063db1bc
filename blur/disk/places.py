"""Paths as the system means them."""

from __future__ import annotations

import os
from pathlib import Path


def absolute(path: Path) -> Path:
    """The absolute path; `..` and links stay, since `a/..` need not be the folder of `a`.

    Python 3.11 leaves Windows' `D:DCIM`, a place below the folder that drive D is at, relative.
    """
    if path.drive and not path.root:
        return Path(os.path.abspath(path))  # noqa: PTH100 - `resolve` follows links
    return path.absolute()
