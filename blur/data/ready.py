"""Types made ready for threads.

msgspec describes a type when it is first read, and two threads that do so at once end the process
(0.22: a segmentation fault once in 40 tries). Types that servers read are described at import.
"""

from __future__ import annotations

from typing import Any

import msgspec


def ready(*kinds: Any) -> None:
    """Describe types, with all that they hold."""
    for kind in kinds:
        msgspec.json.Decoder(kind)
