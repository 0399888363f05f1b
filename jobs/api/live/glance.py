"""What there is of a topic now, without a reader: for who does not wait.

As with the reader nothing is told while an older event may still come. Where others are writing, the log is known up to the last id
at which nobody was, or up to the first id that is missing.
"""

from __future__ import annotations

import time

from jobs.api.live import reading
from jobs.api.live.cursors import Cursor
from jobs.api.live.following import gap_of
from jobs.api.live.topics import Gap, Item, Scope, Topic

PATIENCE_SECONDS = 0.2
"""So long who writes just now is waited for: most transactions are shorter. One that is longer holds back what is younger."""
_PAUSE_SECONDS = 0.02


class _Known:
    """The last id that was the log's end while nobody was writing, as far as this process has seen."""

    at = 0


def glance(*, topic: Topic, cursor: Cursor | None) -> tuple[list[Item], Cursor | None, Gap | None]:
    """The next page after a cursor; None: a run's beginning, and of a job or a workspace the present.

    Returns:
        The entries by id, where that leaves the client (None for who had none, where it is not known), and what was left out.

    Raises:
        django.db.OperationalError: The database cannot be reached.
    """
    after = 0 if cursor is None else cursor.event_id
    until, is_end = _complete_to(after)
    if cursor is None and topic.scope is not Scope.RUN:
        return [], Cursor(until) if is_end else None, None
    gap = gap_of(topic, cursor, until=until)
    items = reading.events_of(topic, after=gap.until if gap else after, until=until)
    reached = items[-1].id if len(items) == reading.PAGE else until
    return items, Cursor(max(after, reached)), gap


def _complete_to(after: int) -> tuple[int, bool]:
    """Up to which id the log is complete, and whether that is its end."""
    give_up_at = time.monotonic() + PATIENCE_SECONDS
    top = reading.last_event_id()
    writers = reading.writers_of("jobs_event")
    while writers and time.monotonic() < give_up_at:
        time.sleep(_PAUSE_SECONDS)
        writers &= reading.writers_of("jobs_event")
    if not writers:
        _Known.at = top
        return top, True
    return max(_Known.at, reading.unbroken_after(after)), False
