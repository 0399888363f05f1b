"""What a lane's payloads say while they run: log lines, kept with the run, and progress, shown by the lane."""

from __future__ import annotations

import datetime as dt
import math
import re
import threading
import time

from jobs import claims, hotpath
from jobs.claims import Leased, LogEntry
from workers import persistence
from workers.executor import Surroundings
from workers.heartbeat import Held
from workers.log_writer import log_writer
from workers.progression import Progression

FLUSH_SECONDS = 1.0
MAX_LINES = 10_000
"""Lines kept of one turn at a lane; the last one says that more were dropped."""
MAX_LINES_OF_ATTEMPT = 2000
"""Lines kept of one attempt, so that a chatty one does not silence those that come after it in the same turn."""
MAX_MESSAGE = 4000
MAX_UNIT = 40
MAX_LEVEL = 10
_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")


class Journal:
    """Collects the lines of the payload at work; they are written within about a second, and before each report."""

    def __init__(self, *, run_id: int, held: Held) -> None:
        self._run_id = run_id
        self._held = held
        self._payload: Leased | None = None
        self._lines: list[LogEntry] = []
        self._kept = self._of_attempt = 0
        self._flushed_at = time.monotonic()
        self._lock = threading.Lock()
        self._writing = threading.Lock()
        self._progression = Progression()
        self._surroundings = Surroundings(
            cancelled=held.cancelled,
            lost=held.lost,
            log=self._log,
            progress=self._progress,
            lane_id=held.lane.id,
            begun=held.begin,
        )

    def surroundings(self, payload: Leased) -> Surroundings:
        """What an attempt at this payload gets. A lane executes one payload at a time, so there is one for all."""
        self._payload = payload
        self._progression = Progression()
        self._of_attempt = 0
        return self._surroundings

    def flush(self) -> bool:
        """Write what was collected. With the database away it waits for the next flush, and False is returned: a line must not fail
        its payload."""
        try:
            self._write()
        except hotpath.RETRYABLE:
            return False
        return True

    def close(self) -> None:
        """Write what is left, once the database is there."""
        persistence.until_answered(self._write)

    def _write(self) -> None:
        with self._writing:  # so that the lines of two who write stay in order
            with self._lock:
                lines, self._lines = self._lines, []
                self._flushed_at = time.monotonic()
            try:
                if lines:
                    claims.keep_log(run_id=self._run_id, lines=lines)
            except hotpath.RETRYABLE:
                with self._lock:
                    self._lines[:0] = lines
                raise

    def _log(self, level: str, message: str) -> None:
        payload = self._payload
        if payload is None or self._kept > MAX_LINES or self._of_attempt > MAX_LINES_OF_ATTEMPT:
            return
        self._kept += 1
        self._of_attempt += 1
        if self._kept > MAX_LINES:
            level, message = "warning", f"more than {MAX_LINES:,} lines: the rest is dropped"
        elif self._of_attempt > MAX_LINES_OF_ATTEMPT:
            level, message = "warning", f"more than {MAX_LINES_OF_ATTEMPT:,} lines: the rest of this attempt is dropped"
        text = _storable(message)[:MAX_MESSAGE]
        with self._lock:
            self._lines.append(
                LogEntry(payload.position, payload.attempts + 1, level[:MAX_LEVEL], text, dt.datetime.now(dt.UTC))
            )
        if time.monotonic() - self._flushed_at > FLUSH_SECONDS:
            self.flush()
        else:
            log_writer().add(self)

    def _progress(self, *, current: float, total: float | None = None, unit: str = "") -> None:
        """A number that JSON cannot hold is left out: it would fail the heartbeat of every lane of this process."""
        known = total if total is not None and math.isfinite(total) else None
        if math.isfinite(current):
            self._held.progress = self._progression.report(
                current=current,
                total=known,
                unit=_storable(unit)[:MAX_UNIT],
                seconds=time.monotonic(),
                now=dt.datetime.now(dt.UTC),
            )


def _storable(text: str) -> str:
    """The text without what PostgreSQL refuses: the character NUL, and halves of surrogate pairs."""
    return _UNSTORABLE.sub("�", text)
