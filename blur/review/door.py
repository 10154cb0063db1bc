"""The review page's address: a loopback port and a secret token of 24 random bytes.

Loads no library, so that it can be opened before the process gives up the right to sockets.
"""

from __future__ import annotations

import secrets
import socket

from blur.errors import UsageError


class Door:
    """A listening socket on loopback. Raises UsageError for a port that is taken or forbidden."""

    def __init__(self, port: int = 0) -> None:
        self.token = secrets.token_urlsafe(24)
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        try:
            self.socket.bind(("127.0.0.1", port))
        except (OSError, OverflowError) as error:
            self.socket.close()
            raise UsageError(
                f"port {port} cannot be used: {error}", remedy="choose another --port, or none"
            ) from error
        self.socket.listen()
        self.port: int = self.socket.getsockname()[1]
        self.address = f"http://127.0.0.1:{self.port}/?token={self.token}"
