"""Messages that carry many runs of one payload each: taken, executed and closed together, as many as fit into one range."""

from __future__ import annotations

import time
from collections.abc import Sequence

import structlog
from django.conf import settings

from jobs import claims, hotpath
from jobs.claims import Final, Lane, Report, SingleRun
from jobs.durations import seconds
from jobs.errors import LaneLost
from jobs.services import admission, closing
from jobs.states import RunState
from workers import executor, outcomes, pace, rates, stopping
from workers.heartbeat import heartbeat
from workers.identity import worker_name
from workers.journal import Journal
from workers.lane import LINGER_SECONDS, hand_back, settle, work_lane
from workers.persistence import report, until_answered

log = structlog.get_logger(__name__)

_paces: dict[str, pace.Pace] = {}
"""By queue, kept from message to message: most are like the one before. Too high a guess costs giving runs back unbegun."""

NOT_BEGUN = -1
"""What a lane has reached whose only payload waits for others of its message: were it lost, no attempt would be charged."""


def work_single_runs(*, run_ids: Sequence[int], queue: str, strict: bool) -> None:
    """Work runs of one payload each, strict ones a run at a time. Once they prove slow, what is left goes out again, a message
    each, for others to take."""
    waiting = sorted(run_ids)
    speed = _paces.setdefault(queue, pace.Pace())
    while waiting:
        size = 1 if strict else speed.size
        batch, waiting = waiting[:size], waiting[size:]
        executed, took = _work_batch(batch, queue)
        speed.measured(payloads=executed, seconds=took)
        if took > pace.LIMIT_SECONDS or stopping.asked():
            hand_back(queue=queue, lanes=[(run_id, 0) for run_id in waiting])
            return


def _work_batch(run_ids: Sequence[int], queue: str) -> tuple[int, float]:
    """Work these runs; how many of them were executed, as against given back, and the seconds that they took.

    What the statements take does not count: where the database is what is slow, smaller batches would make it slower.
    """
    lease = seconds(settings.JOBS_LEASE_SECONDS)
    taken = claims.take_single_runs(run_ids=run_ids, worker=worker_name(), lease=lease)
    for single in taken:
        heartbeat().add(single.lane, reached=NOT_BEGUN).waits = True
    try:
        reports, took = _execute(taken)
        _finish(reports, queue)
    finally:
        for single in taken:
            heartbeat().remove(single.lane)
    for group_id in {single.lane.group_id for single in taken if single.lane.group_id is not None}:
        admission.fill_group(group_id=group_id)
    for run_id in set(run_ids) - {single.lane.run.run_id for single in taken}:
        work_lane(run_id=run_id, slot=0)  # begun before: a retry that is due; or limited; or nothing for us
    return sum(1 for _, outcome in reports if outcome.finals or outcome.failed_attempts), took


def _execute(taken: Sequence[SingleRun]) -> tuple[list[tuple[Lane, Report]], float]:
    """Execute in order; once over 250 ms, give the rest back unbegun. What came of each, and the seconds in all."""
    reports: list[tuple[Lane, Report]] = []
    starts = {single.lane.run.rates: rates.Starts(single.lane.run) for single in taken}
    for each in starts.values():
        each.prepare(left=len(taken))
    begun = time.monotonic()
    for at, single in enumerate(taken):
        outcome = Report()
        over = bool(reports) and time.monotonic() - begun > pace.LIMIT_SECONDS
        held = heartbeat().held(single.lane)
        waited = held.waits and not over and starts[single.lane.run.rates].may_start(left=len(taken) - at)
        if not held.begin_turn():
            continue  # It was held or ended, and the heartbeat has given it back.
        if not waited or held.run_stopped:
            outcomes.give_back(outcome, single.payload)
        else:
            attempted = _attempt(single)
            outcomes.add(outcome, attempted, run_stopped=held.run_stopped)
        reports.append((single.lane, outcome))
    return reports, time.monotonic() - begun


def _attempt(single: SingleRun) -> outcomes.Attempted:
    held = heartbeat().held(single.lane)
    held.reached = single.payload.position
    journal = Journal(run_id=single.lane.run.run_id, held=held)
    attempted = executor.attempt(
        context=executor.RunContext(single.lane.run),
        payload=single.payload,
        surroundings=journal.surroundings(single.payload),
    )
    journal.close()
    return attempted


def _finish(reports: Sequence[tuple[Lane, Report]], queue: str) -> None:
    """Write the plain outcomes and close their runs in one transaction; the rest, a lane at a time."""
    for lane, _ in reports:
        heartbeat().held(lane).ending = True
    plain = [(lane, outcome.finals[0]) for lane, outcome in reports if outcome.is_plain]
    if plain:
        _close_plain(plain)
    for lane, outcome in reports:
        if not outcome.is_plain:
            _report_and_leave(lane, outcome, queue)


def _close_plain(finals: Sequence[tuple[Lane, Final]]) -> None:
    try:
        with hotpath.connection() as connection, connection.transaction():
            changed = claims.report_single_runs(connection, finals=finals)
            closed = closing.close_in(connection, run_ids=changed)
    except hotpath.RETRYABLE:
        # The transaction may or may not have been committed: a lane at a time, resync tells.
        for lane, final in finals:
            _report_and_leave(lane, Report(finals=[final]), queue="")
        return
    closing.announce(closed)


def _report_and_leave(lane: Lane, outcome: Report, queue: str) -> None:
    try:
        grant = report(lane=lane, outcome=outcome, take=0)
        until_answered(lambda: claims.leave_lane(lane=lane))
    except LaneLost:
        log.warning("lane.dropped", run=lane.run.run_id, slot=lane.slot, lane=lane.id)
        return
    if grant.complete or grant.state != RunState.RUNNING:
        until_answered(lambda: settle(run_id=lane.run.run_id, grant=grant))
    elif grant.extended is not None or any(requeue.wait_ms <= LINGER_SECONDS * 1000 for requeue in outcome.requeues):
        hand_back(queue=queue, lanes=[(lane.run.run_id, 0)])
