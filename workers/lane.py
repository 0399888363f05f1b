"""The lane: take a slot, lease a range, execute it, report it; until nothing is left, the slice is over, or the worker stops."""

from __future__ import annotations

import time

import structlog
from django.conf import settings

from jobs import claims, dispatch
from jobs.claims import Grant, Lane, Leased, Report
from jobs.durations import seconds
from jobs.errors import BrokerUnavailable, LaneLost
from jobs.states import RunState
from workers import closing, executor, outcomes, pace, persistence, stopping
from workers.heartbeat import Held, heartbeat
from workers.identity import worker_name
from workers.journal import Journal

log = structlog.get_logger(__name__)

LINGER_SECONDS = 1.0
"""A lane whose run has nothing left but a retry that is due this soon waits for it; longer waits are the sweep's."""

NOTHING = Grant(RunState.RUNNING, complete=False, due=False, payloads=[])


def work_lane(*, run_id: int, slot: int) -> None:
    """Work one lane of a run. Does nothing when somebody else has it: the message was a duplicate."""
    lane = claims.take_lane(run_id=run_id, slot=slot, worker=worker_name(), lease=seconds(settings.JOBS_LEASE_SECONDS))
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
    if again:
        hand_back(queue=lane.run.queue, lanes=[(run_id, slot)])


def hand_back(*, queue: str, lanes: list[tuple[int, int]]) -> None:
    """Let lanes stand in line again, a message each. With the broker away the sweep republishes: a failure costs only time."""
    try:
        dispatch.publish([dispatch.LaneMessage(queue, [lane]) for lane in lanes])
    except BrokerUnavailable as error:
        log.warning("lane.not_republished", lanes=lanes[:10], reason=str(error))


class Turn:
    """One turn at one lane: until nothing is left, the slice is over, or the worker stops."""

    def __init__(self, lane: Lane, held: Held) -> None:
        self._lane = lane
        self._held = held
        self._context = executor.RunContext(lane.run)
        self._journal = Journal(run_id=lane.run.run_id, held=held)
        self._pace = pace.Pace()
        self._ends_at = time.monotonic() + settings.JOBS_SLICE_SECONDS
        self._grant = NOTHING
        self._asked_for_range = False

    def work(self) -> bool:
        """Work the lane and give it up.

        Returns:
            True when the run has more for this lane, so that its message must be sent again.

        Raises:
            LaneLost: The lane was taken back; whoever took it has charged the attempt.
        """
        self._report(Report(), take=self._take())
        while payloads := self._obtain():
            outcome = self._execute_strictly(payloads) if self._lane.run.strict else self._execute(payloads)
            over = time.monotonic() >= self._ends_at or stopping.asked()
            self._report(outcome, take=0 if over or self._grant.due else self._take())
            if over:
                break
        self._journal.close()
        self._held.ending = True
        persistence.until_answered(lambda: claims.leave_lane(lane=self._lane))
        if self._grant.complete:
            persistence.until_answered(lambda: closing.close_runs(run_ids=[self._lane.run.run_id]))
            return False
        return bool(payloads) and self._grant.state == RunState.RUNNING

    def _obtain(self) -> list[Leased]:
        """The next payloads to execute: what the last report leased, else what waits out of line, else the next range."""
        if self._grant.payloads or self._is_over():
            return self._grant.payloads
        if self._grant.due and (payloads := self._lease_requeued()):
            return payloads
        if not self._asked_for_range:
            self._report(Report(), take=self._take())
            if self._grant.payloads or self._is_over():
                return self._grant.payloads
        return self._linger()

    def _take(self) -> int:
        return self._pace.take(left=self._grant.left, lanes=self._lane.run.max_lanes)

    def _is_over(self) -> bool:
        return self._grant.complete or self._grant.state != RunState.RUNNING

    def _linger(self) -> list[Leased]:
        """Wait for a retry that is due soon, for nothing else is left. Longer waits are the sweep's."""
        wait = persistence.until_answered(lambda: claims.seconds_to_next_due(run_id=self._lane.run.run_id))
        if wait is None or wait > LINGER_SECONDS or stopping.asked():
            return []
        time.sleep(wait)
        return self._lease_requeued()

    def _lease_requeued(self) -> list[Leased]:
        self._held.reached = self._held.range_end = 0
        payloads = persistence.lease_requeued(lane=self._lane, take=1 if self._lane.run.strict else self._pace.size)
        self._grant = self._grant._replace(due=False)  # the next report says whether more of them are due
        self._held.reached = payloads[0].position if payloads else 0
        return payloads

    def _execute(self, payloads: list[Leased]) -> Report:
        """Execute a range in order. What would take it beyond 250 ms, or beyond the worker's stop, is given back."""
        outcome = Report()
        begun = time.monotonic()
        done = 0
        for payload in payloads:
            if done and (time.monotonic() - begun > pace.LIMIT_SECONDS or stopping.asked()):
                outcomes.give_back(outcome, payload)
                continue
            outcomes.add(outcome, self._attempt(payload))
            done += 1
        self._pace.measured(payloads=done, seconds=time.monotonic() - begun)
        return outcome

    def _execute_strictly(self, payloads: list[Leased]) -> Report:
        """Execute a range in order, each outcome committed before the next payload starts. The last one is left to report."""
        begun = time.monotonic()
        rest, done = payloads, 0
        while True:
            outcome, payload, rest = Report(), rest[0], rest[1:]
            outcomes.add(outcome, self._attempt(payload))
            done += 1
            if not rest or time.monotonic() - begun > pace.LIMIT_SECONDS or stopping.asked():
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
            state, more = persistence.report_one(lane=self._lane, final=outcome.finals[0])
            self._grant = self._grant._replace(state=state)
            return rest if more else []
        grant = persistence.report(lane=self._lane, outcome=outcome, take=0, keep_from=rest[0].position)
        self._grant = self._grant._replace(state=grant.state)
        return grant.payloads

    def _attempt(self, payload: Leased) -> outcomes.Attempted:
        self._held.reached = payload.position
        self._held.begun_at = time.monotonic()
        try:
            return executor.attempt(
                context=self._context, payload=payload, surroundings=self._journal.surroundings(payload)
            )
        finally:
            self._held.begun_at = None

    def _report(self, outcome: Report, *, take: int) -> None:
        self._journal.flush()
        # Before the lane moves on, or the heartbeat could tell the new range the old one's positions.
        self._held.reached = self._held.range_end = 0
        self._grant = persistence.report(lane=self._lane, outcome=outcome, take=take)
        self._asked_for_range = take > 0
        if self._grant.payloads:
            self._held.reached = self._grant.payloads[0].position
            self._held.range_end = self._grant.payloads[-1].position + 1
