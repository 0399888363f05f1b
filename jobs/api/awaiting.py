"""``?wait=30``: the answer of what starts a run is the run's end, if that comes soon."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rest_framework import status
from rest_framework.request import Request
from rest_framework.response import Response

from jobs.api.foreign import Mapper, atlas, datamaker, intuned
from jobs.api.foreign.shaping import ShapedView
from jobs.api.pages import Query
from jobs.api.runs import run_response
from jobs.errors import NotFoundError
from jobs.services.awaiting import wait_for_run

LONGEST_SECONDS = 60


class StartsARun(ShapedView):
    """A view whose POST answers with a run that it has started.

    With ``wait``, 200 with the run once it has ended; or what would have been answered at once, with the run as it stands then.
    """

    foreign: Mapping[str, Mapping[str, Mapper]] = {
        "POST": {"intuned": intuned.triggered, "atlas": atlas.run, "datamaker": datamaker.execution}
    }
    seconds = 0

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        """Read how long the caller would wait, before anything is begun."""
        super().initial(request, *args, **kwargs)
        if request.method == "POST":
            known = ("wait", "shape") if self.foreign.get("POST") else ("wait",)
            self.seconds = Query(request, known=known, paged=False).number("wait", most=LONGEST_SECONDS) or 0

    def settle(self, request: Request, answer: Response) -> Response:
        """Wait for the run of the answer."""
        return super().settle(request, self._waited(request, answer) if self.seconds else answer)

    def _waited(self, request: Request, answer: Response) -> Response:
        run_id = answer.data["id"]
        ended = answer.data["ended_at"] is not None or wait_for_run(run_id=run_id, seconds=self.seconds)
        try:
            settled = run_response(self, request, run_id, status.HTTP_200_OK if ended else answer.status_code)
        except NotFoundError:  # A cleanup was faster, or the answer is an old one.
            return answer
        for name in answer.headers:
            settled.headers.setdefault(name, answer.headers[name])
        return settled
