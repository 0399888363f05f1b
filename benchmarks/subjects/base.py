"""What every subject offers, and how its throughput is counted, so that like is compared with like."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import psycopg

from benchmarks.processes import Group, memory_mb
from benchmarks.servers import stored

Sample = dict[str, float]
"""What one measurement found: metric -> value, in the unit that `benchmarks.report.UNITS` gives."""

WARM_UP = 100
"""No-ops run before each measurement, so that connections, imports and first-call costs are nobody's burden."""

LIMIT_SECONDS = 300.0
"""The longest that one measurement may take."""


class Subject(Protocol):
    """A system under measurement: what the scenarios need of all alike. Each offers the measurements that make sense for it.

    Throughput means the same for all: from the first call that publishes, with the workers already started and warm, to the
    last completion on record, divided into the number of no-ops. So publishing and processing overlap, as they do in use. Each
    subject publishes in the fastest way it documents, and says in its own docstring what its record of completion is.
    """

    name: str

    def install(self) -> None:
        """Make the subject's own database, with its schema."""

    def remove(self) -> None:
        """Drop what `install` made."""


class Usage:
    """What a measurement costs beside its time: memory of a worker, rows and bytes in PostgreSQL."""

    def __init__(self, *, workers: Sequence[Group], connection: psycopg.Connection | None = None) -> None:
        self._workers = workers
        self._connection = connection
        self._idle_mb = memory_mb(workers)
        self._before = stored(connection) if connection else (0, 0)

    def sample(self, *, count: int, seconds: float) -> Sample:
        """The whole measurement, given what was done in which time. Call it before the workers end."""
        sample: Sample = {"done_per_second": count / seconds}
        peak_mb = memory_mb(self._workers, peak=True)
        if self._idle_mb is not None and peak_mb is not None:
            sample |= {"idle_rss_mb": self._idle_mb, "busy_rss_mb": peak_mb}
        if self._connection:
            rows, size = stored(self._connection)
            sample["rows_per_payload"] = (rows - self._before[0]) / count
            sample["bytes_per_payload"] = (size - self._before[1]) / count
        return sample
