"""Kubernetes: submitted by spark-submit, tracked by the driver's pod, whose name this system chooses.

Of two submissions with one name the cluster refuses the second, so here there cannot be two drivers of one attempt.
Sources: https://spark.apache.org/docs/latest/running-on-kubernetes.html and the API reference of Kubernetes, Pod v1
"""

from __future__ import annotations

import datetime as dt
import hashlib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import requests

from jobs.errors import TransientError
from workers.payloads.base import Work
from workers.payloads.spark.applications import Wanted
from workers.payloads.spark.clusters import submitting
from workers.payloads.spark.clusters.base import Phase, Status, Unreachable, Unsure
from workers.payloads.spark.clusters.calls import call, json_of
from workers.payloads.spark.targets import Target
from workers.spark.driver_log import LAST_LINES, last_lines

SUBMISSION_TAKES = dt.timedelta(minutes=2)
"""spark-submit that was cut off may have its pod made so much later."""

_PHASES = {
    "Pending": Phase.WAITING,
    "Running": Phase.RUNNING,
    "Succeeded": Phase.FINISHED,
    "Failed": Phase.FAILED,
    "Unknown": Phase.WAITING,  # its node does not answer
}


class Kubernetes:
    """One namespace of one cluster."""

    def __init__(self, target: Target) -> None:
        self._target = target
        self._server = target.master.removeprefix("k8s://").rstrip("/")
        self._pods = f"{self._server}/api/v1/namespaces/{target.namespace}/pods"

    def check(self, wanted: Wanted, *, secrets: Sequence[str], secret_configuration: Mapping[str, str]) -> None:
        """See `Cluster`."""
        submitting.refuse_secrets(secrets)

    def submit(self, wanted: Wanted, *, tag: str, work: Work, secret_configuration: Mapping[str, str]) -> str:
        """See `Cluster`. The id is the name of the driver's pod."""
        pod = pod_name(tag)
        own = {
            "spark.kubernetes.namespace": self._target.namespace,
            "spark.kubernetes.driver.pod.name": pod,
            "spark.kubernetes.submission.waitAppCompletion": "false",
        }
        try:
            submitting.submit(
                wanted, master=self._target.master, own=own, work=work, secret_configuration=secret_configuration
            )
        except TransientError as error:
            if error.code != "submit_failed" or self.status(pod).phase is Phase.UNKNOWN:
                raise
            work.log("warning", f"spark-submit failed, and {pod} is there all the same")
        return pod

    def find(self, tag: str, *, asked_at: dt.datetime) -> str | None:
        """See `Cluster`."""
        pod = pod_name(tag)
        if self.status(pod).phase is not Phase.UNKNOWN:
            return pod
        if dt.datetime.now(dt.UTC) - asked_at < SUBMISSION_TAKES:
            raise Unsure("the submission may yet arrive")
        return None

    def status(self, submission_id: str) -> Status:
        """See `Cluster`."""
        answer = self._call("GET", f"{self._pods}/{submission_id}")
        if answer.status_code == 404:
            return Status(Phase.UNKNOWN, "NotFound")
        if answer.status_code != 200:
            raise Unreachable(f"{self._pods}/{submission_id}: it answered {answer.status_code}")
        return _status(json_of(answer))

    def kill(self, submission_id: str) -> None:
        """See `Cluster`. The executors' pods belong to the driver's and go with it."""
        self._call("DELETE", f"{self._pods}/{submission_id}")

    def page(self, application_id: str) -> None:
        """See `Cluster`. Spark's own page is behind the driver's pod and gone with it."""

    def log(self, submission_id: str) -> list[str]:
        """See `Cluster`."""
        try:
            answer = self._call("GET", f"{self._pods}/{submission_id}/log", tailLines=str(LAST_LINES))
        except Unreachable:
            return []
        return last_lines(answer.text) if answer.status_code == 200 else []

    def _call(self, method: str, url: str, **parameters: str) -> requests.Response:
        token = Path(self._target.token_file).read_text(encoding="utf-8").strip() if self._target.token_file else ""
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        return call(method, url, parameters=parameters, headers=headers, verify=self._target.ca_file or True)


def pod_name(tag: str) -> str:
    """A name that Kubernetes takes, at most 63 characters long, for a tag; different for different tags."""
    return f"jobs-{hashlib.sha256(tag.encode()).hexdigest()[:40]}-driver"


def _status(pod: Mapping[str, Any]) -> Status:
    said = pod["status"]
    word = str(said["phase"])
    application_id = pod["metadata"].get("labels", {}).get("spark-app-selector")
    return Status(_PHASES.get(word, Phase.WAITING), word, _reason(said), application_id)


def _reason(said: Mapping[str, Any]) -> str:
    """Why the driver's container ended as it did; else what the pod itself gives as reason."""
    for container in said.get("containerStatuses", []):
        ended = container.get("state", {}).get("terminated")
        if ended and ended.get("exitCode"):
            return f"exit code {ended['exitCode']}" + (f" ({ended['reason']})" if ended.get("reason") else "")
    return str(said.get("reason") or "")
