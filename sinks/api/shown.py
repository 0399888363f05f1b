"""Running a job and having what comes of it in the same call, as DataMaker does: as a file, or shown as text."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.http.response import HttpResponseBase
from rest_framework import status
from rest_framework.request import Request
from rest_framework.response import Response

from jobs.api.described.operation import described
from jobs.api.foreign import Mapper
from jobs.api.foreign.views import JobRunNow
from jobs.models import Run
from jobs.selectors.payloads import list_payloads
from jobs.selectors.runs import get_run
from sinks.api.described import shown as on_shown
from sinks.api.described.shown import SHOWN, WAIT_SECONDS
from sinks.api.results import download


class RunAndHave(JobRunNow):
    """Starts a run and waits for it (30 seconds, unless ``wait`` says otherwise); 202 with the run while that goes on."""

    foreign: Mapping[str, Mapping[str, Mapper]] = {}  # What comes of the run has a shape of its own.

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        """Wait, also unasked."""
        super().initial(request, *args, **kwargs)
        if "wait" not in request.query_params:
            self.seconds = WAIT_SECONDS

    def run_that_ended(self, answer: Response) -> Run | None:
        """The run of an answer, once it has ended; None while it goes on, which the answer then says."""
        if answer.data["ended_at"] is None:
            answer.status_code = status.HTTP_202_ACCEPTED  # Also of one that its key had started before.
            return None
        return get_run(workspace=self.workspace, run_id=answer.data["id"]).run


@described(post=on_shown.DOWNLOAD)
class RunAndDownload(RunAndHave):
    """``jobs/{key}/run/file/``"""

    def conclude(self, answer: Response) -> HttpResponseBase:
        """The results of all payloads as JSON Lines, as a download."""
        run = self.run_that_ended(answer)
        return answer if run is None else download(run, "jsonl")


@described(post=on_shown.SHOW)
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
