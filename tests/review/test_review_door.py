"""Who gets to the page, in a real browser: the holder of a ticket, once, and no other page."""

from __future__ import annotations

import contextlib
import socket
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

from made_output import Served, serving

from blur.review.door import Door


def test_the_page_needs_its_ticket_and_takes_it_once(browser, served: Served) -> None:
    context = browser.new_context()
    page = context.new_page()
    for address in (served.root, f"{served.root}?token=x"):
        assert page.goto(address).status == 403
    assert page.goto(served.address).status == 200
    page.wait_for_selector("#stage")
    assert "token" not in page.url
    assert page.reload().status == 200
    other = browser.new_context()
    for address in (served.address, page.url):
        assert other.new_page().goto(address).status == 403
    other.close()
    context.close()


def test_a_redirect_file_opens_the_page(browser, shared_out: Path, tmp_path: Path) -> None:
    door = Door()
    file = door.redirect_file([tmp_path])
    with serving(shared_out, door):
        context = browser.new_context()
        page = context.new_page()
        page.goto(file.as_uri())
        page.wait_for_selector("#stage[data-shown]")
        assert not file.exists()
        context.close()


def test_a_port_is_free_at_once_after_a_connection_was_left() -> None:
    door = Door()
    client = socket.create_connection(("127.0.0.1", door.port))
    served, _ = door.socket.accept()
    served.close()  # first, as a server does that ends: its side keeps the port in TIME_WAIT
    client.close()
    door.close()
    Door(door.port).close()


def test_no_other_port_receives_the_cookie(browser, served: Served) -> None:
    heard = []

    class Listener(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            heard.append(self.headers.get("Cookie"))
            self.send_response(200)
            self.end_headers()

        def log_message(self, *what: object) -> None: ...

    with HTTPServer(("127.0.0.1", 0), Listener) as listener:
        threading.Thread(target=listener.serve_forever, daemon=True).start()
        page = browser.new_context().new_page()
        page.goto(served.address)
        page.wait_for_selector("#stage")
        page.goto(f"http://127.0.0.1:{listener.server_port}/")
        page.goto(f"http://localhost:{listener.server_port}/api/clips")
        page.context.close()
        listener.shutdown()
    assert heard and set(heard) == {None}


def test_other_pages_reach_nothing(browser, served: Served) -> None:
    """Even one that the person looks at in the same browser, with the cookie set."""
    context = browser.new_context()
    page = context.new_page()
    page.goto(served.address)
    page.wait_for_selector("#stage")
    key = page.evaluate("fetch('api/clips').then((r) => r.json()).then((l) => l.clips[0].key)")
    stranger = context.new_page()
    stranger.route("http://localhost:9/", lambda route: route.fulfill(body="<p>hello</p>"))
    stranger.goto("http://localhost:9/")
    own = page.url.partition("#")[0].rstrip("/")
    got = stranger.evaluate(
        """async ([own, key]) => {
          const tried = [];
          for (const mode of ["cors", "no-cors"]) {
            const undo = `/api/clips/${key}/undo`;
            for (const [path, method] of [["/api/clips", "GET"], [undo, "POST"]]) {
              try {
                const r = await fetch(own + path, { method, mode, credentials: "include" });
                tried.push(r.type === "opaque" ? "opaque" : r.status);
              } catch { tried.push("refused"); }
            }
          }
          const image = new Image();
          tried.push(await new Promise((done) => {
            image.onload = () => done("image shown");
            image.onerror = () => done("refused");
            image.src = `${own}/api/clips/${key}/frames/0.jpg`;
          }));
          return tried;
        }""",
        [own, key],
    )
    assert got[-1] == "refused"
    assert set(got) <= {"refused", "opaque"}
    context.close()


def test_small_answers_are_sent_at_once() -> None:
    """Asyncio turns Nagle's algorithm off for the connections of such a socket alone."""
    with contextlib.closing(Door(0)) as door:
        assert door.socket.proto == socket.IPPROTO_TCP
