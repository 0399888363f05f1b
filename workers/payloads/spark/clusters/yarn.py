"""Hadoop YARN: submitted by spark-submit, tracked by the resource manager's REST API.

Source: https://hadoop.apache.org/docs/stable/hadoop-yarn/hadoop-yarn-site/ResourceManagerRest.html
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Any

import requests

from jobs.errors import PermanentError, TransientError
from workers.payloads.base import Work
from workers.payloads.spark.applications import Wanted
from workers.payloads.spark.clusters import submitting
from workers.payloads.spark.clusters.base import Phase, Status, Unreachable, Unsure
from workers.payloads.spark.clusters.calls import call, json_of
from workers.payloads.spark.targets import Target
from workers.spark.driver_log import last_lines

SUBMISSION_TAKES = dt.timedelta(minutes=2)
"""spark-submit that was cut off may have its application accepted so much later."""

_WAITING = ("NEW", "NEW_SAVING", "SUBMITTED", "ACCEPTED")
_FINAL = {"SUCCEEDED": Phase.FINISHED, "FAILED": Phase.FAILED, "KILLED": Phase.KILLED}


class Yarn:
    """One resource manager."""

    def __init__(self, target: Target) -> None:
        if target.resource_manager is None:
            raise PermanentError("JOBS_SPARK_TARGETS: yarn needs resource_manager", code="target")
        self._target = target
        self._apps = f"{target.resource_manager.rstrip('/')}/ws/v1/cluster/apps"

    def check(self, wanted: Wanted, *, secrets: Sequence[str], secret_configuration: Mapping[str, str]) -> None:
        """See `Cluster`."""
        submitting.refuse_secrets(secrets)

    def submit(self, wanted: Wanted, *, tag: str, work: Work, secret_configuration: Mapping[str, str]) -> str:
        """See `Cluster`."""
        own = {"spark.yarn.tags": tag, "spark.yarn.submit.waitAppCompletion": "false"}
        found = submitting.submit(wanted, master="yarn", own=own, work=work, secret_configuration=secret_configuration)
        if found is None:
            raise TransientError("spark-submit told no application id", code="submit_failed")
        return found

    def find(self, tag: str, *, asked_at: dt.datetime) -> str | None:
        """See `Cluster`. YARN keeps tags in lower case."""
        said = json_of(_answered(call("GET", self._apps, parameters={"applicationTags": tag.lower()})))
        found = [app["id"] for app in (said.get("apps") or {}).get("app", [])]
        if found:
            return str(found[0])
        if dt.datetime.now(dt.UTC) - asked_at < SUBMISSION_TAKES:
            raise Unsure("the submission may yet arrive")
        return None

    def status(self, submission_id: str) -> Status:
        """See `Cluster`."""
        answer = call("GET", f"{self._apps}/{submission_id}")
        if answer.status_code == 404:
            return Status(Phase.UNKNOWN, "NOT_FOUND")
        app = json_of(_answered(answer))["app"]
        word, phase = _phase(app)
        return Status(phase, word, str(app.get("diagnostics") or "").strip(), app["id"], app.get("trackingUrl"))

    def kill(self, submission_id: str) -> None:
        """See `Cluster`."""
        call("PUT", f"{self._apps}/{submission_id}/state", json={"state": "KILLED"})

    def page(self, application_id: str) -> None:
        """See `Cluster`. The status has it."""

    def log(self, submission_id: str) -> list[str]:
        """See `Cluster`. YARN's REST API has the diagnostics; the container's log is behind the tracking address."""
        try:
            return last_lines(self.status(submission_id).reason)
        except Unreachable:
            return []


def _answered(answer: requests.Response) -> requests.Response:
    """An answer that says something. A refusal (401, 403) is JSON, too, and says nothing of applications."""
    if answer.status_code != HTTPStatus.OK:
        raise Unreachable(f"{answer.url}: it answered {answer.status_code}")
    return answer


def _phase(app: Mapping[str, Any]) -> tuple[str, Phase]:
    """An application that YARN calls FINISHED may have failed: its own verdict is in finalStatus."""
    state, final = str(app["state"]), str(app.get("finalStatus", "UNDEFINED"))
    if state in _WAITING:
        return state, Phase.WAITING
    if state in ("RUNNING", "FINISHING"):
        return state, Phase.RUNNING
    word = final if state == "FINISHED" else state
    return word, _FINAL.get(word, Phase.FAILED)
