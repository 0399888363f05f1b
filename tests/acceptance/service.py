"""A local HTTP service that the payloads call, and that counts: which payload called when, and how many at once.

    /wait/<ms>          200 after that long
    /flaky/<failures>   503 that many times for each payload, then 200
    /large/<bytes>      200 with a text of so many
    /gate               200 once the test has opened the gate for a payload's first, second... call
    /echo               200 with the headers and the address that came, as a careless service does
    /refuse             400 with the same

Every answer says ``call``: 1 for a payload's first call, told by its Idempotency-Key.
"""

from __future__ import annotations

import contextlib
import json
import sys
import threading
import time
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

_GATE_SECONDS = 60.0


@dataclass
class Call:
    """One call: whose, and from when to when (``time.monotonic``). ``ended`` is None while it lasts."""

    key: str
    number: int
    path: str
    headers: dict[str, str] = field(repr=False)
    began: float
    ended: float | None = None


class Calls:
    """What the service was asked. Safe from any thread."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._seen: Counter[str] = Counter()
        self._calls: list[Call] = []
        self._gates: dict[int, threading.Event] = defaultdict(threading.Event)

    def open_gate(self, number: int) -> None:
        """Let the calls pass that are the ``number``-th of their payloads, those to come included."""
        self._gates[number].set()

    def close_gate(self, number: int) -> None:
        """Let them wait again."""
        self._gates[number].clear()

    def wait_at_gate(self, call: Call) -> None:
        """Wait, at most a minute."""
        self._gates[call.number].wait(_GATE_SECONDS)

    @contextlib.contextmanager
    def call(self, *, key: str, path: str, headers: dict[str, str]) -> Iterator[Call]:
        """Count a call for the length of a ``with`` block."""
        with self._lock:
            self._seen[key] += 1
            call = Call(key, self._seen[key], path, headers, time.monotonic())
            self._calls.append(call)
        try:
            yield call
        finally:
            call.ended = time.monotonic()

    def all(self) -> list[Call]:
        """Every call so far, in the order of their beginnings."""
        with self._lock:
            return list(self._calls)

    def by_key(self) -> dict[str, list[Call]]:
        """The calls of each payload, in order."""
        calls: dict[str, list[Call]] = defaultdict(list)
        for call in self.all():
            calls[call.key].append(call)
        return dict(calls)

    def open_now(self) -> list[Call]:
        """The calls that wait for their answer."""
        return [call for call in self.all() if call.ended is None]


def most_at_once(calls: Iterable[Call]) -> int:
    """The largest number of these calls that overlapped."""
    edges = [edge for call in calls for edge in ((call.began, 1), (call.ended or time.monotonic(), -1))]
    now = most = 0
    for _, step in sorted(edges):
        now += step
        most = max(most, now)
    return most


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    calls: Calls

    def do_GET(self) -> None:
        headers = dict(self.headers.items())
        key = (self.headers["Idempotency-Key"] or "").rpartition("-")[0]
        with self.calls.call(key=key, path=self.path, headers=headers) as call:
            status, body = self._answer(call)
        data = json.dumps({"call": call.number, **body}).encode()
        head = f"HTTP/1.1 {status} X\r\nContent-Type: application/json\r\nContent-Length: {len(data)}\r\n\r\n"
        self.wfile.write(head.encode() + data)

    def log_message(self, format: str, *args: Any) -> None:
        """Say nothing for each request."""

    def _answer(self, call: Call) -> tuple[int, dict[str, object]]:
        match call.path.partition("?")[0].strip("/").split("/"):
            case ["wait", milliseconds]:
                time.sleep(int(milliseconds) / 1000)
                return 200, {}
            case ["flaky", failures]:
                return (503 if call.number <= int(failures) else 200), {}
            case ["large", size]:
                return 200, {"text": "x" * int(size)}
            case ["gate"]:
                self.calls.wait_at_gate(call)
                return 200, {}
            case ["echo" | "refuse" as what]:
                return (200 if what == "echo" else 400), {"headers": call.headers, "path": call.path}
        return 404, {}


class CountingService(ThreadingHTTPServer):
    """The service, on a free port of 127.0.0.1."""

    daemon_threads = True
    request_queue_size = 128

    def __init__(self) -> None:
        self.calls = Calls()
        super().__init__(("127.0.0.1", 0), type("_Counting", (_Handler,), {"calls": self.calls}))
        self.url = f"http://127.0.0.1:{self.server_port}"

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A caller that was killed does not wait for its answer."""
        if not isinstance(sys.exception(), ConnectionError):
            super().handle_error(request, client_address)


@contextlib.contextmanager
def counting_service() -> Iterator[CountingService]:
    """Have the service for the length of a ``with`` block."""
    with CountingService() as service:
        thread = threading.Thread(target=service.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
        thread.start()
        try:
            yield service
        finally:
            service.shutdown()
            thread.join()
