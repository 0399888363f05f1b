"""The operations that tell what happens as it happens: streams and long polls."""

from __future__ import annotations

from jobs.api.described.live_shapes import EventsSince, StreamedEvent
from jobs.api.described.operation import Answer, Operation, Parameter, text, whole
from jobs.api.live.cursors import PATTERN
from jobs.api.live.polls import MOST_SECONDS
from jobs.api.pages import DEFAULT_LIMIT, MAX_LIMIT

TAG = "Live"
_STREAMED = """\
Server-Sent Events, as browsers read them:

- `event`: an entry of the event log, as in `events/`. Its `id:` is where to go on.
- `away`, `back`: the database cannot be reached; it can again, and what happened meanwhile follows.
- `gap`: of a job's events those after the place `after` and up to `until` are left out. Its `id:` is where to go on.
- `lagging`: the client reads too slowly, and is to come again.
- `closed`: the caller may not watch any more.
- `closing`: the server is being stopped, or what the caller may read has changed: the client is to come again."""
_STREAMED_OF_RUN = """
- `log`: a line that a payload logged. Its `id:` has both places, `EVENT.LINE`.
- `progress`: how far the run is, when that has changed: `run`, `state`, `counts`, `per_second`, `at_work`.
- `end`: the run has ended and everything was told. Whoever comes again gets a 204, after which browsers stop."""
_FOR_OWNERS = "What is told of members, tokens, secrets and the workspace itself only owners get."
_PLACE = {"type": "string", "pattern": f"^{PATTERN}$"}
_FROM = (
    Parameter(name="after", says="Where to go on, for who cannot set headers.", schema=_PLACE, example="0"),
    Parameter(
        name="Last-Event-ID",
        place="header",
        says="The `id` of the last event that the client got. It wins over `after`.",
        schema={"type": "string", "pattern": f"^({PATTERN})?$"},
    ),
)


def _stream(*, id: str, summary: str, says: str, of_run: bool = False) -> Operation:
    logs = text("logs", "Whether the lines that its payloads log are wanted, too.", enum=["true", "false"])
    over = {204: Answer(says="The run has ended, and the client has all of it.")} if of_run else {}
    stream = Answer(
        says="The stream, event by event. It stays open where the server can keep it so; otherwise it has what there is now.",
        shape=StreamedEvent,
        media_types=("text/event-stream",),
    )
    return Operation(
        id=id,
        tag=TAG,
        summary=summary,
        says=f"{says}\n\n{_STREAMED}{_STREAMED_OF_RUN if of_run else ''}",
        parameters=(*_FROM, logs) if of_run else _FROM,
        answers={200: stream} | over,
    )


def _poll(*, id: str, summary: str, says: str) -> Operation:
    place = "The `cursor` of the answer before. Left out, nothing is told but where things stand."
    return Operation(
        id=id,
        tag=TAG,
        summary=summary,
        says=f"{says} With `wait` an answer without any comes only after so many seconds.",
        parameters=(
            Parameter(name="after", says=place, schema=_PLACE, example="0"),
            whole("wait", "How many seconds to wait for an event.", most=MOST_SECONDS, default=0),
            whole(
                "limit",
                "How many at most; 500 are the most that come at once.",
                least=1,
                most=MAX_LIMIT,
                default=DEFAULT_LIMIT,
            ),
        ),
        answers={200: Answer(says="The events.", shape=EventsSince)},
    )


WORKSPACE = _stream(
    id="followWorkspace",
    summary="Follow a workspace",
    says=f"All that happens in the workspace, from now on or from a place. {_FOR_OWNERS}",
)
JOB = _stream(
    id="followJob",
    summary="Follow a job",
    says="What happens to a job, its schedules and its runs, from now on or from a place. Of a place more than 100,000 entries"
    " of the event log ago the oldest are left out, and a `gap` says so.",
)
RUN = _stream(
    id="followRun",
    summary="Follow a run",
    says="What happens to a run, from its beginning or from a place, and its progress.",
    of_run=True,
)
EVENTS_OF_WORKSPACE = _poll(
    id="pollEventsOfWorkspace",
    summary="Ask for the events of a workspace",
    says=f"The events of all that is in the workspace after a place. {_FOR_OWNERS}",
)
EVENTS_OF_JOB = _poll(
    id="pollEventsOfJob",
    summary="Ask for the events of a job",
    says="The events of a job, its schedules and its runs after a place.",
)
