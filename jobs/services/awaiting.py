"""Waiting for runs to end, for callers who would rather wait than ask again.

One thread a process asks for all who wait, in one statement by primary key every `ASK_EVERY_SECONDS`: what waiting costs the
database does not grow with how many wait, and who waits holds no connection. The thread lives for as long as somebody waits.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Collection

import psycopg
import structlog
from django.db import connection

from jobs import claims
from jobs.services.places import waiting_place

ASK_EVERY_SECONDS = 0.1

log = structlog.get_logger(__name__)


class Endings:
    """Who waits for which run in this process."""

    def __init__(self, ask: Callable[[Collection[int]], Collection[int]], *, pause: float = ASK_EVERY_SECONDS) -> None:
        """``ask``: which of these runs have ended, or are gone."""
        self._ask = ask
        self._pause = pause
        self._changing = threading.Lock()
        self._waiting: dict[threading.Event, int] = {}
        self._asking = False

    def wait(self, *, run_id: int, seconds: float) -> bool:
        """Wait for a run's end.

        Args:
            run_id: Which.
            seconds: At most so long.

        Returns:
            False when it has not ended.
        """
        ended = threading.Event()
        with self._changing:
            self._waiting[ended] = run_id
            if not self._asking:
                self._asking = True
                threading.Thread(target=self._ask_for_all, name="run-endings", daemon=True).start()
        try:
            return ended.wait(seconds)
        finally:
            with self._changing:
                self._waiting.pop(ended, None)

    def _ask_for_all(self) -> None:
        pause = threading.Event()
        while True:
            with self._changing:
                waiting = dict(self._waiting)
                if not waiting:
                    self._asking = False
                    return
            self._tell(waiting)
            pause.wait(self._pause)

    def _tell(self, waiting: dict[threading.Event, int]) -> None:
        try:
            over = set(self._ask(set(waiting.values())))
        except psycopg.Error as error:  # Whoever waits is told later, or that it goes on: nothing is lost by it.
            log.warning("runs.endings_unknown", reason=str(error).strip())
            return
        for ended, run_id in waiting.items():
            if run_id in over:
                with self._changing:
                    self._waiting.pop(ended, None)  # Nobody asks for it again, however late its thread goes on.
                ended.set()


def wait_for_run(*, run_id: int, seconds: float) -> bool:
    """Wait until a run has ended, at most so many seconds.

    Returns:
        Whether it has ended; False also when too many wait in this process, and within a transaction: what that has written, nobody
        executes.
    """
    if connection.in_atomic_block:
        return False
    connection.close()  # Back to the pool: others need it meanwhile.
    with waiting_place() as has_place:
        return has_place and _ENDINGS.wait(run_id=run_id, seconds=seconds)


def _over(run_ids: Collection[int]) -> list[int]:
    return claims.ended_runs(run_ids=list(run_ids))


_ENDINGS = Endings(_over)
