"""A run's results: read with the caller's own rights, or by a link that needs none."""

from __future__ import annotations

import datetime as dt

from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.views.decorators.http import require_safe
from rest_framework import status
from rest_framework.request import Request
from rest_framework.response import Response

from jobs.api.base import WorkspaceView
from jobs.api.described.operation import described
from jobs.api.pages import Query
from jobs.documents.basis import Period, Strict, validated
from jobs.durations import parse_ms
from jobs.errors import FieldError, GoneError, ValidationError
from jobs.models import Role, Run
from jobs.selectors.runs import find_run
from sinks.api.described import deliveries as on_deliveries
from sinks.services.result_links import LONGEST, LinkExpired, LinkWrong, issue_link, read_link, refuse_lost, whole
from sinks.services.run_results import FORMATS, ResultFormat, result_file


class LinkRequest(Strict):
    """A link to make.

    Args:
        format: Of the file.
        expires_in: How long the link is good for, at most 7 days; left out, an hour.
    """

    format: ResultFormat = "jsonl"
    expires_in: Period = "1h"


@described(get=on_deliveries.RESULTS, post=on_deliveries.LINK)
class RunResults(WorkspaceView):
    """``runs/{id}/results/``"""

    roles = {"POST": Role.VIEWER}
    keeps_answers = False  # Who has the link has the results.

    def get(self, request: Request, workspace: str, run_id: int) -> HttpResponseBase:
        """The results as a file, in the ``format`` of the query."""
        asked = Query(request, known=("format",), paged=False).text("format") or "jsonl"
        kind = next((known for known in FORMATS if known == asked), None)
        if kind is None:
            raise ValidationError([FieldError("format", f"expected one of {', '.join(FORMATS)}")])
        return download(self._run(run_id), kind)

    def post(self, request: Request, workspace: str, run_id: int) -> Response:
        """Make a link to them."""
        asked = validated(LinkRequest, request.data or {}, "expected an object with format and expires_in")
        lasts = dt.timedelta(milliseconds=parse_ms(asked.expires_in))
        if lasts > LONGEST:
            raise ValidationError([FieldError("expires_in", f"expected at most {LONGEST.days} days")])
        run = self._run(run_id)
        now = dt.datetime.now(dt.UTC)
        made = issue_link(run=run, kind=asked.format, actor=self.actor, now=now, lasts=lasts)
        return Response(
            {
                "run": run.pk,
                "format": asked.format,
                "signed_url": whole(made.address, seen=request.build_absolute_uri),
                "signed_url_expiration": made.expires_at,
            },
            status=status.HTTP_201_CREATED,
        )

    def _run(self, run_id: int) -> Run:
        return find_run(workspace=self.workspace, run_id=run_id)


@require_safe
def follow(request: HttpRequest, token: str) -> HttpResponseBase:
    """Give the file that a link leads to; without a session, and for nobody in particular."""
    now = dt.datetime.now(dt.UTC)
    try:
        link = read_link(token, now=now)
        run = Run.objects.select_related("workspace").filter(pk=link.run_id).first()
        if run is None:
            return _told(404, "The run that this link leads to was erased.")
        refuse_lost(link=link, workspace_id=run.workspace_id, now=now)
        return download(run, link.kind)
    except LinkExpired as error:
        return _told(410, str(error))
    except LinkWrong as error:
        return _told(403, str(error))
    except GoneError as error:
        return _told(410, f"This link leads to nothing any more: {error}.")


def download(run: Run, kind: ResultFormat) -> StreamingHttpResponse:
    """A run's results as the answer, made while it is sent; always as a download: a browser is not to run what is in it.

    Raises GoneError: they were erased.
    """
    file = result_file(run=run, kind=kind)
    headers = {"Content-Disposition": f'attachment; filename="{file.name}"', "Cache-Control": "private, no-store"}
    return StreamingHttpResponse(file.pieces, content_type=file.media_type, headers=headers)


def _told(code: int, words: str) -> HttpResponse:
    return HttpResponse(f"{words}\n", status=code, content_type="text/plain; charset=utf-8")
