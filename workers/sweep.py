"""The sweep: finds lanes whose owner vanished, and runs that need a message and have none. Any number run side by side."""

from __future__ import annotations

import datetime as dt
import threading
import time
from collections.abc import Callable, Container, Iterable
from contextlib import suppress

import structlog
from django.conf import settings
from django.db import InterfaceError, OperationalError, connection

from jobs import claims, dispatch, hotpath
from jobs.claims import DueRun, LostLane, Report, StartedRun
from jobs.durations import seconds
from jobs.errors import BrokerUnavailable
from jobs.kinds import SINKS_QUEUE
from jobs.services import (
    admission,
    bulk,
    bulk_each,
    closing,
    datasource_operations,
    follow_ups,
    kept_answers,
    old_replays,
    rolling,
    trial_calls,
)
from jobs.states import RunState
from sinks import claims as sink_claims
from sinks import registry
from sinks.services import checking, redelivering
from workers import attending, executor, handles, noticing, outcomes

log = structlog.get_logger(__name__)

BATCH = 200
REPUBLISH_SECONDS = 2.0
"""The wait after the sweep published for a run; it doubles while the broker's queue is long, for then the message is there and
only waits its turn."""
LONGEST_REPUBLISH_SECONDS = 15.0
WATCH_SECONDS = 10.0
"""How often a run is looked at whose lanes are all alive."""
WAITING_SECONDS = 60.0
"""How often one is that waits for its job to have fewer runs, or for room in its group: whoever makes room calls the next."""
STOPPING_SECONDS = 1.0
"""How often one is that is being paused or ended: until it is certain."""
SHORTEST_PAUSE_SECONDS = 0.01
LONG_SILENCE = 2 / 3
"""Of a lease. A database that was not heard for so long may have been away from the owners of lanes too."""


def sweep_once(*, now: dt.datetime | None = None, bury: bool = True, patience: dt.timedelta = dt.timedelta(0)) -> None:
    """One pass of all that sweeps do; see `look_after_runs` and `work_off_what_is_long`."""
    look_after_runs(now=now, bury=bury, patience=patience)
    work_off_what_is_long()


def look_after_runs(
    *, now: dt.datetime | None = None, bury: bool = True, patience: dt.timedelta = dt.timedelta(0)
) -> None:
    """Bury the lost lanes and what they left running, deal with the runs whose time has come, and with what jobs wait for. ``bury``
    False leaves the lanes for another pass, and so does a database that began within ``patience``.
    """
    if bury:
        _bury_lanes(now=now, patience=patience)
    handles.end_orphans()
    while wake_runs(now=now) == BATCH:
        pass
    admission.fill_groups()
    for task in (
        _call_deliverers,
        _erase_old_answers,
        follow_ups.work_off,
        follow_ups.recover_jobs,
        rolling.roll_up,
        noticing.tell,
    ):
        _undisturbed(task)


def work_off_what_is_long() -> None:
    """Go on with what may take seconds at a time, for which no lost lane and no run may wait."""
    for task in (bulk.work_off, bulk_each.work_off, redelivering.work_off, old_replays.work_off):
        _undisturbed(task)


def _call_deliverers() -> None:
    """Say so when a sink is owed something, unless that was said and nobody has heard it yet."""
    if sink_claims.due_sinks(limit=1, ordered=registry.ordered()):
        with suppress(BrokerUnavailable):
            if not dispatch.depth(SINKS_QUEUE):
                dispatch.publish_deliveries()


def _erase_old_answers() -> None:
    now = dt.datetime.now(dt.UTC)
    datasource_operations.erase_expired(now=now)
    checking.erase_expired(now=now)
    trial_calls.erase_expired(now=now)
    kept_answers.erase_expired(now=now)


def _undisturbed(task: Callable[[], object]) -> None:
    """What fails for one job must not keep the sweep from the others."""
    try:
        task()
    except (*hotpath.RETRYABLE, OperationalError, InterfaceError):
        connection.close()  # Django keeps a broken one.
        raise
    except Exception:
        log.exception("sweep.task_failed", task=task.__name__)


def _bury_lanes(*, now: dt.datetime | None, patience: dt.timedelta) -> None:
    """Bury what can be buried. A lane that cannot is logged, and must not keep the sweep from everything else."""
    seen: list[int] = []
    while True:
        try:
            if not bury_one_lane(now=now, seen=seen, patience=patience):
                return
        except hotpath.RETRYABLE:
            raise
        except Exception:
            log.exception("sweep.lane_not_buried", lane=seen[-1] if seen else None)


def bury_one_lane(
    *, now: dt.datetime | None = None, seen: list[int] | None = None, patience: dt.timedelta = dt.timedelta(0)
) -> bool:
    """Take back the work of one lane whose lease has run out, and that is not among those ``seen``, which it joins. False when
    there is none."""
    seen = [] if seen is None else seen
    with hotpath.connection() as connection, connection.transaction():
        lost = claims.lock_expired_lane(connection, besides=seen, patience=patience, now=now)
        if lost is None:
            return False
        seen.append(lost.lane.id)
        claims.bury_lane(connection, lost=lost, outcome=_charge(lost, now or dt.datetime.now(dt.UTC)), now=now)
    run_id = lost.lane.run.run_id
    log.warning("lane.expired", run=run_id, slot=lost.lane.slot, worker=lost.lane.worker, payloads=len(lost.payloads))
    closing.close_runs(run_ids=[run_id], now=now)
    attending.settle([run_id], now)
    return True


def _charge(lost: LostLane, now: dt.datetime) -> Report:
    """An attempt is charged up to the position that the lane had reached; what lies beyond was not begun. Each of them is tried
    alone next time: one of them may be what killed the worker."""
    context = executor.RunContext(lost.lane.run)
    report = Report()
    for payload in lost.payloads:
        if payload.position > lost.reached:
            outcomes.give_back(report, payload, alone=True)
            continue
        message = f"worker {lost.lane.worker} stopped answering: its lease ran out before it reported"
        failed = outcomes.Failed({"message": message, "code": "lost"}, lost=True)
        outcomes.add(report, outcomes.Attempted(payload, failed, context.policy(payload), lost.leased_at, now))
    return report


def wake_runs(*, now: dt.datetime | None = None) -> int:
    """Look at up to one batch of runs whose time has come: do what each lacks, and say when to look again.

    Returns:
        How many were looked at.
    """
    backlog = _backlog(claims.nudged_queues(now=now))
    with hotpath.connection() as connection, connection.transaction():
        due = claims.lock_due_runs(connection, limit=BATCH, now=now)
        if due:
            claims.snooze_runs(connection, wakes=[_wake(run, backlog) for run in due])
    attending.attend(due, now=now)
    _publish([run for run in due if attending.wants_lanes(run)])
    return len(due)


def _backlog(queues: Iterable[str]) -> frozenset[str]:
    """Those of the queues that have messages. Asked before runs are locked: a broker that is down takes seconds to say so."""
    waiting = set()
    for queue in queues:
        try:
            if dispatch.depth(queue):
                waiting.add(queue)
        except BrokerUnavailable:
            break
    return frozenset(waiting)


def _wake(run: DueRun, backlog: Container[str]) -> tuple[int, dt.datetime, int]:
    """(run id, when to look again, nudges so far)."""
    if run.state in (RunState.PAUSING, RunState.CANCELLING):
        return run.id, run.now + dt.timedelta(seconds=STOPPING_SECONDS), 0
    if not run.admitted or run.nudges < 0:
        later = run.now + dt.timedelta(seconds=WAITING_SECONDS)
        return run.id, _earliest(run, later, run.deadline_at), min(run.nudges, 0)
    if not _missing(run):
        watch_at = run.now + dt.timedelta(seconds=WATCH_SECONDS)
        return run.id, _earliest(run, watch_at, run.next_due_at, run.deadline_at), 0
    wait = REPUBLISH_SECONDS
    if run.nudges and run.queue in backlog:
        wait = min(REPUBLISH_SECONDS * 2.0 ** min(run.nudges, 10), LONGEST_REPUBLISH_SECONDS)
    return run.id, _earliest(run, run.now + dt.timedelta(seconds=wait), run.deadline_at), min(run.nudges + 1, 1000)


def _earliest(run: DueRun, *times: dt.datetime | None) -> dt.datetime:
    """Not before a moment from now: what is overdue already is dealt with in this pass."""
    soonest = min(time for time in times if time is not None)
    return max(soonest, run.now + dt.timedelta(seconds=SHORTEST_PAUSE_SECONDS))


def _missing(run: DueRun) -> list[int]:
    """The slots that should have a lane and have none. What goes on elsewhere takes a place, and needs a
    lane only to be looked at."""
    free = [slot for slot in range(run.max_lanes) if slot not in run.slots]
    places = max(len(free) - run.tracked, 0)
    return free[: run.looks + min(run.unleased + run.due - run.looks, places)] if not run.complete else []


def _publish(runs: list[DueRun]) -> None:
    messages = dispatch.messages_for(
        [StartedRun(run.id, 0, run.queue, 1, 1, run.strict) for run in runs if _is_fresh_single(run)]
    )
    for run in runs:
        if not _is_fresh_single(run):
            messages += [dispatch.LaneMessage(run.queue, [(run.id, slot)]) for slot in _missing(run)]
    try:
        dispatch.publish(messages)
    except BrokerUnavailable as error:
        log.warning("sweep.broker_unavailable", messages=len(messages), reason=str(error))


def _is_fresh_single(run: DueRun) -> bool:
    return run.total == 1 and run.unleased == 1 and not run.slots


def loop() -> None:
    """Sweep for ever: once a second, and at once when a run's time comes.

    After the database was away, leases have run out whose owners are well: for as long as one lease lasts they may renew them. That
    it was away, an error says, or an answer that took long: a statement may simply have waited until it was back. A restart that
    this process has not noticed, the server tells itself.
    """
    answered_at, patient_until = time.monotonic(), float("-inf")
    while True:
        lease = settings.JOBS_LEASE_SECONDS
        try:
            hotpath.ask()
            silent_since, answered_at = answered_at, time.monotonic()
            if answered_at - silent_since > LONG_SILENCE * lease:
                patient_until = answered_at + lease
            look_after_runs(bury=answered_at >= patient_until, patience=seconds(lease))
            next_wake = claims.seconds_to_next_wake()
        except (*hotpath.RETRYABLE, OperationalError, InterfaceError) as error:
            log.warning("sweep.database_unavailable", reason=str(error).strip())
            patient_until = time.monotonic() + lease
            next_wake = None
        except Exception:  # Whatever it is: without this thread nothing that is lost would be found.
            log.exception("sweep.failed")
            next_wake = None
        pause = settings.JOBS_SWEEP_SECONDS
        time.sleep(max(SHORTEST_PAUSE_SECONDS, min(pause, pause if next_wake is None else next_wake)))


def loop_of_what_is_long() -> None:
    """Work it off for ever, each second."""
    while True:
        try:
            work_off_what_is_long()
        except (*hotpath.RETRYABLE, OperationalError, InterfaceError) as error:
            log.warning("sweep.database_unavailable", reason=str(error).strip())
        except Exception:  # Whatever it is: without this thread no bulk action would go on.
            log.exception("sweep.failed")
        connection.close()  # The pool's, between two times.
        time.sleep(settings.JOBS_SWEEP_SECONDS)


def start(**_: object) -> None:
    """Sweep in two threads of this process. Connected to Celery's worker_ready and beat_init."""
    threading.Thread(target=loop, name="sweep", daemon=True).start()
    threading.Thread(target=loop_of_what_is_long, name="long-sweep", daemon=True).start()
