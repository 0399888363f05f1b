"""The shapes of what is told live, as `jobs.api.live.reading` makes them."""

from __future__ import annotations

from pydantic import Field

from jobs.api.described.shape import Shape
from jobs.api.described.shapes import Event


class WorkspaceEvent(Event):
    """An entry of the event log, and what it is about."""

    run: int | None
    """The id of the run; null where it is about no run."""
    job: str | None
    """The key of the job; null where it is about none, or once that is deleted."""

    EXAMPLE = Event.EXAMPLE | {"run": 7, "job": "task:ping"}


class EventsSince(Shape):
    """Events, and where to go on."""

    results: list[WorkspaceEvent]
    """The oldest first."""
    cursor: str | None = Field(
        description="What `after` is to say the next time; null where it is not known yet: ask again without `after`."
    )

    EXAMPLE = {"results": [WorkspaceEvent.EXAMPLE], "cursor": "1"}
