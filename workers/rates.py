"""When the payloads of a run with a rate may start. The rate itself is kept in the database, for the whole fleet."""

from __future__ import annotations

import time

from jobs.claims import RunInfo, limits
from workers import persistence, stopping

RANGE_SECONDS = 0.2
"""Starts reserved at once reach this far: what is reserved and not used is lost to the others."""
SHIFT_SECONDS = 0.005
"""As much the starts may drift within a range under two rates of different intervals; beyond it they are reserved one by one."""
LATE_SECONDS = 0.05
"""Starts that are missed by more are given up for new ones: else what begins late and what is on time would crowd together."""
SLACK_SECONDS = 0.005
"""Unless they are so few: five thousand of a million a second, five of a thousand. A lane that is late adds no more than these to
what a period allows, and new ones would cost a statement each time the worker has to wait for its processor."""
AT_ONCE_SECONDS = 0.02
"""An outcome may wait this long for the start of the lane's next payload, to be reported together with the question for it."""


class Starts:
    """The starts that one lane has reserved. For a run without rates everything may start at once, and nothing is asked.

    ``wait`` is set when the next start is more than a second away, to that many seconds: give up the lane, and `leave`.
    """

    def __init__(self, run: RunInfo) -> None:
        self._run = run
        self._rates = run.rates
        self._interval = max((rate.interval_ms for rate in run.rates), default=0.0) / 1000
        alike = len({rate.interval_ms for rate in run.rates}) <= 1
        reach = RANGE_SECONDS if alike else SHIFT_SECONDS
        self._most = max(1, int(reach / self._interval)) if self._interval else 1
        self._left = 0
        self._next_at = 0.0
        self.wait: float | None = None

    @property
    def blocked(self) -> bool:
        """Whether the lane should be given up until its rate lets it start."""
        return self.wait is not None

    def at_once(self, want: int) -> int:
        """How many of the payloads wanted may be leased without keeping back what is to be reported: 0 if the start is not near."""
        if not self._rates:
            return want
        if not self._ready(want) or self._next_at - time.monotonic() > AT_ONCE_SECONDS:
            return 0
        return min(want, self._left)

    def ask(self, want: int) -> int:
        """How many of the payloads wanted may be leased; waits until the first of them may start. 0 when `blocked`."""
        if not self._rates:
            return want
        if not self._ready(want):
            return 0
        self._sleep()
        return min(want, self._left)

    def may_start(self, *, left: int) -> bool:
        """Wait until the next payload may start.

        Args:
            left: How many there are to start, it included.

        Returns:
            False when that is too far away: it and the rest must be given back.
        """
        if not self._rates:
            return True
        if not self._ready(left):
            return False
        self._sleep()
        self._left -= 1
        self._next_at = max(self._next_at, time.monotonic()) + self._interval
        return True

    def prepare(self, *, left: int) -> None:
        """Reserve what `may_start` would, before the time is taken that the payloads need."""
        if self._rates:
            self._ready(left)

    def leave(self) -> None:
        """After the lane was given up: let the sweep look at the run when it may go on."""
        wait = self.wait
        if wait is not None:
            persistence.until_answered(lambda: limits.put_off(run_id=self._run.run_id, seconds=wait))

    def _ready(self, want: int) -> bool:
        """Have at least one start that is not missed."""
        if self.blocked:
            return False
        if self._left and not self._are_missed():
            return True
        count = max(1, min(want, self._most))
        reservation = persistence.until_answered(lambda: limits.reserve(rates=self._rates, count=count))
        if not reservation.granted:
            self.wait = reservation.seconds
            return False
        self._left = count
        # After the last start of this lane, which may have been a little late, in any case.
        self._next_at = max(self._next_at, time.monotonic() + reservation.seconds)
        return True

    def _are_missed(self) -> bool:
        return time.monotonic() > self._next_at + LATE_SECONDS and self._left * self._interval > SLACK_SECONDS

    def _sleep(self) -> None:
        pause = self._next_at - time.monotonic()
        if pause > 0 and not stopping.asked():
            time.sleep(pause)
