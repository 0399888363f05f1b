"""A web server that answers as it is told, in order: for what the real one does seldom, or not yet."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from commandline.access import Access


@dataclass(frozen=True)
class Answer:
    """What is said to one request. ``told_bytes``: what Content-Length says, if not the truth."""

    status: int = 200
    body: object = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)
    told_bytes: int | None = None

    @property
    def content(self) -> bytes:
        """The body: bytes as they are, anything else as JSON."""
        return self.body if isinstance(self.body, bytes) else json.dumps(self.body).encode()


@dataclass(frozen=True)
class Asked:
    """A request that came."""

    method: str
    path: str
    headers: Mapping[str, str]
    body: bytes


DROPPED = Answer(status=0)
"""The connection is closed without an answer."""


class ScriptedServer:
    """Gives its answers one after the other, the last one again and again."""

    def __init__(self, answers: Sequence[Answer]) -> None:
        self.answers = list(answers)
        self.asked: list[Asked] = []
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self.url = f"http://127.0.0.1:{self._server.server_port}"

    @property
    def access(self) -> Access:
        """Whom to call."""
        return Access(self.url, "demo", "jobs_a-token")

    def serve(self) -> None:
        """Until `shutdown`."""
        self._server.serve_forever(poll_interval=0.02)

    def shutdown(self) -> None:
        """Stop."""
        self._server.shutdown()
        self._server.server_close()

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        script = self

        class Handler(BaseHTTPRequestHandler):
            def log_message(self, format: str, *args: object) -> None:
                """Nothing."""

            def do_GET(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
                script.asked.append(Asked(self.command, self.path, dict(self.headers), body))
                answer = script.answers.pop(0) if len(script.answers) > 1 else script.answers[0]
                if answer is not DROPPED:
                    self._say(answer)

            do_POST = do_GET  # noqa: N815  http.server asks for these names.

            def _say(self, answer: Answer) -> None:
                length = len(answer.content) if answer.told_bytes is None else answer.told_bytes
                self.send_response(answer.status)
                for name, value in {"Content-Type": "application/json", **answer.headers}.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", str(length))
                self.end_headers()
                self.wfile.write(answer.content)

        return Handler


@contextmanager
def scripted(*answers: Answer) -> Iterator[ScriptedServer]:
    """A server for the length of a ``with`` block."""
    server = ScriptedServer(answers)
    thread = threading.Thread(target=server.serve)
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        thread.join()


def problem(status: int, detail: str, *errors: tuple[str, str], **headers: str) -> Answer:
    """A refusal as the API has it."""
    body = {
        "type": "about:blank",
        "title": "A title",
        "status": status,
        "detail": detail,
        "errors": [{"field": name, "message": message} for name, message in errors],
    }
    said = {name.replace("_", "-"): value for name, value in headers.items()}
    return Answer(status, body, {"Content-Type": "application/problem+json", **said})
