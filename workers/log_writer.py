"""Writes what payloads have logged, though they say no more for now: one thread a process, once a second."""

from __future__ import annotations

import os
import threading
import time
from typing import Protocol

import structlog

log = structlog.get_logger(__name__)

PAUSE_SECONDS = 1.0
"""So soon can a line be read, at the latest."""


class Collecting(Protocol):
    """What collects lines."""

    def flush(self) -> bool:
        """Write them. False when that must be tried again."""


class LogWriter:
    """Looks after whoever has lines that are not written yet."""

    def __init__(self) -> None:
        self._waiting: set[Collecting] = set()
        self._lock = threading.Lock()
        self._something = threading.Event()
        self._thread: threading.Thread | None = None

    def add(self, collecting: Collecting) -> None:
        """See to it that its lines are written soon."""
        with self._lock:
            self._waiting.add(collecting)
            self._ensure_thread()
        self._something.set()

    def write(self) -> None:
        """One pass. What the database did not take waits for the next."""
        with self._lock:
            self._something.clear()
            waiting, self._waiting = self._waiting, set()
        for collecting in waiting:
            if not self._flushed(collecting):
                self.add(collecting)

    def _flushed(self, collecting: Collecting) -> bool:
        try:
            return collecting.flush()
        except Exception:  # Whatever it is: the others' lines must not wait for it, and trying again would not help.
            log.exception("log_writer.lines_lost")
            return True

    def _ensure_thread(self) -> None:
        if self._thread is None or not self._thread.is_alive():
            self._thread = threading.Thread(target=self._loop, name="log-writer", daemon=True)
            self._thread.start()

    def _loop(self) -> None:
        while True:
            self._something.wait()
            time.sleep(PAUSE_SECONDS)
            self.write()


_writers: dict[int, LogWriter] = {}


def log_writer() -> LogWriter:
    """This process's writer: a forked child has its own."""
    return _writers.setdefault(os.getpid(), LogWriter())
