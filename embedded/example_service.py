"""The local HTTP service that the examples call: a partner directory that is down now and then.

    GET  /ping                   200 {"pong": true}
    GET  /partners/<n>           200 {"partner": n, "status": "active"}, after 20 ms
    GET  /flaky/<n>?fail=2       the same, but 503 the first two times for each Idempotency-Key
    POST /reports                201 {"accepted": <the JSON that came>}
    GET  /stats                  200 {"requests": ..., "most_at_once": ..., "by_status": {"200": ...}}
    everything else              404

It listens on loopback only. Start it with ``python -m embedded.example_service PORT``.
"""

from __future__ import annotations

import json
import re
import sys
import threading
import time
from collections import Counter
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

_PARTNER_SECONDS = 0.02
_PARTNER = re.compile(r"/(partners|flaky)/(\d{1,6})")

Answer = tuple[int, dict[str, Any]]


class Counts:
    """What the service has seen. Safe from any thread."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._tries: Counter[str] = Counter()
        self._by_status: Counter[int] = Counter()
        self._now = 0
        self._most = 0

    def __enter__(self) -> Counts:
        """A request began."""
        with self._lock:
            self._now += 1
            self._most = max(self._most, self._now)
        return self

    def __exit__(self, *_: object) -> None:
        """A request ended."""
        with self._lock:
            self._now -= 1

    def tries(self, key: str) -> int:
        """How often that key was seen, this time included."""
        with self._lock:
            self._tries[key] += 1
            return self._tries[key]

    def answered(self, status: int) -> None:
        """Count an answer."""
        with self._lock:
            self._by_status[status] += 1

    def report(self) -> dict[str, Any]:
        """For ``/stats``."""
        with self._lock:
            by_status = {str(status): count for status, count in sorted(self._by_status.items())}
            return {"requests": self._by_status.total(), "most_at_once": self._most, "by_status": by_status}


class Handler(BaseHTTPRequestHandler):
    """One connection."""

    protocol_version = "HTTP/1.1"
    counts: Counts

    def do_GET(self) -> None:
        """See the module."""
        url = urlsplit(self.path)
        if url.path == "/stats":
            self._answer(200, self.counts.report())
        else:
            self._count(self._get(url.path, parse_qs(url.query)))

    def do_POST(self) -> None:
        """See the module."""
        sent = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        if self.path != "/reports":
            self._count((404, {"error": "there is nothing here"}))
            return
        try:
            self._count((201, {"accepted": json.loads(sent)}))
        except ValueError:
            self._count((400, {"error": "expected JSON"}))

    def log_message(self, format: str, *args: Any) -> None:
        """Say nothing for each request."""

    def _get(self, path: str, query: dict[str, list[str]]) -> Answer:
        if path == "/ping":
            return 200, {"pong": True}
        partner = _PARTNER.fullmatch(path)
        if partner is None:
            return 404, {"error": "there is nothing here"}
        with self.counts:
            time.sleep(_PARTNER_SECONDS)
        key = f"{path} {self.headers.get('Idempotency-Key', '')}"
        if partner[1] == "flaky" and self.counts.tries(key) <= int(query.get("fail", ["1"])[0]):
            return 503, {"error": "try again"}
        return 200, {"partner": int(partner[2]), "status": "active"}

    def _count(self, answer: Answer) -> None:
        self.counts.answered(answer[0])
        self._answer(*answer)

    def _answer(self, status: int, body: dict[str, Any]) -> None:
        data = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)


class ExampleService(ThreadingHTTPServer):
    """A server on 127.0.0.1; port 0 is any free one."""

    daemon_threads = True
    request_queue_size = 128

    def __init__(self, port: int = 0) -> None:
        """Listen."""
        super().__init__(("127.0.0.1", port), type("CountingHandler", (Handler,), {"counts": Counts()}))

    @property
    def url(self) -> str:
        """Its address, without a slash at the end."""
        return f"http://127.0.0.1:{self.server_port}"


if __name__ == "__main__":
    with ExampleService(int(sys.argv[1])) as service:
        print(f"listening at {service.url}", flush=True)
        service.serve_forever()
