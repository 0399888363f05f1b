"""An HTTP proxy on loopback: CONNECT and whole URLs, with a password where one is set."""

from __future__ import annotations

import contextlib
import select
import socket
import threading
from http.client import HTTPConnection
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import urlsplit


class ProxyServer(ThreadingHTTPServer):
    """``asked`` has the request lines; ``authorization`` is what it wants to be shown; ``refuses`` answers every CONNECT so."""

    daemon_threads = True

    def __init__(self, *, authorization: str = "", refuses: int = 0) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.authorization, self.refuses = authorization, refuses
        self.asked: list[str] = []

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"

    def __enter__(self) -> ProxyServer:
        threading.Thread(target=self.serve_forever, args=(0.02,), daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self.shutdown()
        self.server_close()

    def handle_error(self, request: object, client_address: object) -> None:
        """Clients that hang up are none."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: ProxyServer

    def log_message(self, *_: object) -> None:
        pass

    def _is_admitted(self) -> bool:
        self.server.asked.append(self.requestline)
        status = self.server.refuses
        if self.headers.get("Proxy-Authorization", "") != self.server.authorization:
            status = 407
        if status:
            self.send_response(status)
            self.send_header("Content-Length", "0")
            self.end_headers()
            self.close_connection = True
        return not status

    def do_CONNECT(self) -> None:
        if not self._is_admitted():
            return
        host, _, port = self.path.rpartition(":")
        with socket.create_connection((host, int(port)), 10) as upstream:
            self.send_response(200, "Connection established")
            self.end_headers()
            with contextlib.suppress(OSError):
                self._pass_on(upstream)
        self.close_connection = True

    def _pass_on(self, upstream: socket.socket) -> None:
        ends = {upstream: self.connection, self.connection: upstream}
        while True:
            for end in select.select(list(ends), [], [], 10)[0]:
                data = end.recv(65536)
                if not data:
                    return
                ends[end].sendall(data)

    def do_GET(self) -> None:
        if not self._is_admitted():
            return
        url = urlsplit(self.path)
        connection = HTTPConnection(url.hostname or "", url.port, timeout=10)
        passed_on = {name: value for name, value in self.headers.items() if not name.lower().startswith("proxy-")}
        connection.request(self.command, f"{url.path}?{url.query}", headers=passed_on)
        answer = connection.getresponse()
        body = answer.read()
        connection.close()
        self.send_response(answer.status)
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Content-Type", answer.headers["Content-Type"])
        self.end_headers()
        self.wfile.write(body)
