"""``live/``: what happens in a run, a job or a workspace, as Server-Sent Events; ``events/``: as a list, by long polls."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Iterator
from typing import Any

from django.http import HttpRequest, StreamingHttpResponse
from django.http.response import HttpResponseBase
from rest_framework.request import Request
from rest_framework.response import Response

from jobs.api.base import WorkspaceView
from jobs.api.described import live as on_live
from jobs.api.described.operation import described
from jobs.api.live import polls, reading, sse
from jobs.api.live.cursors import Cursor, parse_cursor
from jobs.api.live.following import begins_now
from jobs.api.live.rechecks import Rechecks, Standing, caller_key, find_standing
from jobs.api.live.streams import RETRY_MS, stream
from jobs.api.live.topics import Scope, Topic, encode
from jobs.api.pages import Query
from jobs.api.permissions import is_owner
from jobs.errors import FieldError, ValidationError
from jobs.selectors.jobs import find_job
from jobs.selectors.runs import get_run
from jobs.states import FINAL_RUN_STATES

_RECHECKS = Rechecks()


def topic_of(view: WorkspaceView, scope: Scope, id: int) -> Topic:
    """What the caller follows of a run, a job or a workspace."""
    return Topic(scope, id, view.workspace.pk, by_owner=is_owner(view.request, view.access))


class OfWorkspace(WorkspaceView):
    """The events of all that is in the workspace."""

    def topic(self) -> Topic:
        """What the address is about. Raises NotFoundError."""
        return topic_of(self, Scope.WORKSPACE, self.workspace.pk)

    def is_over(self, topic: Topic, cursor: Cursor | None) -> bool:
        """True for a client that has all that there is going to be."""
        return False


class OfJob(OfWorkspace):
    """Those of a job, its schedules and its runs."""

    def topic(self) -> Topic:
        """The job of the address."""
        job = find_job(workspace=self.workspace, key=self.kwargs["key"])
        return topic_of(self, Scope.JOB, job.pk)


class OfRun(OfWorkspace):
    """Those of a run."""

    def topic(self) -> Topic:
        """The run of the address."""
        self.run = get_run(workspace=self.workspace, run_id=self.kwargs["run_id"]).run
        return topic_of(self, Scope.RUN, self.run.pk)

    def is_over(self, topic: Topic, cursor: Cursor | None) -> bool:
        """The run has ended, and the client has its events."""
        if cursor is None or self.run.state not in FINAL_RUN_STATES:
            return False
        return not reading.events_of(topic, after=cursor.event_id, until=2**63 - 1)


class Live(OfWorkspace):
    """A stream, where the server can keep one open; else what there is now, after which the client comes again by itself."""

    parameters: tuple[str, ...] = ("after",)

    def get(self, request: Request, workspace: str, **arguments: Any) -> HttpResponseBase:
        """``text/event-stream``. ``Last-Event-ID``, or ``after`` for who cannot set headers: where to go on."""
        query = Query(request, known=self.parameters, paged=False)
        cursor = _cursor(request, query)
        logs = query.flag("logs") or False
        topic = self.topic()
        if self.is_over(topic, cursor):
            return Response(status=204)  # which tells a browser not to come again
        if request.method == "HEAD":
            content: Any = ()
        elif _is_asgi(request):
            content = self._stream(request._request, topic, cursor, logs)
        else:
            content = _once(topic, cursor)
        return StreamingHttpResponse(content, content_type=sse.CONTENT_TYPE, headers=sse.HEADERS)

    def _stream(self, request: HttpRequest, topic: Topic, cursor: Cursor | None, logs: bool) -> AsyncIterator[bytes]:
        view, arguments = type(self), dict(self.kwargs)
        key = caller_key(request, workspace=self.workspace.slug)

        async def recheck() -> Standing:
            return await _RECHECKS.standing(
                key=key, check=lambda: find_standing(view=view, request=request, arguments=arguments)
            )

        return stream(topic=topic, cursor=cursor, logs=logs, recheck=recheck)


class Events(OfWorkspace):
    """The events as a list, the oldest first; with ``wait`` an empty one comes only after so many seconds."""

    def get(self, request: Request, workspace: str, **arguments: Any) -> HttpResponseBase:
        """``{results, cursor}``: the cursor is where ``after`` goes on."""
        query = Query(request, known=("wait",))
        return poll_response(request, query, self.topic())


@described(get=on_live.WORKSPACE)
class LiveWorkspace(Live, OfWorkspace):
    """``live/``"""


@described(get=on_live.JOB)
class LiveJob(Live, OfJob):
    """``jobs/{key}/live/``"""


@described(get=on_live.RUN)
class LiveRun(Live, OfRun):
    """``runs/{id}/live/``"""

    parameters = ("after", "logs")


@described(get=on_live.EVENTS_OF_WORKSPACE)
class WorkspaceEvents(Events, OfWorkspace):
    """``events/``"""


@described(get=on_live.EVENTS_OF_JOB)
class JobEvents(Events, OfJob):
    """``jobs/{key}/events/``"""


def poll_response(request: Request, query: Query, topic: Topic) -> HttpResponseBase:
    """Wait as ``wait`` says, and answer with what there is. Raises ValidationError."""
    seconds = query.number("wait", most=polls.MOST_SECONDS) or 0
    limit = min(query.limit, reading.PAGE)
    text = query.text("after")
    asked = Cursor(parse_cursor(text, field="after").event_id) if text is not None else None
    cursor = _given(asked, field="after")
    if _is_asgi(request):
        waited = polls.poll(topic=topic, cursor=cursor, seconds=seconds)
        content: Any = _answer_later(waited, limit)
    else:
        content = [_answer(polls.poll_here(topic=topic, cursor=cursor, seconds=seconds), limit)]
    return StreamingHttpResponse(content, content_type="application/json", headers=sse.HEADERS)


async def _answer_later(waited: Awaitable[polls.Answer], limit: int) -> AsyncIterator[bytes]:
    yield _answer(await waited, limit)


def _answer(answer: polls.Answer, limit: int) -> bytes:
    """The entries are JSON already: made once for all who get them."""
    shown = answer.items[:limit]
    cursor = Cursor(shown[-1].id) if len(shown) < len(answer.items) else answer.cursor
    place = "null" if cursor is None else f'"{cursor}"'
    gap = "" if answer.gap is None else f',"gap":{encode(sse.gap_json(answer.gap))}'
    return f'{{"results":[{",".join(item.body for item in shown)}],"cursor":{place}{gap}}}'.encode()


def _once(topic: Topic, cursor: Cursor | None) -> Iterator[bytes]:
    """All that there is now; a browser comes again by itself, a moment later."""
    yield sse.retry(milliseconds=RETRY_MS)
    answer = polls.poll_here(topic=topic, cursor=cursor, seconds=0)
    if answer.gap is not None:
        yield sse.gap(answer.gap)
    yield from sse.frames(answer.items, start=answer.cursor or Cursor(0))
    if answer.cursor is not None:
        yield sse.place(answer.cursor)
    if begins_now(topic, cursor):
        yield sse.ready()


def _cursor(request: Request, query: Query) -> Cursor | None:
    after, header = query.text("after"), request.headers.get("Last-Event-ID")
    asked = None if after is None else parse_cursor(after, field="after")
    found = parse_cursor(header, field="Last-Event-ID") if header else asked
    return _given(found, field="Last-Event-ID" if header else "after")


def _given(cursor: Cursor | None, *, field: str) -> Cursor | None:
    """Refuse a place that nobody can have got from here: who waits there would hear nothing until the log has come so far."""
    if cursor is not None and (cursor.event_id, cursor.line_id or 0) != (0, 0):
        event_id, line_id = reading.newest_ids()
        if cursor.event_id > event_id or (cursor.line_id or 0) > line_id:
            raise ValidationError(
                [FieldError(field, "expected the id of an event, as this API gave it: there is none yet")]
            )
    return cursor


def _is_asgi(request: Request) -> bool:
    return hasattr(request._request, "scope")
