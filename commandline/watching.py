"""A run's detail, again and again: the one place that knows where live progress comes from."""

from __future__ import annotations

import math
import time
from collections import deque
from collections.abc import Callable, Iterator
from typing import Any

from commandline.api import Api
from commandline.exits import Exit, Failure

FIRST_PAUSE_SECONDS = 0.25
LONGEST_PAUSE_SECONDS = 3.0
"""A short run is told at once, a long one costs the server a request every three seconds."""
GROWTH = 1.3
PATIENCE_SECONDS = 120.0
"""So long the API may be away while somebody waits: a deployment takes less."""
WINDOW_SECONDS = 30.0
LAST_LOOK_SECONDS = 2.0
"""Also the look at the last moment has time to be answered."""

Clock = Callable[[], float]
Sleep = Callable[[float], None]
Run = dict[str, Any]


class Pace:
    """How fast a run goes, from what was seen of it in the last half minute."""

    def __init__(self) -> None:
        self._seen: deque[tuple[float, int]] = deque()

    def see(self, *, at: float, done: int) -> None:
        """So many payloads are done at this moment (of a monotonic clock, in seconds)."""
        self._seen.append((at, done))
        while len(self._seen) > 2 and at - self._seen[1][0] >= WINDOW_SECONDS:
            self._seen.popleft()

    @property
    def rate(self) -> float | None:
        """Payloads a second; None while nothing can be said."""
        if len(self._seen) < 2:
            return None
        (began, before), (now, done) = self._seen[0], self._seen[-1]
        return (done - before) / (now - began) if now > began and done > before else None

    def remaining_seconds(self, left: int) -> float | None:
        """How long so many payloads will take; None while nothing can be said."""
        return None if self.rate is None else left / self.rate


def looks(
    *,
    api: Api,
    run_id: int,
    timeout_seconds: float | None = None,
    away: Callable[[Failure], None],
    clock: Clock = time.monotonic,
    sleep: Sleep = time.sleep,
) -> Iterator[Run]:
    """Look at a run until it has ended; the last one is its end.

    Args:
        api: Where.
        run_id: Which.
        timeout_seconds: How long to look at most; None for as long as it takes.
        away: Told when the API cannot be reached, once until it is heard again.
        clock: Seconds, monotonic.
        sleep: Waits so many seconds.

    Raises:
        Failure: It takes longer; the API refuses, or was away for longer than `PATIENCE_SECONDS`.
    """
    heard = clock()
    until = math.inf if timeout_seconds is None else heard + timeout_seconds
    pause, is_away = FIRST_PAUSE_SECONDS, False
    while True:
        try:
            run = api.look(f"runs/{run_id}/", within_seconds=max(LAST_LOOK_SECONDS, until - clock()))
        except Failure as failure:
            if failure.code is not Exit.UNREACHABLE or clock() - heard > PATIENCE_SECONDS:
                raise
            if not is_away:
                away(failure)
            is_away = True
        else:
            heard, is_away = clock(), False
            yield run
            if run["ended_at"] is not None:
                return
        left = until - clock()
        if left <= 0:
            raise Failure(Exit.TIMED_OUT, f"run {run_id} has not ended in time; it goes on")
        sleep(min(pause, left))
        pause = min(pause * GROWTH, LONGEST_PAUSE_SECONDS)
