"""Running a job and having what comes of it in the same call, as DataMaker does: as a file, or shown as text."""

from __future__ import annotations

from typing import Any

from django.http.response import HttpResponseBase
from rest_framework.request import Request
from rest_framework.response import Response

from jobs.api.foreign.views import JobRunNow
from jobs.models import Run
from jobs.selectors.payloads import list_payloads
from jobs.selectors.runs import get_run
from sinks.api.results import download

WAIT_SECONDS = 30
SHOWN = 20
"""Payloads whose results are shown."""


class RunAndHave(JobRunNow):
    """Starts a run and waits for it (30 seconds, unless ``wait`` says otherwise); 202 with the run while that goes on."""

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        """Wait, also unasked."""
        super().initial(request, *args, **kwargs)
        if "wait" not in request.query_params:
            self.seconds = WAIT_SECONDS

    def run_that_ended(self, answer: Response) -> Run | None:
        """The run of an answer, once it has ended."""
        if answer.status_code != 200 or answer.data.get("ended_at") is None:
            return None
        return get_run(workspace=self.workspace, run_id=answer.data["id"]).run


class RunAndDownload(RunAndHave):
    """``jobs/{key}/run/file/``"""

    def conclude(self, answer: Response) -> HttpResponseBase:
        """The results of all payloads as JSON Lines, as a download."""
        run = self.run_that_ended(answer)
        return answer if run is None else download(run, "jsonl")


class RunAndShow(RunAndHave):
    """``jobs/{key}/run/output/``"""

    def conclude(self, answer: Response) -> HttpResponseBase:
        """The run with the results of its first payloads as ``output``."""
        run = self.run_that_ended(answer)
        if run is None:
            return answer
        shown = list_payloads(run=run, limit=SHOWN)
        output = [{"name": view.payload.name, "state": view.state, "result": view.payload.result} for view in shown]
        return Response(answer.data | {"output": output}, headers={"Location": answer.headers["Location"]})
