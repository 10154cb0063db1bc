"""The way into the review page: a loopback port, tickets, and the secrets of a session.

Loads no library, so that it can be opened before the process gives up the right to sockets.
"""

from __future__ import annotations

import hmac
import html
import os
import secrets
import socket
from collections.abc import Sequence
from pathlib import Path

from blur.disk import atomic
from blur.errors import OutputError, UsageError


class Door:
    """A listening socket on loopback. Raises UsageError for a port that is taken or forbidden.

    A ticket in `address` or in a redirect file admits once, and buys a cookie with the session's
    `secret`. The page lies under `path`: browsers send a cookie to every port of a host, but only
    below its path, which no other port knows.
    """

    def __init__(self, port: int = 0) -> None:
        # Named as TCP, or asyncio leaves Nagle's algorithm on: 40 ms more for each small answer.
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
        if os.name == "posix":  # on Windows, a second listener could take the port over
            # After Ctrl-C, connections that the browser left would hold the port for a minute.
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            self.socket.bind(("127.0.0.1", port))
        except (OSError, OverflowError) as error:
            self.socket.close()
            raise UsageError(
                f"port {port} cannot be used: {error}", remedy="choose another --port, or none"
            ) from error
        self.socket.listen()
        self.port: int = self.socket.getsockname()[1]
        self.path = f"/{secrets.token_urlsafe(24)}"
        self.secret = secrets.token_urlsafe(24)
        self._tickets: dict[str, Path | None] = {}
        self.address = self._address(None)

    def redirect_file(self, folders: Sequence[Path]) -> Path:
        """A page of mode 0600 that leads here, in the first folder that keeps it private.

        A browser is given its name, for all users can read the arguments of a process. Raises
        OutputError if no folder will do.
        """
        for folder in folders:
            file = folder / f"review-{secrets.token_hex(8)}.html"
            address = html.escape(self._address(file))
            page = f'<!doctype html><meta http-equiv="refresh" content="0; url={address}">\n'
            try:
                atomic.write(file, page.encode())
            except OutputError:
                continue
            if atomic.is_private(file):
                return file
            file.unlink()  # a file system without modes
        raise OutputError("no folder keeps the review's address private", remedy="open it yourself")

    def admit(self, ticket: str) -> bool:
        """Whether `ticket` admits; it does so once."""
        found = [known for known in self._tickets if equal(known, ticket)]
        for known in found:
            _remove(self._tickets.pop(known))
        return bool(found)

    def close(self) -> None:
        """Close the port, and remove redirect files that no browser opened."""
        self.socket.close()
        for file in self._tickets.values():
            _remove(file)

    def _address(self, file: Path | None) -> str:
        """The address with a new ticket; `file`, which holds it, goes when it is used."""
        ticket = secrets.token_urlsafe(24)
        self._tickets[ticket] = file
        return f"http://127.0.0.1:{self.port}/?token={ticket}"


def equal(secret: str, given: str) -> bool:
    """Compared in a time that tells nothing of the secret."""
    return hmac.compare_digest(secret.encode(), given.encode())


def _remove(file: Path | None) -> None:
    if file is not None:
        file.unlink(missing_ok=True)
