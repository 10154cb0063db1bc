"""Keep the chatter of native libraries, and nothing else, off the terminal."""

from __future__ import annotations

import contextlib
import os
import re
import sys
import tempfile
import threading
from collections.abc import Iterator

# Information and warnings of TensorFlow Lite and absl while a MediaPipe task starts. Their errors
# and fatal lines start with E and F, and come through.
_CHATTER = re.compile(rb"(INFO: |WARNING: All log messages before absl|[IW]\d{4} \d\d:\d\d:)")

_ONE_AT_A_TIME = threading.Lock()


@contextlib.contextmanager
def native_chatter_dropped() -> Iterator[None]:
    """Drop known log lines written to file descriptor 2 within the block.

    Everything else written there, by any thread, comes out at the block's end.
    """
    with _ONE_AT_A_TIME, tempfile.TemporaryFile() as held:
        sys.stderr.flush()
        terminal = os.dup(2)
        os.dup2(held.fileno(), 2)
        try:
            yield
        finally:
            sys.stderr.flush()
            os.dup2(terminal, 2)
            os.close(terminal)
            held.seek(0)
            rest = b"".join(line for line in held if not _CHATTER.match(line))
            while rest:
                rest = rest[os.write(2, rest) :]
