"""Spark's standalone cluster, by the REST server of its master (on by default since Spark 4).

The server has no documentation of its own; what is used is what spark-submit itself uses. Source:
org.apache.spark.deploy.rest.SubmitRestProtocolRequest and SubmitRestProtocolResponse
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Any

import requests

from jobs.errors import PermanentError, TransientError
from workers.payloads.base import Work
from workers.payloads.spark import shared
from workers.payloads.spark.applications import Wanted
from workers.payloads.spark.clusters.base import Phase, Status, Unreachable, Unsure
from workers.payloads.spark.clusters.calls import call, json_of
from workers.payloads.spark.targets import Target
from workers.spark.application import TAG
from workers.spark.driver_log import last_lines

PYTHON_RUNNER = "org.apache.spark.deploy.PythonRunner"
PROTOCOL_VERSION = "4.0.0"
"""What is told as the client's version; servers take any."""
CLOCKS_DIFFER = dt.timedelta(minutes=5)
"""A driver counts as younger than a submission though its master's clock is so much behind."""
SUBMISSION_TAKES = dt.timedelta(seconds=30)
"""Who has asked may be heard by the master so much later; until then that it knows nothing says nothing."""
LOG_BYTES = 65_536
LAUNCHED = "Launch Command:"
"""What a driver's log begins with. Source: org.apache.spark.deploy.worker.DriverRunner"""

_PHASES = {
    "SUBMITTED": Phase.WAITING,
    "QUEUED": Phase.WAITING,
    "RELAUNCHING": Phase.WAITING,
    "RUNNING": Phase.RUNNING,
    "FINISHED": Phase.FINISHED,
    "FAILED": Phase.FAILED,
    "ERROR": Phase.FAILED,
    "KILLED": Phase.KILLED,
    "NOT_FOUND": Phase.UNKNOWN,
    "UNKNOWN": Phase.WAITING,  # the master has just recovered and has not heard of the driver's worker yet
}


class Standalone:
    """One master. The cluster's machines must see the files that an application names at the same paths."""

    def __init__(self, target: Target) -> None:
        if target.rest is None or target.ui is None:
            raise PermanentError("JOBS_SPARK_TARGETS: a standalone cluster needs rest and ui", code="target")
        self._target, self._rest, self._ui = target, target.rest.rstrip("/"), target.ui.rstrip("/")

    def check(self, wanted: Wanted, *, secrets: Sequence[str], secret_configuration: Mapping[str, str]) -> None:
        """See `Cluster`. Every property is on the driver's command line there, so no secret may be one."""
        if secrets or secret_configuration:
            raise PermanentError(
                "secrets and secret_configuration: a standalone cluster would show them on the driver's command line;"
                " let the cluster's machines have them",
                code="secrets_refused",
            )
        if wanted.script is not None and self._target.shared is None:
            raise PermanentError(
                "python.text and aggregation need a folder that the cluster's machines see too: whoever runs this system sets"
                " shared in JOBS_SPARK_TARGETS",
                code="target",
            )
        if wanted.application.packages:
            raise PermanentError("packages: a standalone cluster takes none in cluster mode", code="package_refused")

    def submit(self, wanted: Wanted, *, tag: str, work: Work, secret_configuration: Mapping[str, str]) -> str:
        """See `Cluster`."""
        try:
            answer = call("POST", f"{self._rest}/v1/submissions/create", json=self._request(wanted, tag))
            said = json_of(answer)
        except Unreachable as error:
            raise TransientError(f"could not submit: {error}", code="unreachable") from error
        if not said.get("success") or "submissionId" not in said:
            raise PermanentError(f"the cluster refused it: {said.get('message')}", code="refused")
        return str(said["submissionId"])

    def find(self, tag: str, *, asked_at: dt.datetime) -> str | None:
        """See `Cluster`. No answer of the master holds a tag; but each driver's log begins with its command line, which does."""
        said = self._state()
        pages = {worker["id"]: worker["webuiaddress"] for worker in said["workers"]}
        heads = {
            str(driver["id"]): self._head(driver, pages)
            for driver in [*said["activedrivers"], *said["completeddrivers"]]
            if _is_young(driver, asked_at)
        }
        for driver_id, head in heads.items():
            if f'"-D{TAG}={tag}"' in head:
                return driver_id
        for driver_id in (driver["id"] for driver in said["activedrivers"]):
            if LAUNCHED not in heads.get(driver_id, LAUNCHED):
                raise Unsure(f"{driver_id} has not begun its log: whose it is will be seen then")
        if dt.datetime.now(dt.UTC) - asked_at < SUBMISSION_TAKES:
            raise Unsure("the submission may yet arrive")
        return None

    def status(self, submission_id: str) -> Status:
        """See `Cluster`."""
        said = self._submission(submission_id)
        word = str(said.get("driverState") or "NOT_FOUND")
        phase = _PHASES.get(word, Phase.UNKNOWN)
        return Status(phase, word, str(said.get("message") or ""), tracking_url=f"{self._ui}/")

    def kill(self, submission_id: str) -> None:
        """See `Cluster`."""
        call("POST", f"{self._rest}/v1/submissions/kill/{submission_id}")

    def page(self, application_id: str) -> str:
        """See `Cluster`."""
        return f"{self._ui}/app/?appId={application_id}"

    def log(self, submission_id: str) -> list[str]:
        """See `Cluster`: the end of standard error, then that of standard output, where all goes that a script says, errors too.

        The worker that ran the driver serves both. Source: org.apache.spark.deploy.PythonRunner
        """
        try:
            worker = self._submission(submission_id).get("workerId", "")
            page = {each["id"]: each["webuiaddress"] for each in self._state()["workers"]}.get(worker)
            texts = [self._log(submission_id, page, kind, byteLength=str(LOG_BYTES)) for kind in ("stderr", "stdout")]
        except Unreachable:
            return []
        return [
            line for text in texts for line in last_lines(text.partition("\n")[2])
        ]  # without the page's own head line

    def _request(self, wanted: Wanted, tag: str) -> dict[str, Any]:
        application = wanted.application
        resource = application.resource
        if wanted.script is not None:
            resource = shared.place_script(self._target, tag, wanted.script)
        is_script = not application.main_class
        arguments = [resource, ",".join(application.py_files), *application.arguments] if is_script else None
        return {
            "action": "CreateSubmissionRequest",
            "clientSparkVersion": PROTOCOL_VERSION,
            "appResource": resource if "://" in resource else f"file:{resource}",
            "mainClass": application.main_class or PYTHON_RUNNER,
            "appArgs": arguments if arguments is not None else list(application.arguments),
            "environmentVariables": {},
            "sparkProperties": {
                **application.configuration,
                "spark.master": self._target.master,
                "spark.submit.deployMode": "cluster",
            },
        }

    def _submission(self, submission_id: str) -> dict[str, Any]:
        answer = call("GET", f"{self._rest}/v1/submissions/status/{submission_id}")
        if answer.status_code != HTTPStatus.OK:  # of a driver that it does not know the master says so with 200
            raise Unreachable(f"{self._rest}: it answered {answer.status_code}")
        return dict(json_of(answer))

    def _state(self) -> dict[str, Any]:
        return dict(json_of(call("GET", f"{self._ui}/json/")))

    def _head(self, driver: Mapping[str, Any], pages: Mapping[str, str]) -> str:
        """The beginning of a driver's log. Empty while it waits for a worker, and while that fetches the jar: it counts as running
        then."""
        page = pages.get(driver.get("worker", ""))
        return self._log(driver["id"], page, "stderr", offset="0", byteLength=str(LOG_BYTES))

    def _log(self, driver_id: str, page: str | None, kind: str, **part: str) -> str:
        if page is None:
            return ""
        answer: requests.Response = call(
            "GET", f"{page}/log/", parameters={"driverId": driver_id, "logType": kind, **part}
        )
        return answer.text


def _is_young(driver: Mapping[str, Any], asked_at: dt.datetime) -> bool:
    began = dt.datetime.fromtimestamp(int(driver["starttime"]) / 1000, dt.UTC)
    return began > asked_at - CLOCKS_DIFFER
