"""Firing what is due: claim, decide, start, record, in one transaction; then publish.

A beat that dies before the commit has done nothing, and another finds the same schedules due. One that dies after it leaves runs
whose messages the sweep sends. Nothing else is kept anywhere.
"""

from __future__ import annotations

import datetime as dt
import itertools
import json
import time
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass

import structlog

from jobs import hotpath
from jobs.claims import StartedRun
from scheduler import claims
from scheduler.claims import Claimed, FireRow, Holds, Move, Settled
from scheduler.definition import Definition, Due, first_after
from scheduler.policies import Situation, Verdict, decide
from scheduler.services import problems, starting
from scheduler.services.ahead import count_following
from scheduler.services.claimed import NO_HOLDS, definition_of, job_inactive
from scheduler.services.releasing import release_again
from scheduler.services.starting import Wanted
from scheduler.states import MISSED, FireState, Overlap, Reason, ScheduleState

BATCH = 1600
"""Schedules in one transaction: enough that its commit does not matter and that their runs share messages, few enough that it takes
a fraction of a second, and that another beat finds some left."""
MOST_AT_ONCE = 1000
"""Fire times of one schedule that are decided in one transaction; what is left is due at once."""
MOST_DECISIONS = 5000
"""In one transaction, which takes a second then. After an outage each of a thousand schedules may have a thousand of them."""
MOST_SECONDS = 1.0
"""Of planning in one transaction: the server ends a session that is idle in one for ten seconds."""

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Plan:
    """What is to become of one claimed schedule."""

    schedule: Claimed
    definition: Definition
    verdict: Verdict
    holds: Holds
    upcoming: Due | None
    overdue_until: dt.datetime
    """All fire times up to here are decided by this plan."""

    @property
    def actions_left(self) -> int | None:
        """After this plan; None for no limit."""
        if self.schedule.actions_left is None:
            return None
        used = sum(decision.state != FireState.SKIPPED for decision in self.verdict.decisions)
        given_back = len(self.holds.buffered_ids) if self.verdict.drops_buffered else 0
        return max(0, self.schedule.actions_left - used + given_back)

    @property
    def ends(self) -> bool:
        """Whether the schedule never fires again."""
        return self.actions_left == 0 or (self.upcoming is None and not self.definition.document.job_triggers)

    @property
    def move(self) -> Move:
        """Where the schedule stands then."""
        left = self.actions_left
        upcoming = None if left == 0 else self.upcoming
        skips = [skip for skip in self.schedule.skips if dt.datetime.fromisoformat(skip) > self.overdue_until]
        return Move(
            schedule_id=self.schedule.id,
            decided_until=self.overdue_until,
            next_fire_at=upcoming.fire_at if upcoming else None,
            next_run_at=upcoming.run_at if upcoming else None,
            actions_left=left,
            skips=None if skips == self.schedule.skips else json.dumps(skips),
        )


def fire_due(*, now: dt.datetime | None = None, take: int = BATCH, schedule_ids: Sequence[int] | None = None) -> int:
    """Fire schedules that are due, the longest due first. Any number of beats may do it at once.

    Args:
        now: Aware UTC; None for the database's clock.
        take: How many at most.
        schedule_ids: Only those of them.

    Returns:
        How many schedules were claimed; fewer than ``take`` means that no more are due, or others have them.
    """
    try:
        return _fire(now=now, take=take, schedule_ids=schedule_ids)
    except hotpath.RETRYABLE:
        raise
    except Exception:  # whatever one of them has, the others must fire
        log.exception("schedule.batch_failed")
        return _fire_singly(now=now, take=take, schedule_ids=schedule_ids)


def _fire(
    *, now: dt.datetime | None, take: int, schedule_ids: Sequence[int] | None, look_up_decided: bool = False
) -> int:
    with hotpath.connection(hotpath.LANES) as connection, connection.transaction():
        claimed = claims.claim_due(connection, take=take, now=now, schedule_ids=schedule_ids)
        if not claimed:
            return 0
        holds = claims.holds(connection, schedule_ids=[each.id for each in claimed if _minds_others(each)])
        decided = {each.id: _decided(connection, each) if look_up_decided else set() for each in claimed}
        plans = _as_many_as_fit(
            plan(schedule=each, holds=holds.get(each.id, NO_HOLDS), decided=decided[each.id]) for each in claimed
        )
        started = _carry_out(connection, plans, now=now)
        stopped = _stop(connection, plans, now=now)
        for each in plans:
            started += release_again(connection, each.schedule, each.holds, now)
    starting.after_commit(started=started, stopped=stopped)
    _tell(plans)
    return len(claimed)


def _as_many_as_fit(plans: Iterator[Plan]) -> list[Plan]:
    """Those that make a transaction of moderate length; the other schedules stay due. At least one, if there is one."""
    fitting: list[Plan] = []
    decisions, until = 0, time.monotonic() + MOST_SECONDS
    for each in plans:
        fitting.append(each)
        decisions += len(each.verdict.decisions)
        if decisions >= MOST_DECISIONS or time.monotonic() > until:
            break
    return fitting


def _fire_singly(*, now: dt.datetime | None, take: int, schedule_ids: Sequence[int] | None) -> int:
    """One of the batch cannot be fired: the others must be, and it must not stand in their way."""
    with hotpath.connection() as connection, connection.transaction():
        claimed = claims.claim_due(connection, take=take, now=now, schedule_ids=schedule_ids)
    for each in claimed:
        try:
            _fire(now=now, take=1, schedule_ids=[each.id], look_up_decided=True)
        except hotpath.RETRYABLE:
            raise
        except Exception as error:
            problems.note_unless_mended(each, error, now=now)
    return len(claimed)


def _decided(connection: claims.Connection, schedule: Claimed) -> set[dt.datetime]:
    """Fire times that have a row though the schedule does not say so, as after a restore of one table: they must not fire again."""
    return claims.decided_after(connection, schedule_id=schedule.id, after=schedule.decided_until)


def _minds_others(schedule: Claimed) -> bool:
    return definition_of(schedule).document.overlap != Overlap.ALLOW_ALL


def plan(*, schedule: Claimed, holds: Holds, decided: Collection[dt.datetime] = ()) -> Plan:
    """Decide on all fire times of a schedule that have come up, less those decided before. Reads no clock and writes nothing."""
    definition = definition_of(schedule)
    skips = {dt.datetime.fromisoformat(skip) for skip in schedule.skips}
    owed, upcoming, following = _come_up(definition, schedule, skips)
    decided_until = owed[-1].fire_at if owed else schedule.decided_until
    situation = Situation(
        now=schedule.now,
        job_inactive=job_inactive(schedule),
        principal_lost=schedule.principal.lost,
        active=len(holds.run_ids),
        buffered=len(holds.buffered_ids),
        skips=skips,
        actions_left=schedule.actions_left,
        following=following,
    )
    undecided = [due for due in owed if due.fire_at not in decided]
    verdict = decide(definition=definition, owed=undecided, situation=situation)
    return Plan(schedule, definition, verdict, holds, upcoming, decided_until)


def _come_up(
    definition: Definition, schedule: Claimed, skips: Collection[dt.datetime]
) -> tuple[list[Due], Due | None, int]:
    """(the fire times to decide now, the first one after them, how many of those after them are due as well and may run).

    The last is not counted beyond what the misfire policy lets run.
    """
    if (usual := _one_has_come_up(definition, schedule)) is not None:
        return usual
    times = definition.times(after=schedule.decided_until, key=str(schedule.id))
    owed: list[Due] = []
    for due in times:
        if due.run_at > schedule.now:
            return owed, due, 0
        if len(owed) == MOST_AT_ONCE:
            rest = itertools.chain([due], times)
            return owed, due, count_following(definition, rest, now=schedule.now, skips=skips)
        owed.append(due)
    return owed, None, 0


def _one_has_come_up(definition: Definition, schedule: Claimed) -> tuple[list[Due], Due | None, int] | None:
    """The same where one fire time at most has come up, as is usual; None where there are more, or each has times of its own."""
    if definition.jitter:
        return None
    due = first_after(definition, schedule.decided_until)
    if due is None or due.run_at > schedule.now:
        return [], due, 0
    upcoming = first_after(definition, due.fire_at)
    return ([due], upcoming, 0) if upcoming is None or upcoming.run_at > schedule.now else None


def _carry_out(connection: claims.Connection, plans: Sequence[Plan], *, now: dt.datetime | None) -> list[StartedRun]:
    """Start what fires, and record what was decided."""
    decided = [(each, decision) for each in plans for decision in each.verdict.decisions]
    firing = [at for at, (_, decision) in enumerate(decided) if decision.state == FireState.FIRED]
    wanted = [Wanted(decided[at][0].schedule, decided[at][1].due.fire_at) for at in firing]
    started = starting.start_wanted(connection, wanted=wanted, now=now)
    run_ids = {at: started[place].id for place, at in enumerate(firing)}
    fires = [
        FireRow(
            each.schedule.id,
            decision.due.fire_at,
            decision.state,
            decision.reason or "",
            decision.detail[:500],
            run_ids.get(at),
        )
        for at, (each, decision) in enumerate(decided)
    ]
    claims.record_fires(connection, fires=fires, moves=[each.move for each in plans], now=now)
    if missed := [fire for fire in fires if fire.reason in MISSED]:
        claims.note_missed(connection, fires=missed, now=now)
    if ending := [each.schedule.id for each in plans if each.ends]:
        claims.end_schedules(connection, schedule_ids=ending, now=now)
    return list(started.values())


def _stop(connection: claims.Connection, plans: Sequence[Plan], *, now: dt.datetime | None) -> list[int]:
    """End the runs that a new fire replaces, and give up what was buffered before it."""
    dropped = [
        Settled(fire_id, FireState.SKIPPED, Reason.OVERLAP, "the next fire time came up before it could run")
        for each in plans
        if each.verdict.drops_buffered
        for fire_id in each.holds.buffered_ids
    ]
    if dropped:
        claims.settle_fires(connection, settled=dropped, now=now)
    doomed = sorted(run_id for each in plans if each.verdict.stops_others for run_id in each.holds.run_ids)
    return starting.stop_others(connection, run_ids=doomed, now=now) if doomed else []


def _tell(plans: Sequence[Plan]) -> None:
    counts = {state: 0 for state in FireState}
    for each in plans:
        for decision in each.verdict.decisions:
            counts[decision.state] += 1
        if each.schedule.state == ScheduleState.ACTIVE and each.ends:
            log.info("schedule.ended", schedule=each.schedule.id, job=each.schedule.job_key)
    late = max(
        (each.schedule.now - decision.due.run_at for each in plans for decision in each.verdict.decisions), default=None
    )
    log.info(
        "schedule.fired",
        schedules=len(plans),
        late_seconds=None if late is None else round(late.total_seconds(), 3),
        **{str(state): count for state, count in counts.items() if count},
    )
