"""The scheduler's moves, each one statement of scheduler/sql, on a connection that is given and in its caller's transaction.

``now`` is an aware UTC datetime in tests; production passes None, which means the database's clock.
"""

from scheduler.claims.endings import (
    dismiss_endings,
    dismiss_orphaned_endings,
    endings_of,
    note_endings,
    schedules_with_endings,
)
from scheduler.claims.fires import (
    add_waiting,
    decided_after,
    give_up_pending,
    owed_fires,
    record_fires,
    schedules_with_waiting,
    settle_fires,
)
from scheduler.claims.occurrences import note_missed, note_paused
from scheduler.claims.schedules import (
    claim_due,
    claim_named,
    clear_problem,
    end_schedules,
    holds,
    note_problem,
    pause,
    seconds_to_next,
    use_actions,
)
from scheduler.claims.shapes import (
    Claimed,
    Connection,
    EndingRow,
    FireRow,
    Holds,
    Move,
    Now,
    Owed,
    Settled,
)

__all__ = [
    "Claimed",
    "Connection",
    "EndingRow",
    "FireRow",
    "Holds",
    "Move",
    "Now",
    "Owed",
    "Settled",
    "add_waiting",
    "claim_due",
    "claim_named",
    "clear_problem",
    "decided_after",
    "dismiss_endings",
    "dismiss_orphaned_endings",
    "end_schedules",
    "endings_of",
    "give_up_pending",
    "holds",
    "note_endings",
    "note_missed",
    "note_paused",
    "note_problem",
    "owed_fires",
    "pause",
    "record_fires",
    "schedules_with_endings",
    "schedules_with_waiting",
    "seconds_to_next",
    "settle_fires",
    "use_actions",
]
