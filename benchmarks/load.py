"""Requests to a web process: so many a second whatever it answers, or as many as it can take."""

from __future__ import annotations

import http.client
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

CONNECTIONS = 8


@dataclass(frozen=True, slots=True)
class Request:
    """What is asked."""

    path: str
    method: str = "GET"
    body: str = ""


@dataclass
class Answers:
    """What came: seconds from the time at which each request was due until its answer was read, and what was not expected."""

    seconds: list[float] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)


class Client:
    """Asks one web server; keeps `CONNECTIONS` connections, each with its own thread.

    Args:
        proof: The header that says who asks.
    """

    def __init__(self, *, port: int, proof: Mapping[str, str]) -> None:
        self._port = port
        self._headers = {**proof, "Content-Type": "application/json"}

    def steadily(self, requests: Sequence[Request], *, per_second: float) -> Answers:
        """Send these, one each so many parts of a second; one that is answered late does not hold up the next."""
        began = time.monotonic()
        return self._send(iter([(began + n / per_second, request) for n, request in enumerate(requests)]))

    def busily(self, requests: Sequence[Request]) -> tuple[Answers, float]:
        """Send these as fast as they are answered; and how many seconds that took."""
        began = time.monotonic()
        answers = self._send(iter([(0.0, request) for request in requests]))
        return answers, time.monotonic() - began

    def _send(self, due: Iterator[tuple[float, Request]]) -> Answers:
        answers, lock = Answers(), threading.Lock()

        def take() -> tuple[float, Request] | None:
            with lock:
                return next(due, None)

        threads = [threading.Thread(target=self._work, args=(take, answers)) for _ in range(CONNECTIONS)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        if answers.wrong:
            raise RuntimeError(f"{len(answers.wrong)} requests were refused, the first with {answers.wrong[0]}")
        return answers

    def _work(self, take: Callable[[], tuple[float, Request] | None], answers: Answers) -> None:
        connection = http.client.HTTPConnection("127.0.0.1", self._port, timeout=30)
        while (taken := take()) is not None:
            due_at, request = taken
            time.sleep(max(0.0, due_at - time.monotonic()))
            began = due_at or time.monotonic()
            connection.request(request.method, request.path, request.body or None, self._headers)
            response = connection.getresponse()
            body = response.read()
            answers.seconds.append(time.monotonic() - began)
            if response.status not in (200, 202):
                answers.wrong.append(f"{response.status} {body[:300]!r} for {request.path}")
        connection.close()
