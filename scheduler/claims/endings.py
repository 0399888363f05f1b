"""Endings: runs that ended, for the schedules that want to know."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from jobs.claims import ClosedRun
from scheduler.claims.shapes import Connection, EndingRow, execute

MOST_RESULT_BYTES = 64 * 1024
"""A larger result, as JSON text, is not handed on to the runs that a run's end starts."""


def note_endings(connection: Connection, *, runs: Sequence[ClosedRun]) -> None:
    """Keep the ends of these runs for the schedules that want to know."""
    execute(
        connection,
        "note_endings",
        {
            "run_ids": [run.id for run in runs],
            "job_ids": [run.job_id for run in runs],
            "job_keys": [run.job_key for run in runs],
            "states": [run.state for run in runs],
            "ended_at": [run.ended_at for run in runs],
            "schedule_ids": [run.schedule_id for run in runs],
        },
    )


def schedules_with_endings(connection: Connection, *, limit: int, besides: Collection[int] = ()) -> list[int]:
    """Schedules for which a run has ended that was not dealt with, ``besides`` those."""
    parameters = {"take": limit, "besides": list(besides)}
    return [row.schedule_id for row in execute(connection, "schedules_with_endings", parameters).fetchall()]


def endings_of(connection: Connection, *, schedule_ids: Sequence[int]) -> list[EndingRow]:
    """All endings that are kept for these schedules, which the caller has locked; by id."""
    asked = {"schedule_ids": list(schedule_ids), "most_bytes": MOST_RESULT_BYTES}
    rows = execute(connection, "endings_of", asked).fetchall()
    return [EndingRow(*row) for row in rows]


def dismiss_endings(connection: Connection, *, settled: Sequence[int], gone: Sequence[int]) -> None:
    """Keep some endings for later, as dealt with; remove others."""
    execute(connection, "dismiss_endings", {"settled": list(settled), "gone": list(gone)})


def dismiss_orphaned_endings(connection: Connection, *, schedule_ids: Sequence[int]) -> None:
    """Remove the endings for schedules that are gone."""
    execute(connection, "dismiss_orphaned_endings", {"schedule_ids": list(schedule_ids)})
