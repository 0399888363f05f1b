"""The real live process, and clients on real sockets."""

from __future__ import annotations

import contextlib
import http.client
import json
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from embedded.processes import finish, spawn, wait_until
from embedded.servers import CHECKOUT
from tests.free_ports import free_ports

_START_SECONDS = 90.0


@dataclass(frozen=True, slots=True)
class Received:
    """One event as a browser would be told it. ``id``: what the client's Last-Event-ID is after it."""

    name: str
    data: Any
    id: str


class Stream:
    """A client's open stream. Reading raises TimeoutError when nothing came for ``seconds``."""

    def __init__(self, address: str, path: str, *, headers: Mapping[str, str], seconds: float = 20.0) -> None:
        self._connection = http.client.HTTPConnection(address, timeout=seconds)
        try:
            self._connection.request("GET", path, headers=dict(headers))
            self._response = self._connection.getresponse()
        except BaseException:
            self._connection.close()
            raise
        self.status = self._response.status
        self.headers = self._response.headers
        self.last_event_id = ""
        self.comments = 0

    def read(self) -> Received | None:
        """The next event; None once the server has ended the stream."""
        name, data = "message", []
        while line := self._response.readline().decode():
            word, _, value = line.rstrip("\n").partition(": ")
            if word == "id":
                self.last_event_id = value
            elif word == "event":
                name = value
            elif word == "data":
                data.append(value)
            elif word == "" and value:
                self.comments += 1
            elif not word and data:
                return Received(name, json.loads("\n".join(data)), self.last_event_id)
        return None

    def read_place(self) -> None:
        """Read until the server has said where the client stands."""
        while not self.last_event_id:
            word, _, value = self._response.readline().decode().rstrip("\n").partition(": ")
            self.last_event_id = value if word == "id" else ""

    def read_until(self, last: Callable[[Received], bool]) -> list[Received]:
        """The events up to the first of which that is true. Raises AssertionError when the stream ends before."""
        events: list[Received] = []
        while (event := self.read()) is not None:
            events.append(event)
            if last(event):
                return events
        raise AssertionError(f"the stream ended: {events}")

    def events(self, number: int) -> list[Received]:
        """The next so many entries of the event log; everything else is passed over."""
        found: list[Received] = []
        while len(found) < number:
            found += [event for event in self.read_until(is_event) if is_event(event)]
        return found

    def rest(self) -> list[Received]:
        """Everything until the server ends the stream."""
        return list(iter(self.read, None))

    def text(self) -> str:
        """The rest of an answer that is no stream."""
        return self._response.read().decode()

    def close(self) -> None:
        """Go away."""
        self._response.close()
        self._connection.close()


def is_event(event: Received) -> bool:
    """True of an entry of the event log."""
    return event.name == "event"


@dataclass
class LiveServer:
    """``python -m jobsproject.live``.

    Args:
        environment: All of it.
        log: Where its output goes.
    """

    environment: Mapping[str, str]
    log: Path
    address: str = field(default_factory=lambda: f"127.0.0.1:{free_ports(1)[0]}")
    process: subprocess.Popen[str] | None = None
    _opened: list[Stream] = field(default_factory=list)

    def start(self) -> None:
        """Start it, and wait until it answers."""
        command = [sys.executable, "-m", "jobsproject.live", "--bind", self.address]
        with self.log.open("ab") as output:
            self.process = spawn(
                command,
                output=output,
                death_signal=signal.SIGKILL,
                environment=self.environment,
                folder=CHECKOUT,
            )
        assert wait_until(self._answers, seconds=_START_SECONDS), self.log.read_text()

    def ensure_started(self) -> None:
        """Start it where a test has stopped it."""
        if self.process is None or self.process.poll() is not None:
            self.start()

    def stop(self) -> int:
        """SIGTERM; its exit status, once it has ended. It is killed after some seconds."""
        assert self.process is not None
        if self.process.poll() is None:
            self.process.terminate()
        finish(self.process, grace_seconds=20)
        return self.process.wait()

    def open(self, path: str, *, token: str = "", **headers: str) -> Stream:
        """Open an address as a client."""
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        bearer = {"Authorization": f"Bearer {token}"} if token else {}
        self._opened.append(Stream(self.address, path, headers=named | bearer))
        return self._opened[-1]

    def close_all(self) -> None:
        """Have all clients go away."""
        for stream in self._opened:
            stream.close()
        self._opened.clear()

    def _answers(self) -> bool:
        assert self.process is not None
        assert self.process.poll() is None, self.log.read_text()
        with contextlib.suppress(OSError), contextlib.closing(self.open("/api/v1/")) as answer:
            return answer.status == 404
        return False


@contextlib.contextmanager
def live_server(*, environment: Mapping[str, str], log: Path) -> Iterator[LiveServer]:
    """Have one for the length of a ``with`` block."""
    server = LiveServer(environment, log)
    server.start()
    try:
        yield server
    finally:
        server.stop()
        server.close_all()
