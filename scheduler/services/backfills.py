"""Backfills: fire times of the past that are run now, a few at a time, whoever dies meanwhile."""

from __future__ import annotations

import datetime as dt
import json
import time
from collections.abc import Callable, Sequence

import psycopg
import structlog
from django.db import transaction

from jobs import claims as engine
from jobs import hotpath
from jobs.claims import StartedRun
from jobs.errors import ConflictError, FieldError, NotFoundError, ValidationError
from jobs.services import control, deduplication
from jobs.services.runs import SWEEP_GRACE
from jobs.states import JobState, StopReason, Trigger
from scheduler import backfill_claims, claims
from scheduler.backfill_claims import ClaimedBackfill, Connection, OwedTime, StartedTime
from scheduler.backfilling import is_wanted
from scheduler.claims import Claimed
from scheduler.models import Backfill, BackfillTime, Schedule
from scheduler.models.backfill import MOST_AT_ONCE
from scheduler.selectors.backfills import plan_backfill
from scheduler.services import following, placing, starting
from scheduler.states import BackfillState, BackfillTimeState, Which

BATCH = 50
"""Fire times dealt with in one transaction: that is how long a fire may wait for a backfill."""
MOST_OPEN = 1000
"""Backfills that one pass looks at."""
_worked_at: dict[int, float] = {}
"""When this process worked on a backfill last (monotonic seconds)."""

log = structlog.get_logger(__name__)


def create_backfill(
    *,
    schedule: Schedule,
    start: object,
    end: object,
    actor: str,
    which: str = Which.MISSING,
    limit: int = 1,
    note: str = "",
) -> Backfill:
    """Begin to run fire times of the past. `plan_backfill` tells before what this will do.

    Which fire times they are is settled here; those that have what they need when their turn comes are left out. Beats start
    the runs.

    Args:
        schedule: Whose. It may be paused, or have ended.
        start: The first moment of the range, as `plan_backfill` takes it.
        end: The last moment.
        actor: Who asks for it.
        which: One of `Which`.
        limit: How many of its runs may be active at once, 1 to `MOST_AT_ONCE`.
        note: Why.

    Raises:
        ValidationError: As `plan_backfill`, or on ``limit``.
        ConflictError: Nothing is left to run in that range.
        NotFoundError: The schedule was deleted.
    """
    if isinstance(limit, bool) or not isinstance(limit, int) or not 1 <= limit <= MOST_AT_ONCE:
        raise ValidationError([FieldError("limit", f"expected a whole number from 1 to {MOST_AT_ONCE:,}")])
    with transaction.atomic():
        row = placing.lock(schedule)
        if row is None:
            raise NotFoundError(f"schedule {schedule.name} was deleted")
        plan = plan_backfill(schedule=row, start=start, end=end, which=which, now=following.database_now())
        if not plan.wanted:
            raise ConflictError(f"schedule {row.name} has nothing to run from {plan.start} to {plan.end}")
        backfill = Backfill.objects.create(
            workspace_id=row.workspace_id,
            schedule=row,
            which=plan.which,
            start_at=plan.start,
            end_at=plan.end,
            limit=limit,
            actor=actor,
            note=note,
        )
        BackfillTime.objects.bulk_create(BackfillTime(backfill=backfill, fire_at=fire_at) for fire_at in plan.wanted)
        times = len(plan.wanted)
        following.record(row, "schedule.backfill", actor=actor, note=note, backfill=backfill.pk, times=times)
        following.tell_beats()
    log.info("schedule.backfill", backfill=backfill.pk, schedule=row.pk, times=times, actor=actor)
    backfill.refresh_from_db()
    return backfill


def cancel_backfill(*, backfill: Backfill, actor: str, note: str = "", terminate: bool = False) -> bool:
    """Start nothing more of a backfill.

    Args:
        backfill: Which.
        actor: Who does it.
        note: Why.
        terminate: Also end the runs that it has started and that have not ended.

    Returns:
        False when it was over already; nothing was changed then.

    Raises:
        NotFoundError: It was deleted with its schedule.
    """
    with transaction.atomic():
        schedule = Schedule.objects.filter(pk=backfill.schedule_id).first()
        if schedule is not None:
            placing.lock(schedule)  # ahead of the backfill, as who deletes the job does
        locked = Backfill.objects.select_for_update(no_key=True, of=("self",))
        present = locked.select_related("schedule").filter(pk=backfill.pk).first()
        if present is None:
            raise NotFoundError(f"backfill {backfill.pk} was deleted with its schedule")
        changed = present.state == BackfillState.RUNNING
        if changed:
            _cancel(present, actor, note)
    backfill.refresh_from_db()
    if changed and terminate:
        _terminate(backfill, actor, note)
    return changed


def work_off(*, now: dt.datetime | None = None, pressing: Callable[[], bool] = lambda: False) -> int:
    """Start what the running backfills have room for, and finish those that are through. Any number of beats may do it at once.

    They take turns, a batch each.

    Args:
        now: Aware UTC; None for the database's clock.
        pressing: Asked after each batch whether something else must not wait any longer; then the rest is left to the next call.

    Returns:
        How many runs were started.
    """
    started = 0
    while turns := _turns():
        dealt_with = 0
        for backfill_id, schedule_id in turns:
            _worked_at[backfill_id] = time.monotonic()
            times, runs = _work_on_guarded(backfill_id, schedule_id, now)
            dealt_with, started = dealt_with + times, started + runs
            if pressing():
                return started
        if not dealt_with:
            break
    return started


def _turns() -> list[tuple[int, int]]:
    """(backfill, schedule) of those that can go on: those that were not worked on for the longest time go first."""
    with hotpath.connection() as connection:
        found = backfill_claims.open_backfills(connection, limit=MOST_OPEN)
    for over in _worked_at.copy().keys() - {backfill_id for backfill_id, _ in found}:
        _worked_at.pop(over, None)
    return sorted(found, key=lambda each: _worked_at.get(each[0], 0.0))


def _cancel(row: Backfill, actor: str, note: str) -> None:
    now = following.database_now()
    row.state, row.ended_at = BackfillState.CANCELLED, now
    row.state_change = {"actor": actor, "at": now.isoformat(), "note": note}
    row.save(update_fields=["state", "ended_at", "state_change"])
    owed = BackfillTime.objects.filter(backfill=row, state=BackfillTimeState.OWED)
    left = owed.update(state=BackfillTimeState.CANCELLED)
    following.record(row.schedule, "schedule.backfill_cancelled", actor=actor, note=note, backfill=row.pk, times=left)
    log.info("schedule.backfill_cancelled", backfill=row.pk, schedule=row.schedule_id, times=left, actor=actor)


def _terminate(backfill: Backfill, actor: str, note: str) -> None:
    started = BackfillTime.objects.filter(backfill=backfill, state=BackfillTimeState.STARTED).order_by("run_id")
    run_ids = [run_id for run_id in started.values_list("run_id", flat=True) if run_id is not None]
    control.stop_runs(run_ids=run_ids, reason=StopReason.TERMINATED, actor=actor, note=note)


def _work_on_guarded(backfill_id: int, schedule_id: int, now: dt.datetime | None) -> tuple[int, int]:
    """One that cannot be worked on must not stand in the way of the others."""
    try:
        return _work_on(backfill_id, schedule_id, now)
    except hotpath.RETRYABLE:
        raise
    except psycopg.Error:
        log.exception("schedule.backfill_failed", backfill=backfill_id, schedule=schedule_id)
        return 0, 0


def _work_on(backfill_id: int, schedule_id: int, now: dt.datetime | None) -> tuple[int, int]:
    """(how many fire times were dealt with, how many runs were started) in one batch."""
    with hotpath.connection() as connection, connection.transaction():
        dealt_with, started = _work_one_batch(connection, backfill_id, schedule_id, now)
    starting.after_commit(started=started)
    return dealt_with, len(started)


def _work_one_batch(
    connection: Connection, backfill_id: int, schedule_id: int, now: dt.datetime | None
) -> tuple[int, list[StartedRun]]:
    """(how many fire times were dealt with, the runs that were started)."""
    # The schedule is locked, so that nobody decides on its fire times meanwhile, and its job, so that it stays active; neither is
    # waited for, or an editor of the job who deletes the schedule and this backfill might wait for us in turn.
    claimed = claims.claim_named(connection, schedule_ids=[schedule_id], now=now)
    backfill = backfill_claims.claim_backfill(connection, backfill_id=backfill_id) if claimed else None
    if backfill is None or claimed[0].job_state != JobState.ACTIVE:
        return 0, []
    active = backfill_claims.settle_backfill(connection, backfill_id=backfill_id)
    room = max(0, min(BATCH, backfill.most_active - active))
    owed = backfill_claims.owed_times(connection, backfill_id=backfill_id, take=max(1, room))
    if not owed and not active:
        backfill_claims.finish_backfill(connection, backfill_id=backfill_id, now=now)
        log.info("schedule.backfill_done", backfill=backfill_id, schedule=schedule_id)
    if not room:
        return 0, []
    return len(owed), _start(connection, claimed[0], backfill, _still_wanted(connection, backfill, owed), now)


def _still_wanted(connection: Connection, backfill: ClaimedBackfill, owed: Sequence[OwedTime]) -> list[OwedTime]:
    """Those that have not got what they need since the backfill was asked for; the others are left out."""
    standings = backfill_claims.standings(
        connection, schedule_id=backfill.schedule_id, fire_at=[each.fire_at for each in owed]
    )
    wanted = [is_wanted(which=backfill.which, standing=standing) for standing in standings]
    left_out = [each.id for each, wants in zip(owed, wanted, strict=True) if not wants]
    backfill_claims.leave_out(connection, time_ids=left_out)
    return [each for each, wants in zip(owed, wanted, strict=True) if wants]


def _start(
    connection: Connection,
    schedule: Claimed,
    backfill: ClaimedBackfill,
    times: Sequence[OwedTime],
    now: dt.datetime | None,
) -> list[StartedRun]:
    """The runs do not name the schedule, or they would count for its overlap policy and for its pause on failure."""
    if not times:
        return []
    runs = engine.start_runs(
        connection.cursor(),
        job_ids=[schedule.job_id] * len(times),
        scheduled_for=[each.fire_at for each in times],
        trigger=Trigger.SCHEDULE,
        actor="",
        comment=f"backfill {backfill.id} of schedule {schedule.name}",
        parameters_json=schedule.parameters,
        now=now,
        grace=SWEEP_GRACE,
        digest=deduplication.digest_of(json.loads(schedule.parameters)),
    )
    by_time = {run.scheduled_for: run.id for run in runs}
    started = [StartedTime(each.id, each.fire_at, by_time[each.fire_at]) for each in times]
    backfill_claims.record_backfill(connection, backfill=backfill, started=started, now=now)
    return runs
