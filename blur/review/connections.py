"""Connections of the review page that have not shown the session's cookie yet: few, and briefly.

Whoever can reach loopback can open connections and say nothing. A limit on all of them together
would let strangers use it up; this one is on strangers alone, and the newest takes the oldest's
place.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

from starlette.types import Scope
from uvicorn.protocols.http.h11_impl import H11Protocol

_PATIENCE = 10.0
"""Seconds that a stranger's connection lives; fewer cut off browsers on a busy machine."""
_STRANGERS = 64
"""Connections of strangers at a time, well below the files that a process may open."""


def bounded(known: Callable[[Scope], bool]) -> type[H11Protocol]:
    """HTTP/1.1 for uvicorn; `known` tells whether a request shows the session's cookie."""
    strangers: dict[H11Protocol, asyncio.TimerHandle] = {}

    def forget(connection: H11Protocol) -> None:
        if (timer := strangers.pop(connection, None)) is not None:
            timer.cancel()

    def dismiss(connection: H11Protocol) -> None:
        forget(connection)
        connection.transport.abort()

    class Bounded(H11Protocol):
        def connection_made(self, transport: Any) -> None:
            super().connection_made(transport)
            while len(strangers) >= _STRANGERS:
                dismiss(next(iter(strangers)))
            strangers[self] = self.loop.call_later(_PATIENCE, dismiss, self)

        def data_received(self, data: bytes) -> None:
            super().data_received(data)
            if self in strangers and self.scope is not None and known(dict(self.scope)):
                forget(self)

        def connection_lost(self, exc: Exception | None) -> None:
            forget(self)
            super().connection_lost(exc)

    return Bounded
