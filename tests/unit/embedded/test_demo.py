"""What `make demo` makes of an API that refuses, or is away for a moment."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from types import SimpleNamespace
from typing import Any, cast

import pytest

from embedded import demo
from embedded.api_client import ApiAway, ApiClient
from embedded.errors import StartError
from embedded.progress import ProgressDisplay
from embedded.system import System

RUN = {"id": 7, "job": "task:ping", "state": "running", "counts": {}}
ENDED = {**RUN, "state": "succeeded"}


class Api(ThreadingHTTPServer):
    """Answers each request with the next of what it was given, as (status, JSON or text)."""

    def __init__(self) -> None:
        self.answers: list[tuple[int, Any]] = []

        class Answering(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                self.rfile.read(int(self.headers.get("Content-Length") or 0))
                self.do_GET()

            def do_GET(self) -> None:
                status, body = cast("Api", self.server).answers.pop(0)
                if not status:  # hang up, as a process does that was killed
                    self.connection.close()
                    return
                content = (body if isinstance(body, str) else json.dumps(body)).encode()
                self.send_response(status)
                self.send_header("Content-Length", str(len(content)))
                self.end_headers()
                self.wfile.write(content)

            def log_message(self, *_: object) -> None:
                pass

        super().__init__(("127.0.0.1", 0), Answering)


@pytest.fixture
def server() -> Iterator[Api]:
    api = Api()
    thread = Thread(target=api.serve_forever)
    thread.start()
    yield api
    api.shutdown()
    thread.join()
    api.server_close()


@pytest.fixture
def client(server: Api) -> Iterator[ApiClient]:
    with ApiClient(url=f"http://127.0.0.1:{server.server_port}", token="t", workspace="default") as client:
        yield client


def test_a_job_that_cannot_be_run_is_named_with_the_reason(server: Api, client: ApiClient) -> None:
    server.answers = [(409, {"detail": "task:ping is paused: resume it first"})]
    with pytest.raises(StartError, match=r"^task:ping cannot be run: task:ping is paused: resume it first$"):
        client.trigger("task:ping")


@pytest.mark.parametrize("body", ["<h1>Server Error</h1>", [1], {"other": 1}])
def test_an_answer_without_a_reason_is_told_by_its_status(server: Api, client: ApiClient, body: Any) -> None:
    server.answers = [(500, body)]
    with pytest.raises(StartError, match=r"^run 7 cannot be read: the API answered 500$"):
        client.run(7)


def test_an_api_that_hangs_up_is_away(server: Api, client: ApiClient) -> None:
    server.answers = [(0, "")]
    with pytest.raises(ApiAway, match=r"^run 7 cannot be read: "):
        client.run(7)


def test_one_that_is_away_is_started_again_and_asked_again(server: Api, client: ApiClient) -> None:
    server.answers = [(0, ""), (200, RUN), (200, ENDED)]
    revived: list[int] = []
    system = cast("System", SimpleNamespace(revive=lambda: revived.append(len(server.answers))))
    screen = io.StringIO()
    ended = demo._wait(system, client, [dict(RUN, counts=COUNTS)], progress=Silent(screen))
    assert [run["state"] for run in ended] == ["succeeded"]
    assert revived == [2, 1]


COUNTS = {"total": 1, "queued": 0, "running": 1, "succeeded": 0, "failed": 0, "cancelled": 0}


class Silent(ProgressDisplay):
    """Shows nothing."""

    def show(self, runs: object) -> None:
        """Nothing."""
