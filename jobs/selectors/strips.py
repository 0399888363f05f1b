"""The last runs of jobs, as briefly as a strip of bars shows them."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from typing import NamedTuple

from django.db import connection

from jobs.states import FINAL_RUN_STATES, RunState

LENGTH = 30

# One walk into the index (job, -id) for each job, of as many steps as are shown.
_NEWEST = """
    SELECT asked.id, run.id, run.state, run.created_at, run.started_at, run.ended_at
    FROM unnest(%s::bigint[]) AS asked (id)
    CROSS JOIN LATERAL (
        SELECT id, state, created_at, started_at, ended_at FROM jobs_run WHERE job_id = asked.id ORDER BY id DESC LIMIT %s
    ) AS run
    ORDER BY asked.id, run.id DESC
"""


class Brief(NamedTuple):
    """A run, in short."""

    id: int
    state: str
    created_at: dt.datetime
    started_at: dt.datetime | None
    ended_at: dt.datetime | None

    @property
    def took(self) -> dt.timedelta | None:
        """From its first payload to its end; None for one that has not ended, or never began."""
        return None if self.started_at is None or self.ended_at is None else self.ended_at - self.started_at


def newest_runs(*, job_ids: Iterable[int], limit: int = LENGTH) -> dict[int, list[Brief]]:
    """The newest runs of each job that has any, the newest first, by job id; in one query."""
    found: dict[int, list[Brief]] = {}
    with connection.cursor() as cursor:
        cursor.execute(_NEWEST, [list(job_ids), limit])
        for job_id, *columns in cursor.fetchall():
            found.setdefault(job_id, []).append(Brief(*columns))
    return found


def success_rate(runs: Iterable[Brief]) -> float | None:
    """Of those that have ended and were not cancelled, the share that succeeded, from 0 to 1; None when there are none."""
    ended = [run.state for run in runs if run.state in FINAL_RUN_STATES and run.state != RunState.CANCELLED]
    return ended.count(RunState.SUCCEEDED) / len(ended) if ended else None
