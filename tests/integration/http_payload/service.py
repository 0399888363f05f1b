"""A server on loopback that behaves as badly as the internet does; each path is one kind of behaviour."""

from __future__ import annotations

import contextlib
import gzip
import json
import socket
import ssl
import struct
import threading
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit


@dataclass
class Seen:
    """One request as it arrived."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes


@dataclass
class Service:
    """A running server: its address, what it saw, and what of that it answered with success (``taken``).

    ``behaviour`` is the path by which ``/sink`` behaves.
    """

    host: str = "127.0.0.1"
    tls: ssl.SSLContext | None = None
    port: int = 0
    connections: int = 0
    fixed: tuple[bytes, str] = (b"", "text/plain")
    hang_up_once: bool = False
    raw: bytes = b""
    raw_ends_connection: bool = False
    revoked: set[str] = field(default_factory=set)
    tokens: int = 0
    answers: list[tuple[int, dict[str, str], bytes]] = field(default_factory=list)
    seen: list[Seen] = field(default_factory=list)
    taken: list[Seen] = field(default_factory=list)
    behaviour: str = "/ok"
    arrived: threading.Event = field(default_factory=threading.Event)
    ending: threading.Event = field(default_factory=threading.Event)
    release: threading.Event = field(default_factory=threading.Event)

    def __enter__(self) -> Service:
        self._server = _Server((self.host, 0), _Handler)
        self._server.service = self
        self.port = self._server.server_address[1]
        if self.tls:
            self._server.socket = self.tls.wrap_socket(
                self._server.socket, server_side=True, do_handshake_on_connect=False
            )
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.ending.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def url(self, path: str = "/", *, host: str = "") -> str:
        return f"{'https' if self.tls else 'http'}://{host or self.host}:{self.port}{path}"


class _Server(ThreadingHTTPServer):
    daemon_threads = False
    block_on_close = True
    request_queue_size = 128
    service: Service

    def handle_error(self, request: object, client_address: object) -> None:
        """Clients that hang up are the point of these tests."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: _Server
    seen: Seen
    timeout = 10
    disable_nagle_algorithm = True

    def log_message(self, *_: object) -> None:
        pass

    def setup(self) -> None:
        super().setup()
        self.server.service.connections += 1
        # The end of a test must not wait for an idle connection to be closed by its client.
        threading.Thread(target=self._hang_up_at_the_end, daemon=True).start()

    def _hang_up_at_the_end(self) -> None:
        self.server.service.ending.wait()
        with contextlib.suppress(OSError):
            self.connection.shutdown(socket.SHUT_RDWR)

    def _any(self) -> None:
        if self.path == "/too_large":
            self.answer(413, b"at most 1 MB, please")
            self.close_connection = True
            return
        length = int(self.headers.get("Content-Length") or 0)
        body = self.rfile.read(length)
        self.seen = Seen(self.command, self.path, dict(self.headers), body)
        self.server.service.seen.append(self.seen)
        self.server.service.arrived.set()
        if self.server.service.hang_up_once:
            self.server.service.hang_up_once = False
            self.close_connection = True
            return
        self.behave(self.path)

    def behave(self, path: str) -> None:
        url = urlsplit(path)
        behaviour = getattr(self, "on_" + (url.path.strip("/").split("/")[0] or "ok"))
        behaviour({name: values[0] for name, values in parse_qs(url.query).items()})

    def on_sink(self, query: dict[str, str]) -> None:
        """Behave as the test says at present."""
        self.behave(self.server.service.behaviour)

    def answer(self, status: int, body: bytes = b"", content_type: str = "text/plain", **headers: str) -> None:
        if 200 <= status < 300 and self.command != "HEAD":
            self.server.service.taken.append(self.seen)
        self.send_response(status)
        if status not in (204, 304):
            self.send_header("Content-Length", str(len(body)))
            self.send_header("Content-Type", content_type)
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()
        if self.command != "HEAD" and status not in (204, 304):
            self.wfile.write(body)

    def on_ok(self, query: dict[str, str]) -> None:
        self.answer(200, b'{"ok": true}', "application/json", Set_Cookie="session=1", ETag='"7"', X_Other="x")

    def on_status(self, query: dict[str, str]) -> None:
        extra = {"Retry_After": query["after"]} if "after" in query else {}
        self.answer(int(query["code"]), query.get("body", "why").encode(), **extra)

    def on_post_only(self, query: dict[str, str]) -> None:
        """As frameworks answer that know an address by its method."""
        match self.command:
            case "OPTIONS":
                self.answer(200, b"POST", Allow="POST")
            case "POST":
                self.answer(200)
            case _:
                self.answer(404)

    def on_echo(self, query: dict[str, str]) -> None:
        text = {"path": self.seen.path, "headers": self.seen.headers, "body": self.seen.body.decode()}
        self.answer(int(query.get("code", 200)), json.dumps(text).encode(), query.get("type", "application/json"))

    def on_fixed(self, query: dict[str, str]) -> None:
        self.answer(int(query.get("code", 200)), *self.server.service.fixed)

    def on_large(self, query: dict[str, str]) -> None:
        self.answer(200, b"x" * int(query["size"]))

    def on_chunked(self, query: dict[str, str]) -> None:
        self.send_response(200)
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        self.wfile.write(b"5\r\nhello\r\n6\r\n world\r\n0\r\n\r\n")

    def on_gzip(self, query: dict[str, str]) -> None:
        self.answer(200, gzip.compress(b"0" * int(query["size"])), Content_Encoding="gzip")

    def on_not_gzip(self, query: dict[str, str]) -> None:
        self.answer(200, b"this is not compressed", Content_Encoding="gzip")

    def on_silent(self, query: dict[str, str]) -> None:
        self.server.service.ending.wait(10)

    def on_held(self, query: dict[str, str]) -> None:
        """Answer once the test says so."""
        self.server.service.release.wait(60)
        self.answer(200, b"at last")

    def on_drip_header(self, query: dict[str, str]) -> None:
        self._drip(b"HTTP/1.1 200 OK\r\nX-Slow: " + b"x" * 1000)

    def on_drip_body(self, query: dict[str, str]) -> None:
        self.send_response(200)
        self.send_header("Content-Length", "1000")
        self.end_headers()
        self._drip(b"x" * 1000)

    def _drip(self, data: bytes) -> None:
        for byte in data:
            if self.server.service.ending.wait(0.05):
                return
            self.wfile.write(bytes([byte]))

    def on_endless(self, query: dict[str, str]) -> None:
        """Say yes, and never stop talking."""
        self.send_response(200)
        self.send_header("Content-Length", str(10**15))
        self.end_headers()
        self.close_connection = True
        with contextlib.suppress(OSError):
            while not self.server.service.ending.is_set():
                self.wfile.write(b"x" * 65_536)

    def on_short(self, query: dict[str, str]) -> None:
        self.send_response(200)
        self.send_header("Content-Length", "1000")
        self.end_headers()
        self.wfile.write(b"only this")
        self.close_connection = True

    def on_reset(self, query: dict[str, str]) -> None:
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.connection.close()
        self.close_connection = True

    def on_hang_up(self, query: dict[str, str]) -> None:
        self.close_connection = True

    def on_close(self, query: dict[str, str]) -> None:
        """Answer, and close without having said so: what a server does with an idle connection."""
        self.answer(200, b"bye")
        self.close_connection = True

    def on_last(self, query: dict[str, str]) -> None:
        """Announce that the connection ends with this answer, as HTTP/1.0 does always."""
        self.answer(200, b"x" * 1_000_000, Connection="close")

    def on_raw(self, query: dict[str, str]) -> None:
        """Write what the test says, byte for byte."""
        self.wfile.write(self.server.service.raw)
        self.close_connection = self.server.service.raw_ends_connection

    def on_reset_in_body(self, query: dict[str, str]) -> None:
        self.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\nonly this")
        # Only once the client has that much does the reset come after it and not instead of it.
        self.server.service.ending.wait(0.2)
        self.on_reset(query)

    def on_garbage(self, query: dict[str, str]) -> None:
        self.wfile.write(b"\x00\x01 this is no HTTP\r\n\r\n")
        self.close_connection = True

    def on_many_headers(self, query: dict[str, str]) -> None:
        self.send_response(200)
        for number in range(500):
            self.send_header(f"X-{number}", "x")
        self.end_headers()
        self.close_connection = True

    def on_redirect(self, query: dict[str, str]) -> None:
        self.answer(int(query.get("code", 302)), Location=query["to"])

    def on_redirect_back(self, query: dict[str, str]) -> None:
        """Lead to where the credentials stand that the request bore, over and over."""
        told = [self.seen.headers.get(name, "") for name in ("Authorization", "X-Key", "X-Token")]
        told = [*told, self.seen.path.rpartition("key=")[2]] * 50
        self.answer(302, Location="/" + " ".join(told))

    def on_next(self, query: dict[str, str]) -> None:
        """The next of the test's answers: status, headers, body."""
        status, headers, body = self.server.service.answers.pop(0)
        self.answer(status, body, "application/json", **headers)

    def on_token(self, query: dict[str, str]) -> None:
        """A token server; each token is another."""
        service = self.server.service
        service.tokens += 1
        answer = {"access_token": f"access-token-{service.tokens}", "token_type": "Bearer", "expires_in": 3600}
        self.answer(200, json.dumps(answer).encode(), "application/json")

    def on_guarded(self, query: dict[str, str]) -> None:
        """Let in who shows a token that is not revoked."""
        token = self.headers.get("Authorization", "").removeprefix("Bearer ")
        self.answer(401 if token in self.server.service.revoked else 200, b"{}", "application/json")

    def on_loop(self, query: dict[str, str]) -> None:
        self.answer(302, Location="/loop")


for _method in ("GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS"):
    setattr(_Handler, f"do_{_method}", _Handler._any)
