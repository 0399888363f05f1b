"""What happened to schedules of watched jobs, kept for whoever tells of it."""

from __future__ import annotations

from collections.abc import Sequence

from jobs.arrays import array_of
from scheduler.claims.shapes import Connection, FireRow, Now, columns, execute


def note_missed(connection: Connection, *, fires: Sequence[FireRow], now: Now = None) -> None:
    """Keep that these fire times were given up, within the transaction that records them; those of watched jobs."""
    fire = columns(FireRow, fires)
    execute(
        connection,
        "note_missed",
        {
            "schedule_ids": array_of(fire["schedule_id"]),
            "fire_at": array_of(fire["fire_at"]),
            "reasons": array_of([str(reason) for reason in fire["reason"]]),
            "details": array_of(fire["detail"]),
            "now": now,
        },
    )


def note_paused(connection: Connection, *, schedule_id: int, note: str, now: Now = None) -> None:
    """Keep that a policy has paused a schedule, within the transaction that does; if its job is watched."""
    execute(connection, "note_paused", {"schedule_id": schedule_id, "note": note, "now": now})
