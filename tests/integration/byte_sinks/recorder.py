"""An HTTP server that writes down what it is asked and answers what it is told: for what Swift does not know."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import NamedTuple


class Asked(NamedTuple):
    """One request; header names in lower case."""

    method: str
    path: str
    headers: Mapping[str, str]
    body: bytes


class Answer(NamedTuple):
    """What is answered."""

    status: int = 200
    body: str = ""
    headers: Mapping[str, str] = {"ETag": '"0"'}


class Recorder:
    """Its answers in order, the last one again and again."""

    def __init__(self, port: int) -> None:
        self.url = f"http://127.0.0.1:{port}"
        self.asked: list[Asked] = []
        self.answers: list[Answer] = [Answer()]

    def take(self, asked: Asked) -> Answer:
        """Write it down."""
        self.asked.append(asked)
        return self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]


@contextmanager
def recorder() -> Iterator[Recorder]:
    """One that runs in a thread."""
    handler = type("Handler", (_Handler,), {})
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        handler.recorder = Recorder(server.server_port)  # type: ignore[attr-defined]
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        try:
            yield handler.recorder  # type: ignore[attr-defined]
        finally:
            server.shutdown()
            thread.join()


class _Handler(BaseHTTPRequestHandler):
    recorder: Recorder

    def do_GET(self) -> None:
        """Any method."""
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        headers = {name.lower(): value for name, value in self.headers.items()}
        answer = self.recorder.take(Asked(self.command, self.path, headers, body))
        self.send_response(answer.status)
        for name, value in answer.headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(answer.body)))
        self.end_headers()
        self.wfile.write(answer.body.encode())

    do_PUT = do_POST = do_HEAD = do_DELETE = do_GET  # noqa: N815 - the names that http.server asks for

    def log_message(self, format: str, *args: object) -> None:
        """Nothing."""
