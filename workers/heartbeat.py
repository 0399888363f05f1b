"""The heartbeat: one thread a process moves forward the leases of all its lanes in one statement."""

from __future__ import annotations

import json
import os
import threading
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Protocol

import structlog
from django.conf import settings

from jobs import claims, hotpath
from jobs.durations import seconds
from jobs.errors import LaneLost
from jobs.states import RunState
from workers import pace
from workers.deadline import Deadline
from workers.payloads.base import Work
from workers.unreported import Unreported

log = structlog.get_logger(__name__)

BEATS_PER_LEASE = 5
"""A lease outlives at least four lost heartbeats: a short stall of the database or of the process costs nothing."""

LONGEST_PAUSE_SECONDS = 1.0
"""Progress is shown, and a stopped run is noticed, this soon at the latest."""


@dataclass(slots=True)
class AtWork:
    """The attempt that a lane makes: which (``position:attempt``), its deadline, and how often that was extended from outside."""

    key: str
    deadline: Deadline
    extensions: int = 0


class Held:
    """What the heartbeat knows of one lane of this process."""

    def __init__(self, lane: claims.Lane) -> None:
        self.lane = lane
        self.reached = 0
        self.progress: dict[str, Any] | None = None
        self.cancelled = threading.Event()
        """Set when what is at work is to stop."""
        self.lost = threading.Event()
        """Set before, when that is because somebody else has the lane."""
        self.begun_at: float | None = None
        """When the payload at ``reached`` began, by the monotonic clock; None between payloads."""
        self.range_end = 0
        """Where the range ends that the lane works; 0 when it holds none, but positions that were requeued."""
        self.unreported: Unreported | None = None
        self.batch: TakenTogether | None = None
        """Of a run of one payload: those that it was taken together with."""
        self.run_stopped = False
        """The run is being ended: what is at work was told to stop, and is not tried again."""
        self.at_work: AtWork | None = None
        """It may ask for more time through the API. One value, for the heartbeat reads it while the lane goes on."""
        self.waits = False
        """It was taken together with others that come first, and has not begun. See `begin_turn` and `withdraw`."""
        self.withdrawn = False
        """Nobody begins it any more, and it is to be given back."""
        self.shed_at: float | None = None
        """When the payload began for which the heartbeat has shed what lay behind it: once is enough."""
        self.failures = 0
        """How often the heartbeat failed at what it does beside renewing the lease."""
        self._turn = threading.Lock()
        self.ending = False
        """Set before the owner gives the lane up: that it is gone then is no loss."""

    def begin_turn(self) -> bool:
        """Note that the turn of a lane that waits has come. False when the heartbeat was faster: it has given the lane back."""
        with self._turn:
            waited, self.waits = self.waits, False
            return waited

    def withdraw(self) -> bool:
        """See to it that nobody begins a lane that waits. False when its turn has come."""
        if not self.begin_turn():
            return False
        self.withdrawn = self.ending = True
        return True

    def begin(self, work: Work) -> None:
        """Note the attempt that begins now, so that a call from outside can extend its time."""
        self.at_work = AtWork(f"{work.position}:{work.attempt}", work.deadline)


class TakenTogether(Protocol):
    """Runs of one payload that are worked one after another."""

    @property
    def begun_at(self) -> float | None:
        """When the one at work began, by the monotonic clock; None between two."""

    def shares_place(self, lane: claims.Lane) -> bool:
        """Whether others are worked, or are to be, in the place that this one's lane has in a group."""

    def finish_early(self) -> None:
        """Close, without keeping the caller waiting, those that have ended."""


class Heartbeat:
    """Keeps the lanes that it was given alive until they are taken away again."""

    def __init__(self) -> None:
        self._held: dict[int, Held] = {}
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None

    def add(self, lane: claims.Lane, *, reached: int = 0) -> Held:
        """Begin to renew this lane's lease."""
        held = Held(lane)
        held.reached = reached
        with self._lock:
            self._held[lane.id] = held
            self._ensure_thread()
        return held

    def held(self, lane: claims.Lane) -> Held:
        """What was added for this lane."""
        with self._lock:
            return self._held[lane.id]

    def remove(self, lane: claims.Lane) -> None:
        """Stop renewing it."""
        with self._lock:
            self._held.pop(lane.id, None)

    def beat(self) -> None:
        """One pass: renew every lane; tell those that are lost, or whose runs are ended, to stop; let nothing wait for what takes
        long."""
        with self._lock:
            held = list(self._held.values())
        if not held:
            return
        states = claims.heartbeat(
            lane_ids=[each.lane.id for each in held],
            reached=[each.reached for each in held],
            progress=[None if each.progress is None else json.dumps(each.progress) for each in held],
            lease=seconds(settings.JOBS_LEASE_SECONDS),
        )
        alive = [each for each in held if each.lane.id in states]
        for each in held:
            if each.lane.id in states:
                _obey(each, *states[each.lane.id])
            else:
                self._lost(each)
        for each in sorted(alive, key=lambda each: each.failures):
            if not _see_to_others(each, states[each.lane.id][0]):
                break  # it has taken time already: the next beat must not come late

    def _lost(self, held: Held) -> None:
        with self._lock:
            gave_up = self._held.get(held.lane.id) is not held
        if not gave_up and not held.ending and not held.lost.is_set():
            log.warning("lane.lost", run=held.lane.run.run_id, slot=held.lane.slot, lane=held.lane.id)
            held.lost.set()
            held.cancelled.set()

    def _ensure_thread(self) -> None:
        if self._thread is None or not self._thread.is_alive():
            self._thread = threading.Thread(target=self._loop, name="heartbeat", daemon=True)
            self._thread.start()

    def _loop(self) -> None:
        while True:
            time.sleep(min(LONGEST_PAUSE_SECONDS, settings.JOBS_LEASE_SECONDS / BEATS_PER_LEASE))
            try:
                self.beat()
            except hotpath.RETRYABLE as error:
                log.warning("heartbeat.database_unavailable", reason=str(error).strip())
            except Exception:  # Whatever it is: without this thread every lane of the process would be lost.
                log.exception("heartbeat.failed")


def _obey(held: Held, state: RunState, time_extensions: Mapping[str, int]) -> None:
    """Tell the payload at work what was decided elsewhere: that it must stop, or that it has more time."""
    if state == RunState.CANCELLING and not held.run_stopped:
        held.run_stopped = True
        held.cancelled.set()
        log.info("lane.stopped", run=held.lane.run.run_id, slot=held.lane.slot, lane=held.lane.id)
    at_work = held.at_work
    if at_work is not None and time_extensions.get(at_work.key, 0) > at_work.extensions:
        at_work.extensions = time_extensions[at_work.key]
        at_work.deadline.extend()


def _see_to_others(held: Held, state: RunState) -> bool:
    """Let go of what others can take. False when the database failed at it: the next beat tries again, others first."""
    try:
        _give_back(held, state)
        _spare_others(held)
    except hotpath.RETRYABLE as error:
        held.failures += 1
        log.warning("heartbeat.others_wait", lane=held.lane.id, reason=str(error).strip())
        return False
    except Exception:  # one lane's fault must not keep the others from it
        held.failures += 1
        log.exception("heartbeat.others_wait", lane=held.lane.id)
        return False
    return True


def _give_back(held: Held, state: RunState) -> None:
    """Let go of a run before its turn when it is held or ended, or when the one before it takes long; again until the database has
    said that it did. Should this process fail in between, the lane's lease runs out."""
    stopped = state in (RunState.PAUSING, RunState.CANCELLING)
    kept_waiting = held.batch is not None and _takes_long(held.batch.begun_at)
    if held.waits and (stopped or kept_waiting) and not (held.batch is not None and held.batch.shares_place(held.lane)):
        held.withdraw()
    if held.withdrawn:
        claims.give_back_single_run(lane=held.lane)
        held.withdrawn = False
        log.info("lane.given_back", run=held.lane.run.run_id, lane=held.lane.id)


def _spare_others(held: Held) -> None:
    """Let nothing wait for a payload that takes long: others may take what is behind it, and what came before it is reported."""
    begun_at, reached, range_end, sequence = held.begun_at, held.reached, held.range_end, held.lane.sequence
    if held.begun_at is not begun_at or not _takes_long(begun_at):  # the lane may have gone on between the reads
        return
    if held.batch is not None:
        held.batch.finish_early()
        return
    if held.shed_at is not begun_at:
        _shed(held, reached, range_end, sequence)
        held.shed_at = begun_at
    if held.unreported is not None:
        with suppress(LaneLost):  # The next beat finds that out.
            reported = held.unreported.report_early(
                keep_from=reached if range_end else 0,
                still=lambda: held.begun_at is begun_at,
                lease=seconds(settings.JOBS_LEASE_SECONDS),
            )
            if reported:
                log.info("lane.reported_early", run=held.lane.run.run_id, slot=held.lane.slot, payloads=reported)


def _takes_long(begun_at: float | None) -> bool:
    """For twice the limit, so that the clock of a lane that batches is sure to say the same when the payload ends: it gives back
    what is left of its range then, and never executes what was shed. (A strict lane is told with the outcome that it reports.)"""
    return begun_at is not None and now() - begun_at >= 2 * pace.LIMIT_SECONDS


def now() -> float:
    """By the clock that lanes go by."""
    return time.monotonic()


def _shed(held: Held, reached: int, range_end: int, sequence: int) -> None:
    if not range_end:
        shed = claims.shed_requeued(lane=held.lane, sequence=sequence, reached=reached)
    elif range_end > reached + 1:
        shed = claims.shed_range(lane=held.lane, sequence=sequence, keep=reached + 1)
    else:
        return
    if shed:
        log.info("lane.shed", run=held.lane.run.run_id, slot=held.lane.slot, payloads=shed)


_heartbeats: dict[int, Heartbeat] = {}


def heartbeat() -> Heartbeat:
    """This process's heartbeat: a forked child has its own."""
    return _heartbeats.setdefault(os.getpid(), Heartbeat())
