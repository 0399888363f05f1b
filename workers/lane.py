"""The lane: take a slot, lease a range, execute it, report it; until nothing is left, the slice is over, or the worker stops."""

from __future__ import annotations

import time

import structlog
from django.conf import settings

from jobs import claims, dispatch, hotpath
from jobs.claims import Grant, Lane, Leased, Report
from jobs.durations import seconds
from jobs.errors import BrokerUnavailable, LaneLost
from jobs.services import admission, closing, control
from jobs.states import PayloadState, RunState, StopReason
from workers import executor, outcomes, pace, persistence, rates, stopping
from workers.heartbeat import Held, heartbeat
from workers.identity import worker_name
from workers.journal import Journal
from workers.unreported import Unreported

log = structlog.get_logger(__name__)

LINGER_SECONDS = 1.0
"""A lane whose run has nothing left but a retry that is due this soon waits for it; longer waits are the sweep's."""

NOTHING = Grant(RunState.RUNNING, complete=False, due=False, payloads=[])


def work_lane(*, run_id: int, slot: int, in_line: bool = True) -> None:
    """Work one lane of a run. Does nothing when somebody else has it: the message was a duplicate.

    With ``in_line`` False its message still stands in line, so that none is sent again when there is more to do.
    """
    lease = seconds(settings.JOBS_LEASE_SECONDS)
    lane = claims.take_lane(run_id=run_id, slot=slot, worker=worker_name(), lease=lease, take=1)
    if lane is None:
        return
    held = heartbeat().add(lane)
    try:
        again = Turn(lane, held).work()
    except LaneLost:
        log.warning("lane.dropped", run=run_id, slot=slot, lane=lane.id)
        return
    finally:
        heartbeat().remove(lane)
    if lane.group_id is not None:
        admission.fill_group(group_id=lane.group_id)
    if again and in_line:
        hand_back(queue=lane.run.queue, lanes=[(run_id, slot)])


def hand_back(*, queue: str, lanes: list[tuple[int, int]]) -> None:
    """Let lanes stand in line again, a message each. With the broker away the sweep republishes: a failure costs only time."""
    try:
        dispatch.publish([dispatch.LaneMessage(queue, [lane]) for lane in lanes])
    except BrokerUnavailable as error:
        log.warning("lane.not_republished", lanes=lanes[:10], reason=str(error))


def settle(*, run_id: int, grant: Grant) -> None:
    """After a lane was left: the step that its run was only waiting for. The sweep takes it if this process dies before."""
    if grant.complete:
        closing.close_runs(run_ids=[run_id])
    elif grant.state == RunState.PAUSING:
        with hotpath.connection() as connection, connection.cursor() as cursor:
            claims.settle_pause(cursor, run_ids=[run_id])
    elif grant.state == RunState.CANCELLING:
        control.cancel_queued(run_id=run_id)


def stop_failed(*, run_id: int) -> None:
    """Begin to end a run of which a payload failed."""
    with hotpath.connection() as connection, connection.cursor() as cursor:
        claims.stop_runs(cursor, run_ids=[run_id], reason=StopReason.FIRST_FAILURE, actor="", note="")


class Turn:
    """One turn at one lane: until nothing is left, the slice is over, or the worker stops."""

    def __init__(self, lane: Lane, held: Held) -> None:
        self._lane = lane
        self._held = held
        self._context = executor.RunContext(lane.run)
        self._journal = Journal(run_id=lane.run.run_id, held=held)
        self._pace = pace.Pace(aim_seconds=pace.STRICT_AIM_SECONDS if lane.run.strict else pace.AIM_SECONDS)
        self._starts = rates.Starts(lane.run)
        self._ends_at = time.monotonic() + settings.JOBS_SLICE_SECONDS
        self._grant = NOTHING
        self._asked_for_range = False
        self._crowded = lane.crowded
        self._left_behind = False
        self._unreported = held.unreported = Unreported(lane)

    def work(self) -> bool:
        """Work the lane and give it up.

        Returns:
            True when the run has more for this lane, so that its message must be sent again.

        Raises:
            LaneLost: The lane was taken back; whoever took it has charged the attempt.
        """
        self._begin()
        while payloads := self._obtain():
            outcome = self._execute_strictly(payloads) if self._lane.run.strict else self._execute(payloads)
            over = time.monotonic() >= self._ends_at or stopping.asked() or self._starts.blocked or self._left_behind
            self._report(outcome, take=0 if over or self._grant.due else self._starts.at_once(self._take()))
            if over:
                break
        self._journal.close()
        self._held.ending = True
        persistence.until_answered(lambda: claims.leave_lane(lane=self._lane))
        self._starts.leave()
        persistence.until_answered(lambda: settle(run_id=self._lane.run.run_id, grant=self._grant))
        return bool(payloads) and not self._is_over() and not self._starts.blocked and not self._left_behind

    def _begin(self) -> None:
        """With what was leased together with the lane; with a first report where nothing was."""
        if self._lane.first is None:
            self._report(Report(), take=self._starts.at_once(self._take()))
        else:
            self._grant = self._lane.first
            self._asked_for_range = bool(self._grant.payloads)
            self._hold_range()

    def _obtain(self) -> list[Leased]:
        """The next payloads to execute: what the last report leased, else what waits out of line, else the next range."""
        if self._grant.payloads or self._is_over():
            return self._grant.payloads
        if self._grant.due and (payloads := self._lease_requeued()):
            return payloads
        if not self._asked_for_range:
            self._report(Report(), take=self._starts.ask(self._take()))
            if self._grant.payloads or self._is_over():
                return self._grant.payloads
        return self._linger()

    def _take(self) -> int:
        if self._crowded:
            return 0
        return self._pace.take(left=self._grant.left, lanes=self._lane.run.max_lanes)

    def _is_over(self) -> bool:
        return self._grant.complete or self._grant.state != RunState.RUNNING

    def _linger(self) -> list[Leased]:
        """Wait for a retry that is due soon, for nothing else is left. Longer waits are the sweep's."""
        if self._starts.blocked:
            return []
        wait = persistence.until_answered(lambda: claims.seconds_to_next_due(run_id=self._lane.run.run_id))
        if wait is None or wait > LINGER_SECONDS or stopping.asked():
            return []
        time.sleep(wait)
        return self._lease_requeued()

    def _lease_requeued(self) -> list[Leased]:
        self._held.reached = self._held.range_end = 0
        take = self._starts.ask(1 if self._lane.run.strict else self._pace.size)
        payloads = persistence.lease_requeued(lane=self._lane, take=take) if take else []
        self._grant = self._grant._replace(due=False)  # the next report says whether more of them are due
        self._held.reached = payloads[0].position if payloads else 0
        return payloads

    def _execute(self, payloads: list[Leased]) -> Report:
        """Execute a range in order. What would take it beyond 250 ms, or beyond the worker's stop, is given back."""
        unreported, begun, done = self._unreported, time.monotonic(), 0
        for at, payload in enumerate(payloads):
            over = time.monotonic() - begun > pace.LIMIT_SECONDS or stopping.asked()
            waited = not (done and over) and self._starts.may_start(left=len(payloads) - at)
            if not waited or self._held.run_stopped:  # Asked last: it may have been stopped while this waited.
                with unreported.lock:
                    outcomes.give_back(unreported.report, payload)
                continue
            attempted = self._attempt(payload)
            with unreported.lock:
                outcomes.add(unreported.report, attempted, run_stopped=self._held.run_stopped)
            done += 1
        self._pace.measured(payloads=done, seconds=time.monotonic() - begun)
        return unreported.collect()

    def _execute_strictly(self, payloads: list[Leased]) -> Report:
        """Execute a range in order, each outcome committed before the next payload starts. The last one is left to report."""
        begun = time.monotonic()
        outcome, rest, done = Report(), payloads, 0
        while self._starts.may_start(left=len(rest)) and not self._held.run_stopped:
            payload, rest = rest[0], rest[1:]
            outcomes.add(outcome, self._attempt(payload), run_stopped=self._held.run_stopped)
            done += 1
            if (
                not rest
                or self._left_behind
                or time.monotonic() - begun > pace.STRICT_LIMIT_SECONDS
                or stopping.asked()
            ):
                break
            rest = self._report_in_range(outcome, rest)
            outcome = Report()
            if not rest or self._is_over():
                break
        self._pace.measured(payloads=done, seconds=time.monotonic() - begun)
        for payload in rest:
            outcomes.give_back(outcome, payload)
        return outcome

    def _report_in_range(self, outcome: Report, rest: list[Leased]) -> list[Leased]:
        """Commit one outcome; what the lane still holds of the rest of its range."""
        self._journal.flush()
        if outcome.is_plain:
            kept = persistence.report_one(lane=self._lane, final=outcome.finals[0])
            self._grant = self._grant._replace(state=kept.state, left=kept.left)
            return rest if kept.more else []
        grant = persistence.report(lane=self._lane, outcome=outcome, take=0, keep_from=rest[0].position)
        self._grant = self._grant._replace(state=grant.state)
        self._stop_at_failure(outcome)
        return grant.payloads

    def _stop_at_failure(self, outcome: Report) -> None:
        """End the run if a payload failed for good and its job will have no more of it. The sweep does it if this process dies."""
        if self._ends_run(outcome) and not self._is_over():
            persistence.until_answered(lambda: stop_failed(run_id=self._lane.run.run_id))
            self._grant = self._grant._replace(state=RunState.CANCELLING)

    def _ends_run(self, outcome: Report) -> bool:
        return bool(self._lane.run.configuration.get("stop_on_first_failure")) and any(
            final.state == PayloadState.FAILED for final in outcome.finals
        )

    def _attempt(self, payload: Leased) -> outcomes.Attempted:
        self._held.reached = payload.position
        self._held.begun_at = time.monotonic()
        try:
            attempted = executor.attempt(
                context=self._context, payload=payload, surroundings=self._journal.surroundings(payload)
            )
        finally:
            self._held.begun_at = None
        # What goes on elsewhere takes this lane's place; what has ended gives its own to the lane.
        self._left_behind = self._left_behind or isinstance(attempted.outcome, outcomes.GoesOn)
        self._crowded = False
        return attempted

    def _report(self, outcome: Report, *, take: int) -> None:
        self._journal.flush()
        # Before the lane moves on, or the heartbeat could tell the new range the old one's positions.
        self._held.reached = self._held.range_end = 0
        take = 0 if self._ends_run(outcome) else take
        self._grant = persistence.report(lane=self._lane, outcome=outcome, take=take)
        self._asked_for_range = take > 0
        self._stop_at_failure(outcome)
        self._hold_range()

    def _hold_range(self) -> None:
        if self._grant.payloads:
            self._held.reached = self._grant.payloads[0].position
            self._held.range_end = self._grant.payloads[-1].position + 1
