from __future__ import annotations

import asyncio
import contextlib
import copy
import http.client
import importlib.resources
import json
import logging
import os
import re
import signal
import socket
import stat
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from http.cookies import SimpleCookie
from pathlib import Path

import pytest
import uvicorn
from made_output import Served, review, serving
from starlette.types import Receive, Scope, Send

from blur.review.door import Door
from blur.review.server import Desk, guarded
from blur.store.shelf import Shelf

ROUTES = ["/", "/web/app.js", "/api/clips", "/api/clips/x", "/api/clips/x/frames/0.jpg"]


class Client:
    """Speaks HTTP with the server, with any headers; by default as its own page would."""

    def __init__(self, port: int) -> None:
        self.host = f"127.0.0.1:{port}"
        self.port = port
        self.base = ""
        self.own = {
            "Host": self.host,
            "Origin": f"http://{self.host}",
            "Sec-Fetch-Site": "same-origin",
        }

    def enter(self, token: str) -> Client:
        """Spend the ticket, as a browser does that comes from the redirect file."""
        status, page = self.ask("GET", f"/?token={token}", Origin=None, Sec_Fetch_Site="cross-site")
        assert status == 200 and token.encode() not in page
        cookie = SimpleCookie(self.headers["Set-Cookie"])[f"blur-{self.port}"]
        assert cookie["httponly"] and cookie["samesite"] == "strict"
        assert len(cookie["path"]) > 30 and cookie["path"].encode() in page
        self.base = cookie["path"].rstrip("/")
        self.own["Cookie"] = f"blur-{self.port}={cookie.value}"
        return self

    def ask(self, method: str, path: str, body: object = None, **changed: str | None):
        headers = {**self.own, **{k.replace("_", "-"): v for k, v in changed.items()}}
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=120)
        connection.putrequest(method, self.base + path, skip_host=True, skip_accept_encoding=True)
        coded = b"" if body is None else json.dumps(body).encode()
        for name, value in {**headers, "Content-Length": str(len(coded))}.items():
            if value is not None:
                connection.putheader(name, value)
        connection.endheaders(coded)
        answer = connection.getresponse()
        self.headers = answer.headers
        content = answer.read()
        connection.close()
        kind = answer.headers.get("Content-Type", "")
        return answer.status, json.loads(content) if "json" in kind else content


@pytest.fixture(scope="module")
def served(shared_out: Path) -> Iterator[Served]:
    with review(shared_out) as running:
        yield running


@pytest.fixture(scope="module")
def client(served: Served) -> Client:
    return Client(served.port).enter(served.token)


def test_a_ticket_admits_once(client: Client, served: Served) -> None:
    again = Client(served.port)
    assert again.ask("GET", f"/?token={served.token}", Origin=None)[0] == 403
    assert "Set-Cookie" not in again.headers
    status, page = client.ask("GET", "/", Origin=None)
    assert status == 200 and b"<title>blur review" in page


def test_answers_that_ctrl_c_cuts_off_are_no_errors(capfd: pytest.CaptureFixture[str]) -> None:
    async def slow(scope: Scope, receive: Receive, send: Send) -> None:
        await asyncio.sleep(60)

    door = Door()
    made = guarded(slow, door)
    made.timeout_graceful_shutdown = 0
    server = uvicorn.Server(made)
    running = threading.Thread(target=server.run, args=([door.socket],))
    running.start()
    client = Client(door.port).enter(door.address.partition("=")[2])

    def ask() -> None:
        with contextlib.suppress(OSError, http.client.HTTPException):
            client.ask("GET", "/")

    asking = threading.Thread(target=ask)
    asking.start()
    while not server.server_state.tasks:
        time.sleep(0.01)
    server.should_exit = True
    for thread in (running, asking):
        thread.join()
    door.close()
    assert capfd.readouterr().err == ""


def test_serving_closes_no_log_handler_of_the_process() -> None:
    closed = []
    handler = logging.Handler()
    handler.close = lambda: closed.append(handler)  # type: ignore[method-assign]
    door = Door()
    guarded(lambda *_: asyncio.sleep(0), door)
    door.close()
    assert not closed


def test_a_redirect_file_is_private_and_goes_when_it_is_used(
    shared_out: Path, tmp_path: Path
) -> None:
    door = Door()
    file = door.redirect_file([tmp_path / "absent"])
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    ticket = re.search(r"token=([\w-]+)", file.read_text())[1]
    assert ticket not in door.address and ticket not in str(file)
    unused = door.redirect_file([tmp_path])
    with serving(shared_out, door):
        client = Client(door.port)
        for header in ("Sec-Purpose", "Purpose"):
            assert client.ask("GET", f"/?token={ticket}", **{header: "prefetch"})[0] == 403
        assert file.exists()
        client.enter(ticket)
        assert not file.exists()
        Client(door.port).enter(door.address.partition("=")[2])
        assert unused.exists()
    assert not unused.exists()


def test_the_browser_is_given_no_secret(out: Path, tmp_path: Path) -> None:
    """Nothing but the name of a private file, which is gone after the review."""
    browser = tmp_path / "browser"
    browser.write_text(f'#!/bin/sh\necho "$@" > {tmp_path}/arguments\n')
    browser.chmod(0o700)
    command = [sys.executable, "-m", "blur", "review", str(out), "--browser"]
    environment = os.environ | {"BROWSER": f"{browser} %s"}
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment) as process:
        said = process.stdout.readline()
        port, ticket = re.search(r":(\d+)/\?token=(\S+)", said).groups()
        until = time.monotonic() + 60
        while not (given := _text(tmp_path / "arguments")):
            assert time.monotonic() < until
            time.sleep(0.05)
        assert given.startswith("file://") and ticket not in given and "token" not in given
        assert Client(int(port)).ask("GET", "/")[0] == 403  # it serves, so it hears Ctrl-C
        process.send_signal(signal.SIGINT)
        process.wait(60)
    assert not Path(given.strip().removeprefix("file://")).exists()


def _text(path: Path) -> str:
    return path.read_text() if path.exists() else ""


@pytest.mark.slow
def test_silent_strangers_are_few_and_brief(client: Client) -> None:
    began = time.monotonic()
    strangers = [socket.create_connection(("127.0.0.1", client.port)) for _ in range(300)]
    for number, stranger in enumerate(strangers):
        with contextlib.suppress(OSError):  # it is gone already
            stranger.sendall(
                [b"", b"GET / HT", b"POST / HTTP/1.1\r\nContent-Length: 9\r\n"][number % 3]
            )
    assert client.ask("GET", "/api/clips")[0] == 200
    assert time.monotonic() - began < 8, "before the first of them was tired of"
    assert sum(map(_is_open, strangers)) <= 64
    until = time.monotonic() + 30
    while any(map(_is_open, strangers)):
        assert time.monotonic() < until
        time.sleep(0.2)
    for stranger in strangers:
        stranger.close()


def _is_open(connection: socket.socket) -> bool:
    connection.setblocking(False)
    try:
        return connection.recv(1) != b""
    except BlockingIOError:
        return True
    except OSError:
        return False


@pytest.mark.parametrize("path", ROUTES)
@pytest.mark.parametrize(
    "stranger",
    [
        {"Cookie": None},
        {"Cookie": "blur=x"},
        {"Cookie": "blur-{port}=wrong"},
        {"Cookie": "\x7f;=;;"},
        {"Cookie": "blur-{port}"},
        {"path": "/guessed"},
        {"path": ""},
        {"Host": "evil.example"},
        {"Host": "evil.example:{port}"},
        {"Host": "127.0.0.1"},
        {"Host": None},
        {"Origin": "http://evil.example"},
        {"Origin": "null"},
        {"Origin": "http://127.0.0.1:1"},
        {"Sec_Fetch_Site": "cross-site"},
        {"Sec_Fetch_Site": "same-site"},
    ],
    ids=str,
)
def test_strangers_are_refused(client: Client, path: str, stranger: dict) -> None:
    changed = {k: v and v.replace("{port}", str(client.port)) for k, v in stranger.items()}
    elsewhere = copy.copy(client)
    elsewhere.base = changed.pop("path", client.base)
    status, answer = elsewhere.ask("GET", path, **changed)
    assert status in (400, 403)
    assert b"blur" not in answer or b"blur review" in answer  # no clip's name, no file


def test_a_wrong_token_opens_nothing(client: Client, served: Served) -> None:
    assert Client(served.port).ask("GET", "/?token=wrong")[0] == 403
    assert client.ask("GET", "/api/clips?token=wrong", Cookie=None)[0] == 403


def test_a_cookie_that_another_port_plants_locks_nobody_out(client: Client) -> None:
    own, planted = client.own["Cookie"], f"blur-{client.port}=planted"
    for cookies in (f"{own}; {planted}", f"{planted}; {own}"):
        assert client.ask("GET", "/api/clips", Cookie=cookies)[0] == 200


def test_changes_need_the_pages_own_origin(client: Client) -> None:
    for changed in ({"Origin": None}, {"Origin": "http://evil.example"}):
        assert client.ask("POST", "/api/render", {"clips": []}, **changed)[0] == 403
    assert client.ask("POST", "/api/render", {"clips": []})[0] == 200
    assert client.ask("GET", "/api/render")[0] == 405


@pytest.mark.parametrize("path", [*ROUTES, "/nothing"])
def test_nothing_is_kept_and_nothing_is_loaded_from_elsewhere(client: Client, path: str) -> None:
    client.ask("GET", path)
    assert client.headers["Cache-Control"] == "no-store"
    policy = client.headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy and "unsafe" not in policy and "http" not in policy
    assert client.headers["Referrer-Policy"] == "no-referrer"
    assert "Server" not in client.headers


@pytest.mark.parametrize("name", ["../commands.py", "..%2fcommands.py", "%2e%2e/guard.py", "x.css"])
def test_only_the_pages_own_files_are_served(client: Client, name: str) -> None:
    status, answer = client.ask("GET", f"/web/{name}")
    assert status == 404
    assert b"import" not in answer


def test_it_listens_on_this_machine_only(client: Client) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(("192.0.2.1", 9))
        except OSError:
            pytest.skip("this machine has no other address")
        address = probe.getsockname()[0]
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection((address, client.port), timeout=2)


def test_a_clip_its_frames_faces_marks_and_video(client: Client, shared_out: Path) -> None:
    _, told = client.ask("GET", "/api/clips")
    assert [c["name"] for c in told["clips"]] == ["a.mp4", "day 1/b ü.mp4", "day 1/c.mp4"]
    assert str(shared_out.parent) not in json.dumps(told)
    key = told["clips"][0]["key"]
    status, clip = client.ask("GET", f"/api/clips/{key}")
    assert (status, clip["frames"], len(clip["lanes"])) == (200, 90, 3)
    status, jpeg = client.ask("GET", f"/api/clips/{key}/frames/89.jpg?size=320")
    assert status == 200 and jpeg[:2] == b"\xff\xd8"
    frame, box = clip["lanes"][2]["best"]
    place = ",".join(map(str, box))
    status, jpeg = client.ask("GET", f"/api/clips/{key}/faces/{frame}.jpg?box={place}")
    assert status == 200 and jpeg[:2] == b"\xff\xd8"
    status, marks = client.ask("GET", f"/api/clips/{key}/marks?start=10&end=12")
    assert [[m["lane"] for m in frame] for frame in marks] == [[0, 1], [0, 1]]
    status, part = client.ask("GET", f"/api/clips/{key}/video.mp4", Range="bytes=4-7")
    assert (status, part) == (206, b"ftyp")


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/api/clips/none", 409),
        ("/api/clips/{key}/frames/90.jpg", 404),
        ("/api/clips/{key}/frames/-1.jpg", 404),
        ("/api/clips/{key}/faces/90.jpg?box=9,9,9,9,0", 404),
        ("/api/clips/{key}/faces/0.jpg?box=9,9,-1,9,0", 409),
        ("/api/clips/{key}/faces/0.jpg?box=9,nan,9,9,0", 409),
        ("/api/clips/{key}/faces/0.jpg", 409),
    ],
)
def test_what_is_not_there_is_said_so(client: Client, path: str, status: int) -> None:
    key = client.ask("GET", "/api/clips")[1]["clips"][0]["key"]
    assert client.ask("GET", path.format(key=key))[0] == status


@pytest.mark.parametrize("what", ["frames/0.jpg", "marks", "video.mp4"])
def test_nothing_is_sent_in_the_name_of_another_version(client: Client, what: str) -> None:
    key = client.ask("GET", "/api/clips")[1]["clips"][0]["key"]
    version = client.ask("GET", f"/api/clips/{key}")[1]["version"]
    assert client.ask("GET", f"/api/clips/{key}/{what}?v={version}")[0] == 200
    assert client.ask("GET", f"/api/clips/{key}/{what}?v=another") == (204, b"")


def test_a_clip_that_is_worked_on_is_opened_once(shared_out: Path) -> None:
    """However many others are looked at meanwhile: two would write over each other's edits."""
    desk = Desk(Shelf(shared_out))
    keys = [row.key for row in desk.shelf.rows()]
    worked_on = desk.clip(keys[0])
    assert desk.clip(keys[1]) is not desk.clip(keys[2])
    assert desk.clip(keys[0]) is worked_on


@pytest.mark.parametrize("body", [{}, {"revision": "x", "act": {"do": "explode"}}, [1], "x"])
def test_nonsense_is_refused_and_explained(client: Client, body: object) -> None:
    key = client.ask("GET", "/api/clips")[1]["clips"][0]["key"]
    status, told = client.ask("POST", f"/api/clips/{key}/act", body)
    assert status == 409 and told["problem"]


def test_looking_leaves_no_trace_on_the_disk(client: Client, shared_out: Path) -> None:
    def files() -> dict[str, int]:
        return {str(p): p.stat().st_mtime_ns for p in shared_out.parent.rglob("*") if p.is_file()}

    before = files()
    test_a_clip_its_frames_faces_marks_and_video(client, shared_out)
    # SQLite makes its side files when somebody reads; they hold the ledger and no picture.
    assert {k: v for k, v in files().items() if ".sqlite-" not in k} == {
        k: v for k, v in before.items() if ".sqlite-" not in k
    }


def test_every_module_is_asked_for_at_once() -> None:
    """Else each waits for the one that imports it."""
    web = importlib.resources.files("blur.review") / "web"
    asked = re.findall(r'href="web/(\w+\.js)"', (web / "index.html").read_text())
    there = {file.name for file in web.iterdir() if file.name.endswith(".js")}
    assert sorted(asked) == sorted(there - {"app.js", "arabic.js"})
