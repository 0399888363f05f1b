"""What the end of a run calls for: jobs that wait for it, fires that were buffered behind it, a schedule that pauses on failure.

The end itself leaves an `Ending` for each schedule concerned, in its own transaction. The rest happens here, under the schedule's
lock: right after, in the process that ended the run; should that die, in the next pass of any beat.
"""

from __future__ import annotations

import datetime as dt
import functools
import time
from collections import defaultdict
from collections.abc import Sequence

import structlog
from django.utils import timezone

from jobs import hotpath
from jobs.claims import ClosedRun, StartedRun
from jobs.states import RunState
from scheduler import claims
from scheduler.claims import Claimed, Connection, EndingRow, FireRow, Holds
from scheduler.services import starting
from scheduler.services.calling import call_for_fires
from scheduler.services.claimed import NO_HOLDS, definition_of
from scheduler.services.firing import plan
from scheduler.services.problems import RETRY_IN, apart
from scheduler.services.releasing import release
from scheduler.services.waiting import fire_waiting
from scheduler.states import FireState, Reason, ScheduleState

BATCH = 200
MOST_BATCHES = 100
"""Before somebody else has a turn."""
_put_off: dict[int, float] = {}
"""Schedules whose endings could not be dealt with, and until when they are left alone (monotonic seconds)."""

log = structlog.get_logger(__name__)


def note(connection: Connection, closed: Sequence[ClosedRun]) -> None:
    """Within the transaction that ends these runs: leave word for the schedules that care."""
    runs = [run for run in closed if run.awaited]
    if runs:
        claims.note_endings(connection, runs=runs)


def closed(runs: Sequence[ClosedRun]) -> None:
    """After that commit: deal with it at once. Never raises: a beat does what is left."""
    if not any(run.awaited for run in runs):
        return
    try:
        settle()
        fire_waiting()
    except Exception as error:  # the runs have ended, and who ended them must go on
        log.warning("schedule.endings_left_to_beat", reason=str(error).strip(), exc_info=error)


def settle(*, now: dt.datetime | None = None) -> int:
    """Deal with runs that ended, until there is none or `MOST_BATCHES` were dealt with.

    Schedules that somebody else has locked are passed over, so that one of them does not keep the others waiting; so are those
    whose endings cannot be dealt with, for a minute. Their endings are kept.

    Returns:
        With how many schedules' it did.
    """
    passed = {schedule_id for schedule_id, until in _put_off.items() if until > time.monotonic()}
    settled = 0
    for _ in range(MOST_BATCHES):
        batch = _settle_batch(passed, now)
        if batch is None:
            break
        settled += batch
    return settled


def _settle_batch(passed: set[int], now: dt.datetime | None) -> int | None:
    """With how many schedules' endings it dealt; the others join ``passed``. None when there is none besides those."""
    with hotpath.connection() as connection, connection.transaction():
        schedule_ids = claims.schedules_with_endings(connection, limit=BATCH, besides=passed)
        if not schedule_ids:
            return None
        claimed = claims.claim_named(connection, schedule_ids=schedule_ids, now=now)
        if len(claimed) < len(schedule_ids):
            claims.dismiss_orphaned_endings(connection, schedule_ids=schedule_ids)
        outcomes = _settle(connection, claimed, now)
    starting.after_commit(started=[run for runs in outcomes.values() for run in runs or []])
    failed = {schedule_id for schedule_id, runs in outcomes.items() if runs is None}
    _put_off.update(dict.fromkeys(failed, time.monotonic() + RETRY_IN.total_seconds()))
    passed |= failed | (set(schedule_ids) - outcomes.keys())
    return len(outcomes) - len(failed)


def _settle(
    connection: Connection, claimed: Sequence[Claimed], now: dt.datetime | None
) -> dict[int, list[StartedRun] | None]:
    """By schedule: the runs that were started; None for a schedule whose endings cannot be dealt with."""
    ids = [each.id for each in claimed]
    by_schedule: dict[int, list[EndingRow]] = defaultdict(list)
    for row in claims.endings_of(connection, schedule_ids=ids):
        by_schedule[row.schedule_id].append(row)
    holds = claims.holds(connection, schedule_ids=ids)
    outcomes: dict[int, list[StartedRun] | None] = {}
    for each in claimed:
        endings = by_schedule[each.id]
        step = functools.partial(_settle_one, connection, each, endings, holds.get(each.id, NO_HOLDS), now)
        outcomes[each.id] = apart(connection, each, step, now=now, otherwise=None)
    return outcomes


def _settle_one(
    connection: Connection, schedule: Claimed, endings: Sequence[EndingRow], holds: Holds, now: dt.datetime | None
) -> list[StartedRun] | None:
    """Turn a schedule's endings into what they call for; the runs that were started."""
    definition = definition_of(schedule)
    kept = call_for_fires(connection, schedule, definition, endings)
    gone = [ending.id for ending in endings if ending.id not in kept]
    claims.dismiss_endings(connection, settled=sorted(kept), gone=gone)
    own = [ending for ending in endings if ending.own]
    failed = next((ending for ending in own if ending.state == RunState.FAILED), None)
    if failed is not None and definition.document.pause_on_failure and _can_be_paused(schedule, holds):
        _pause(connection, schedule, holds, failed, now)
        return []
    return release(connection, schedule, holds, now) if own else []


def _can_be_paused(schedule: Claimed, holds: Holds) -> bool:
    """One that has ended only for what is buffered still."""
    return schedule.state == ScheduleState.ACTIVE or (
        schedule.state == ScheduleState.ENDED and bool(holds.buffered_ids)
    )


def _pause(connection: Connection, schedule: Claimed, holds: Holds, failed: EndingRow, now: dt.datetime | None) -> None:
    """As `controls.pause_schedule` does: what had come up, and was not dealt with, is skipped."""
    why = f"run {failed.run_id} failed"
    if schedule.state == ScheduleState.ACTIVE and definition_of(schedule).document.enabled:
        come_up = plan(schedule=schedule, holds=holds).verdict.decisions
        fires = [
            FireRow(schedule.id, each.due.fire_at, FireState.SKIPPED, each.reason or Reason.PAUSED, each.detail or why)
            for each in come_up
        ]
        claims.record_fires(connection, fires=fires, moves=[], now=now)
    buffered = claims.give_up_pending(
        connection.cursor(), schedule_id=schedule.id, reason=Reason.PAUSED, detail=why, now=now
    )
    claims.use_actions(connection, schedule_id=schedule.id, count=-buffered)
    change = {"actor": "", "at": (now or timezone.now()).isoformat(), "note": why}
    claims.pause(connection, schedule_id=schedule.id, change=change)
    claims.note_paused(connection, schedule_id=schedule.id, note=why, now=now)
    log.warning("schedule.paused_on_failure", schedule=schedule.id, job=schedule.job_key, run=failed.run_id)
