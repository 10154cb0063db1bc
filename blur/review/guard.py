"""Keeps other pages and other users of this machine out of the review page.

Loopback alone does not: pages in the browser can send requests to it (a name that resolves to
127.0.0.1, a form, an image tag), and other users can connect and listen on ports of their own.
Hence tickets, a secret cookie under a secret path, a checked Host, and requests from the page
itself only.
"""

from __future__ import annotations

from urllib.parse import parse_qs

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import HTMLResponse, PlainTextResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from blur.review.door import Door, equal

_POLICY = "; ".join(
    [
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self' blob:",
        "media-src 'self'",
        "connect-src 'self'",
        "base-uri 'none'",
        "form-action 'none'",
        "frame-ancestors 'none'",
        "require-trusted-types-for 'script'",
    ]
)

HEADERS = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": _POLICY,
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}


class Guard:
    """ASGI middleware: refuses strangers, and forbids browsers to store any answer."""

    def __init__(self, app: ASGIApp, door: Door) -> None:
        self._app = app
        self._door = door
        self._hosts = {f"{name}:{door.port}" for name in ("127.0.0.1", "localhost")}
        self._cookie = f"blur-{door.port}"

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def marked(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message).update(HEADERS)
            await send(message)

        if scope["type"] == "http":
            answer = self._answer(scope) or self._app
            await answer({**scope, "root_path": self._door.path}, receive, marked)
        elif scope["type"] == "lifespan":
            await self._app(scope, receive, send)

    def knows(self, scope: Scope) -> bool:
        """Whether a request is for the session's path and shows its cookie."""
        there = scope["path"].startswith(f"{self._door.path}/")
        pairs = [pair.strip().partition("=") for pair in _cookies(scope).split(";")]
        # Another port may have planted a cookie of this name for all paths, beside ours.
        shown = [value for name, _, value in pairs if name == self._cookie]
        return there and any(equal(self._door.secret, value) for value in shown)

    def _answer(self, scope: Scope) -> Response | None:
        """A refusal, or the answer to a ticket; None for requests of the session."""
        headers = Headers(scope=scope)
        host = headers.get("host", "")
        if host not in self._hosts:
            return PlainTextResponse("This page answers under 127.0.0.1 only.", 403)
        if self._has_ticket(scope, headers):
            return self._welcome()
        if headers.get("origin", f"http://{host}") != f"http://{host}":
            return PlainTextResponse("Requests from other pages are refused.", 403)
        if headers.get("sec-fetch-site", "none") not in ("none", "same-origin"):
            return PlainTextResponse("Requests from other pages are refused.", 403)
        if scope["method"] not in ("GET", "HEAD") and "origin" not in headers:
            return PlainTextResponse("Changes are made from the page only.", 403)
        if not self.knows(scope):
            return PlainTextResponse(
                "Open the address that the terminal shows; it opens the page once. If it was used,"
                " end the program and start it again.",
                403,
            )
        return None

    def _has_ticket(self, scope: Scope, headers: Headers) -> bool:
        """Spends the ticket. The redirect file counts as another page, so its site is not asked."""
        given = parse_qs(scope["query_string"].decode("latin-1")).get("token")
        ahead = "sec-purpose" in headers or "purpose" in headers  # fetched before it is wanted
        if not given or ahead or scope["method"] != "GET" or scope["path"] != "/":
            return False
        return self._door.admit(given[0])

    def _welcome(self) -> Response:
        """Set the cookie and go on from a page of our own, so that the browser sends it along."""
        path = f"{self._door.path}/"
        answer = HTMLResponse(
            f'<!doctype html><link rel="icon" href="{path}web/icon.svg">'
            f'<meta http-equiv="refresh" content="0; url={path}">'
        )
        answer.set_cookie(
            self._cookie, self._door.secret, path=path, httponly=True, samesite="strict"
        )
        return answer


def _cookies(scope: Scope) -> str:
    return "; ".join(Headers(scope=scope).getlist("cookie"))
