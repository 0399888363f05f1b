"""Fires that waited for their time: jobs that follow others, and what had come up when its schedule was changed."""

from __future__ import annotations

import datetime as dt
import functools
from collections import defaultdict
from collections.abc import Sequence
from typing import NamedTuple

from jobs import hotpath
from jobs.claims import StartedRun
from scheduler import claims
from scheduler.claims import Claimed, Connection, Holds, Owed, Settled
from scheduler.definition import Definition, Due
from scheduler.policies import Situation, Verdict, decide
from scheduler.services import starting
from scheduler.services.ahead import count_following
from scheduler.services.claimed import NO_HOLDS, definition_of, job_inactive
from scheduler.services.problems import apart
from scheduler.services.releasing import carry_out, release_again
from scheduler.states import FireState, Reason, ScheduleState

BATCH = 200


class Outcome(NamedTuple):
    """The runs that were started, and those that are being stopped for them."""

    started: list[StartedRun]
    stopped: list[int]


NOTHING = Outcome([], [])
MOST_BATCHES = 100
"""Before somebody else has a turn."""


def fire_waiting(*, now: dt.datetime | None = None) -> int:
    """Fire what waited for its time, until there is none or `MOST_BATCHES` were fired.

    Schedules that somebody else has locked are passed over, so that one of them does not keep the others waiting.

    Returns:
        With how many schedules' fires it dealt.
    """
    passed: set[int] = set()
    dealt = 0
    for _ in range(MOST_BATCHES):
        batch = _fire_batch(passed, now)
        if batch is None:
            break
        dealt += batch
    return dealt


def _fire_batch(passed: set[int], now: dt.datetime | None) -> int | None:
    """With how many schedules' fires it dealt; they and those that others have join ``passed``. None when there is none besides."""
    with hotpath.connection() as connection, connection.transaction():
        schedule_ids = claims.schedules_with_waiting(connection, limit=BATCH, besides=passed, now=now)
        if not schedule_ids:
            return None
        claimed = claims.claim_named(connection, schedule_ids=schedule_ids, now=now)
        ids = [each.id for each in claimed]
        holds = claims.holds(connection, schedule_ids=ids)
        waiting: dict[int, list[Owed]] = defaultdict(list)
        for owed in claims.owed_fires(connection, schedule_ids=ids, state=FireState.WAITING, now=now):
            waiting[owed.schedule_id].append(owed)
        outcomes = []
        for each in claimed:
            step = functools.partial(_decide, connection, each, waiting[each.id], holds.get(each.id, NO_HOLDS), now)
            outcomes.append(apart(connection, each, step, now=now, otherwise=NOTHING))
    starting.after_commit(
        started=[run for outcome in outcomes for run in outcome.started],
        stopped=[run_id for outcome in outcomes for run_id in outcome.stopped],
    )
    passed.update(schedule_ids)
    return len(claimed)


def _decide(
    connection: Connection, schedule: Claimed, waiting: Sequence[Owed], holds: Holds, now: dt.datetime | None
) -> Outcome:
    if not waiting:
        return NOTHING
    definition = definition_of(schedule)
    situation = Situation(
        now=schedule.now,
        job_inactive=job_inactive(schedule),
        principal_lost=schedule.principal.lost,
        active=len(holds.run_ids),
        buffered=len(holds.buffered_ids),
        actions_left=schedule.actions_left,
        following=_following(definition, schedule) if any(not owed.cause for owed in waiting) else 0,
    )
    dues = [_due(owed, definition, schedule.now) for owed in waiting]
    verdict = decide(definition=definition, owed=dues, situation=situation)
    started = carry_out(connection, schedule, zip(waiting, verdict.decisions, strict=True), now)
    dropped = _drop_buffered(connection, holds, now) if verdict.drops_buffered else 0
    used = sum(decision.state != FireState.SKIPPED for decision in verdict.decisions) - dropped
    if used:
        claims.use_actions(connection, schedule_id=schedule.id, count=used, now=now)
    started += release_again(connection, schedule, holds, now)
    return Outcome(started, _stop_others(connection, verdict, holds, now))


def _following(definition: Definition, schedule: Claimed) -> int:
    """Fire times of the clock that have come up since and are dealt with next: where one of them runs in place of all, or a
    few, none runs here besides."""
    if schedule.state != ScheduleState.ACTIVE or not definition.document.enabled:
        return 0
    skips = {dt.datetime.fromisoformat(skip) for skip in schedule.skips}
    times = definition.times(after=schedule.decided_until, key=str(schedule.id))
    return count_following(definition, times, now=schedule.now, skips=skips)


def _due(owed: Owed, definition: Definition, now: dt.datetime) -> Due:
    """A fire of the clock is as late as it is. One that another job's end calls for is never late, and not to be given up."""
    if not owed.cause:
        return Due(owed.fire_at, owed.due_at or now, None)
    return Due(owed.fire_at, now, definition.union.exclusions.reason(owed.due_at or now))


def _drop_buffered(connection: Connection, holds: Holds, now: dt.datetime | None) -> int:
    why = "the next fire came up before it could run"
    dropped = [Settled(fire_id, FireState.SKIPPED, Reason.OVERLAP, why) for fire_id in holds.buffered_ids]
    return claims.settle_fires(connection, settled=dropped, now=now)


def _stop_others(connection: Connection, verdict: Verdict, holds: Holds, now: dt.datetime | None) -> list[int]:
    return starting.stop_others(connection, run_ids=holds.run_ids, now=now) if verdict.stops_others else []
