"""Fire times that are due behind those that are decided just now."""

from __future__ import annotations

import datetime as dt
import itertools
from collections.abc import Collection, Iterator

from scheduler.definition import Definition, Due

MOST_LOOKED_AHEAD = 2_000
"""Fire times that are looked at for whether any of them may run: half an hour of a schedule of each second."""


def count_following(
    definition: Definition, times: Iterator[Due], *, now: dt.datetime, skips: Collection[dt.datetime]
) -> int:
    """How many of these are due and may run; not counted beyond what the misfire policy lets run."""
    due_now = itertools.takewhile(lambda due: due.run_at <= now, itertools.islice(times, MOST_LOOKED_AHEAD))
    runnable = (due for due in due_now if due.excluded is None and due.fire_at not in skips)
    return sum(1 for _ in itertools.islice(runnable, definition.document.misfire.most))
