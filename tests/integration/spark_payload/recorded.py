"""A server that answers as clusters did, and keeps what it was asked.

The answers of the standalone cluster were recorded from one of Spark 4.3; those of YARN and Kubernetes are the examples of their
API references, cut to the fields that matter.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self


@dataclass
class Asked:
    """One request."""

    method: str
    path: str
    body: Any
    headers: Mapping[str, str]


@dataclass
class Recorded:
    """The server. ``answers`` by "METHOD path", without the query: a list is used up but for its last; an int is a bare status."""

    answers: dict[str, Any] = field(default_factory=dict)
    asked: list[Asked] = field(default_factory=list)

    def __enter__(self) -> Self:
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self))
        threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_port}"

    def paths(self, method: str) -> list[str]:
        """What was asked with this method, in order, with the query."""
        return [each.path for each in self.asked if each.method == method]

    def answer(self, asked: Asked) -> Any:
        self.asked.append(asked)
        found = self.answers.get(f"{asked.method} {asked.path.partition('?')[0]}", 404)
        if isinstance(found, list):
            return found.pop(0) if len(found) > 1 else found[0]
        return found


def _handler(recorded: Recorded) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def _answer(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            asked = Asked(self.command, self.path, json.loads(body) if body else None, dict(self.headers))
            found = recorded.answer(asked)
            status, text = (found, "") if isinstance(found, int) else (200, _text(found))
            self.send_response(status)
            self.send_header("Content-Length", str(len(text.encode())))
            self.end_headers()
            self.wfile.write(text.encode())

        do_GET = do_POST = do_PUT = do_DELETE = _answer  # noqa: N815 - the names that http.server calls

        def log_message(self, *_: object) -> None: ...

    return Handler


def _text(found: Any) -> str:
    return found if isinstance(found, str) else json.dumps(found)


DRIVER = "driver-20261122070221-0000"

SUBMITTED = {
    "action": "CreateSubmissionResponse",
    "message": f"Driver successfully submitted as {DRIVER}",
    "serverSparkVersion": "4.3.0",
    "submissionId": DRIVER,
    "success": True,
}


def driver_is(state: str) -> dict[str, Any]:
    """The REST server on the driver."""
    return {
        "action": "SubmissionStatusResponse",
        "driverState": state,
        "serverSparkVersion": "4.3.0",
        "submissionId": DRIVER,
        "success": True,
        "workerHostPort": "127.0.0.1:17378",
        "workerId": "worker-1",
    }


NOT_FOUND = {
    "action": "SubmissionStatusResponse",
    "serverSparkVersion": "4.3.0",
    "submissionId": DRIVER,
    "success": False,
}
KILLED = {"action": "KillSubmissionResponse", "submissionId": DRIVER, "success": True}


def master(*, worker_url: str, active: list[dict[str, Any]]) -> dict[str, Any]:
    """The master's page as JSON."""
    return {
        "workers": [{"id": "worker-1", "webuiaddress": worker_url, "state": "ALIVE"}],
        "activeapps": [],
        "completedapps": [],
        "activedrivers": active,
        "completeddrivers": [],
        "status": "ALIVE",
    }


def driver(*, started_ms: int, state: str = "RUNNING") -> dict[str, Any]:
    """A driver on the master's page; one that waits has no worker."""
    row = {
        "id": DRIVER,
        "starttime": str(started_ms),
        "state": state,
        "cores": 1,
        "memory": 512,
        "submitdate": "Sun Nov 22 07:02:21 UTC 2026",
        "mainclass": "org.apache.spark.deploy.PythonRunner",
    }
    return row if state == "SUBMITTED" else {**row, "worker": "worker-1"}


def driver_log(tag: str) -> str:
    """The beginning of a driver's log as its worker shows it."""
    return (
        f"==== Bytes 0-300 of 14278 of /spark/work/{DRIVER}/stderr ====\n"
        f'Launch Command: "java" "-Dspark.master=spark://127.0.0.1:7077" "-Dspark.jobs.tag={tag}" "DriverWrapper"\n'
        "========================================\n\n"
        "26/11/22 07:02:24 INFO DriverWrapper: Driver address: 127.0.0.1:38567\n"
        'Exception in thread "main" java.lang.reflect.InvocationTargetException\n'
        "Caused by: org.apache.spark.SparkUserAppException: User application exited with 1\n"
    )


def driver_output() -> str:
    """The end of a driver's standard output: what its script wrote, on standard error too."""
    return "==== Bytes 0-120 of 120 of /spark/work/stdout ====\nTraceback (most recent call last):\nValueError: no such thing\n"


APPLICATION = "application_1476912658570_0002"


def yarn_app(state: str, final: str = "UNDEFINED", diagnostics: str = "") -> dict[str, Any]:
    """The resource manager on an application."""
    return {
        "app": {
            "id": APPLICATION,
            "state": state,
            "finalStatus": final,
            "diagnostics": diagnostics,
            "trackingUrl": "http://host.domain.com:8088/proxy/application_1476912658570_0002/",
        }
    }


def pod(phase: str, *, exit_code: int | None = None) -> dict[str, Any]:
    """The API server on the driver's pod."""
    ended = {"terminated": {"exitCode": exit_code, "reason": "Error"}} if exit_code is not None else {"running": {}}
    return {
        "kind": "Pod",
        "metadata": {"name": "p", "labels": {"spark-role": "driver", "spark-app-selector": "spark-2b6f"}},
        "status": {"phase": phase, "containerStatuses": [{"name": "spark-kubernetes-driver", "state": ended}]},
    }
