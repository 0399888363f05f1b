"""Fires that have their row already, and what becomes of it: those that waited, and those that were buffered behind a run."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable

from jobs.claims import StartedRun
from jobs.states import Trigger
from scheduler import claims
from scheduler.claims import Claimed, Connection, FireRow, Holds, Owed, Settled
from scheduler.definition import Due
from scheduler.policies import Decision
from scheduler.services import starting
from scheduler.services.claimed import NO_HOLDS, job_inactive
from scheduler.services.starting import Wanted
from scheduler.states import MISSED, FireState, Reason


def carry_out(
    connection: Connection, schedule: Claimed, decided: Iterable[tuple[Owed, Decision]], now: dt.datetime | None
) -> list[StartedRun]:
    """Start the runs of those that fire, and write what became of all of them."""
    decided = list(decided)
    firing = [owed for owed, decision in decided if decision.state == FireState.FIRED]
    started = starting.start_wanted(
        connection, wanted=[Wanted(schedule, owed.fire_at, _trigger(owed), owed.parameters) for owed in firing], now=now
    )
    run_ids = {owed.id: started[place].id for place, owed in enumerate(firing)}
    claims.settle_fires(
        connection,
        settled=[
            Settled(owed.id, decision.state, decision.reason or "", decision.detail[:500], run_ids.get(owed.id))
            for owed, decision in decided
        ],
        now=now,
    )
    missed = [
        FireRow(schedule.id, owed.fire_at, decision.state, decision.reason, decision.detail)
        for owed, decision in decided
        if decision.reason in MISSED
    ]
    if missed:
        claims.note_missed(connection, fires=missed, now=now)
    claims.clear_problem(connection, schedule_id=schedule.id)
    return list(started.values())


def release(connection: Connection, schedule: Claimed, holds: Holds, now: dt.datetime | None) -> list[StartedRun]:
    """Start the oldest buffered fire, if no run of the schedule is left. It used up an action when it was buffered."""
    if holds.run_ids or not holds.buffered_ids:
        return []
    buffered = claims.owed_fires(connection, schedule_ids=[schedule.id], state=FireState.BUFFERED, now=now)
    forbidden = _forbidden(schedule)
    if forbidden is not None:
        decided = [(owed, Decision(_due(owed), FireState.SKIPPED, *forbidden)) for owed in buffered]
        claims.use_actions(connection, schedule_id=schedule.id, count=-len(buffered))
    else:
        decided = [(buffered[0], Decision(_due(buffered[0]), FireState.FIRED))]
    return carry_out(connection, schedule, decided, now)


def release_again(connection: Connection, schedule: Claimed, holds: Holds, now: dt.datetime | None) -> list[StartedRun]:
    """The same after new fires were decided: the run that the buffered ones waited for had ended, and nobody had settled that.

    Args:
        holds: As it stood before they were.
    """
    if holds.run_ids or not holds.buffered_ids:
        return []
    present = claims.holds(connection, schedule_ids=[schedule.id])
    return release(connection, schedule, present.get(schedule.id, NO_HOLDS), now)


def _forbidden(schedule: Claimed) -> tuple[Reason, str] | None:
    """Why nothing of it may run now, as `scheduler.policies` has it; None when something may."""
    if inactive := job_inactive(schedule):
        return Reason.JOB_INACTIVE, inactive
    return (Reason.PRINCIPAL_LOST, schedule.principal.lost) if schedule.principal.lost else None


def _due(owed: Owed) -> Due:
    return Due(owed.fire_at, owed.fire_at, None)


def _trigger(owed: Owed) -> Trigger:
    return Trigger.JOB if owed.cause else Trigger.SCHEDULE
