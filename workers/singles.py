"""Messages that carry many runs of one payload each: taken, executed and closed together, as many as fit into one range."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable, Iterable, Sequence

import structlog
from django.conf import settings

from jobs import claims, hotpath
from jobs.claims import ClosedRun, Final, Lane, Report, SingleRun
from jobs.durations import seconds
from jobs.errors import LaneLost
from jobs.services import closing
from jobs.states import RunState
from workers import executor, outcomes, pace, rates, stopping
from workers.heartbeat import Held, heartbeat
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


class Places:
    """Which of the lanes that were taken together has the place in which group: the others of the group are worked in it.

    Asked by the heartbeat's thread and by whoever finishes; changed by the latter alone.
    """

    def __init__(self, taken: Sequence[SingleRun]) -> None:
        self._taken = taken
        self._groups = {each.lane.id: each.lane.group_id for each in taken if each.lane.group_id is not None}

    def in_that_of(self, lane: Lane) -> list[SingleRun]:
        """The others that are worked in the place that this lane has; none where it has none."""
        group_id = self._groups.get(lane.id)
        if group_id is None:
            return []
        return [each for each in self._taken if each.run_group_id == group_id and each.lane is not lane]

    def pass_on(self, lane: Lane, *, to: Lane) -> None:
        """Let another lane have this one's place."""
        until_answered(lambda: claims.pass_place(lane=lane, to=to))
        self._groups[to.id] = self._groups.pop(lane.id)

    def leave(self, lanes: Iterable[Lane]) -> list[int]:
        """Note that these were given up; the groups in which there is a free place now."""
        left = [self._groups.pop(lane.id) for lane in lanes if lane.id in self._groups]
        return sorted(set(left))


class Batch:
    """Runs of one payload each that were taken together, and what came of them. They are closed together, unless one takes long:
    then the heartbeat has those closed that have ended."""

    def __init__(self, taken: Sequence[SingleRun], queue: str) -> None:
        self.begun_at: float | None = None
        self.executed = 0
        self.seconds = 0.0
        self._taken = taken
        self._queue = queue
        self._held: dict[int, Held] = {}
        self._ended: deque[tuple[Lane, Report]] = deque()
        """Not yet closed. One thread enters while another takes."""
        self._finishing = threading.Lock()
        self._current: SingleRun | None = None
        """The last whose turn came."""
        self._places = Places(taken)

    def hold(self) -> None:
        """Have the leases renewed, until `let_go`."""
        for each in self._taken:
            held = self._held[each.lane.id] = heartbeat().add(each.lane, reached=NOT_BEGUN)
            held.batch, held.waits = self, True

    def let_go(self) -> None:
        """No longer renew them."""
        for each in self._taken:
            heartbeat().remove(each.lane)

    def execute(self) -> None:
        """Execute in order; once over 250 ms, give the rest back unbegun."""
        starts = {single.lane.run.rates: rates.Starts(single.lane.run) for single in self._taken}
        for each in starts.values():
            each.prepare(left=len(self._taken))
        begun = time.monotonic()
        for at, single in enumerate(self._taken):
            outcome = Report()
            over = self.executed > 0 and time.monotonic() - begun > pace.LIMIT_SECONDS
            held = self._held[single.lane.id]
            waited = held.waits and not over and starts[single.lane.run.rates].may_start(left=len(self._taken) - at)
            self._current = single
            if not held.begin_turn():
                continue  # The heartbeat has given it back.
            if not waited or held.run_stopped:
                outcomes.give_back(outcome, single.payload)
            else:
                outcomes.add(outcome, self._attempt(single, held), run_stopped=held.run_stopped)
                self.executed += 1
            self._ended.append((single.lane, outcome))
        self.seconds = time.monotonic() - begun

    def _attempt(self, single: SingleRun, held: Held) -> outcomes.Attempted:
        held.reached = single.payload.position
        journal = Journal(run_id=single.lane.run.run_id, held=held)
        self.begun_at = held.begun_at = time.monotonic()
        try:
            attempted = executor.attempt(
                context=executor.RunContext(single.lane.run),
                payload=single.payload,
                surroundings=journal.surroundings(single.payload),
            )
        finally:
            self.begun_at = held.begun_at = None
        journal.close()
        return attempted

    def shares_place(self, lane: Lane) -> bool:
        """Whether others are worked, or are to be, in the place that this one's lane has in a group."""
        alike = self._places.in_that_of(lane)
        # In this order: who no longer waits, and was not given back, had its turn before.
        return any(self._waits(each.lane) for each in alike) or self._current in alike

    def _waits(self, lane: Lane) -> bool:
        held = self._held.get(lane.id)
        return held is None or held.waits  # it is being added just now

    def finish_early(self) -> None:
        """Finish what has ended in a thread of its own: the broker may keep it waiting."""
        if self._ended and not self._finishing.locked():
            threading.Thread(target=self._finish_quietly, name="early-finish", daemon=True).start()

    def _finish_quietly(self) -> None:
        try:
            self._finish(self._may_leave)
        except Exception:  # It is finished with the others.
            log.exception("batch.not_finished_early")

    def _may_leave(self, lane: Lane) -> bool:
        """Whether a lane can be given up while others are worked. One that has a place passes it on to the one at work; if that is
        of another group, the lane stays until those who wait in its place were given back."""
        current = self._current
        if current is None or current not in self._places.in_that_of(lane):
            return not self.shares_place(lane)
        self._places.pass_on(lane, to=current.lane)
        return True

    def finish(self) -> None:
        """Report and close what has ended and is not closed yet."""
        self._finish(lambda _: True)

    def _finish(self, may_leave: Callable[[Lane], bool]) -> None:
        """Two that do it do it one after the other. What fails in the middle can be done again: each lane's report is fenced."""
        with self._finishing:
            ended = [each for each in tuple(self._ended) if may_leave(each[0])]
            for lane, _ in ended:
                self._held[lane.id].ending = True
            closed = _write(ended, self._queue)
            for each in ended:
                self._ended.remove(each)
            left_groups = self._places.leave(lane for lane, _ in ended)
        closing.announce(closed, left_groups=left_groups)


def _work_batch(run_ids: Sequence[int], queue: str) -> tuple[int, float]:
    """Work these runs; how many of them were executed, as against given back, and the seconds that they took.

    What the statements take does not count: where the database is what is slow, smaller batches would make it slower.
    """
    lease = seconds(settings.JOBS_LEASE_SECONDS)
    taken = claims.take_single_runs(run_ids=run_ids, worker=worker_name(), lease=lease)
    batch = Batch(taken, queue)
    try:
        batch.hold()
        batch.execute()
        batch.finish()
    finally:
        batch.let_go()
    for run_id in set(run_ids) - {single.lane.run.run_id for single in taken}:
        work_lane(run_id=run_id, slot=0)  # begun before: a retry that is due; or limited; or nothing for us
    return batch.executed, batch.seconds


def _write(reports: Sequence[tuple[Lane, Report]], queue: str) -> list[ClosedRun]:
    """Write the plain outcomes and close their runs in one transaction; the rest, a lane at a time.

    Returns:
        Runs that were closed and are to be announced.
    """
    # In the order of their runs, in which every statement locks that takes several.
    plain = [(lane, outcome.finals[0]) for lane, outcome in reports if outcome.is_plain]
    closed = _close_plain(plain) if plain else []
    for lane, outcome in reports:
        if not outcome.is_plain:
            _report_and_leave(lane, outcome, queue)
    return closed


def _close_plain(finals: Sequence[tuple[Lane, Final]]) -> list[ClosedRun]:
    try:
        with hotpath.connection() as connection, connection.transaction():
            changed = claims.report_single_runs(connection, finals=finals)
            return closing.close_in(connection, run_ids=changed)
    except hotpath.RETRYABLE:
        # The transaction may or may not have been committed: a lane at a time, resync tells.
        for lane, final in finals:
            _report_and_leave(lane, Report(finals=[final]), queue="")
        return []


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
