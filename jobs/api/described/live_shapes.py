"""The shapes of what is told live, as `jobs.api.live.reading` makes them."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from jobs.api.described.bodies import Unsaid
from jobs.api.described.shape import Shape
from jobs.api.described.shapes import Event


class WorkspaceEvent(Event):
    """An entry of the event log, and what it is about."""

    run: int | None
    """The id of the run; null where it is about no run."""
    job: str | None
    """The key of the job; null where it is about none, or once that is deleted."""

    EXAMPLE = Event.EXAMPLE | {"run": 7, "job": "task:ping"}


class EventGap(Shape):
    """Events that lie too far back and are left out."""

    after: str
    """The place after which."""
    until: str
    """The place of the last of them."""
    detail: str

    EXAMPLE = {"after": "5", "until": "9000", "detail": "events of the job between these places are left out"}


class EventsSince(Shape):
    """Events, and where to go on."""

    results: list[WorkspaceEvent]
    """The oldest first."""
    cursor: str | None = Field(
        description="What `after` is to say the next time; null where it is not known yet: ask again without `after`."
    )

    gap: EventGap | Unsaid = Field(
        default=None, description="Of a job's events: those that were left out before these."
    )

    EXAMPLE = {"results": [WorkspaceEvent.EXAMPLE], "cursor": "1"}


class StreamedEvent(Shape):
    """One event of a stream. OpenAPI 3.1 has no word for the stream as a whole."""

    event: Literal["event", "log", "progress", "end", "away", "back", "gap", "lagging", "closed", "closing", "ready"]
    data: str = Field(json_schema_extra={"contentMediaType": "application/json"}, description="JSON, on one line.")
    id: str | Unsaid = Field(default=None, description="Where to go on, of what moves that: for `Last-Event-ID`.")

    EXAMPLE = {
        "event": "event",
        "data": '{"id":1,"kind":"run.succeeded","actor":"","data":{},"at":"2026-11-21T12:00:01Z","run":7,"job":"task:ping"}',
        "id": "1",
    }
