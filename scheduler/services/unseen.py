"""Schedules that pause when a run of them fails, and one has failed: what has come up waits until that was dealt with.

The end of a run leaves an ending in its own transaction, and the pause follows in one of its own. A fire time that comes up between
the two would run after the failure; here it is left alone, and is skipped as paused when the ending is dealt with. If that fails,
the schedule is put off as any other that has a problem.
"""

from __future__ import annotations

from collections.abc import Sequence

from jobs.errors import ValidationError
from scheduler import claims
from scheduler.claims import Claimed, Connection
from scheduler.services.claimed import definition_of


def without_failed(connection: Connection, claimed: Sequence[Claimed]) -> list[Claimed]:
    """Those of these locked schedules that are not about to pause, in the same order."""
    careful = [each.id for each in claimed if _pauses(each)]
    failed = claims.failed_unseen(connection, schedule_ids=careful) if careful else set()
    return [each for each in claimed if each.id not in failed]


def _pauses(schedule: Claimed) -> bool:
    try:
        return definition_of(schedule).document.pause_on_failure
    except ValidationError:  # whoever deals with it says so
        return False
