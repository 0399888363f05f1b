"""What has ended: counted in the totals, and since then."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, fields
from enum import StrEnum
from typing import Any

from django.db import connection, transaction

from jobs import sql
from jobs.buckets import percentile_ms
from jobs.claims import totals as statements
from jobs.models import Workspace
from jobs.selectors.metrics.window import DAY, HOUR, Window

TAIL = 20_000
"""So many runs that are not in the totals yet are counted by who asks. The sweeps take half as many in a batch."""


class Step(StrEnum):
    """By what totals are told apart."""

    HOUR = "hour"
    DAY = "day"


class Order(StrEnum):
    """Which jobs come first."""

    RUNS = "runs"
    FAILED = "failed"
    SLOWEST = "slowest"
    """By the mean duration."""
    LATEST = "latest"
    """By the mean lateness."""
    MISSED = "missed"
    """By how many missed their service level."""


@dataclass(frozen=True, slots=True)
class Measure:
    """How long something took, over many runs. Percentiles are estimates, from the buckets of `jobs.buckets`.

    ``count`` is how many there are; everything else is None when there are none.
    """

    count: int
    mean_ms: float | None
    most_ms: float | None
    buckets: dict[int, int] = field(default_factory=dict)

    def percentile_ms(self, percent: float) -> float | None:
        """What ``percent`` per cent do not exceed."""
        return percentile_ms(self.buckets, percent=percent, most_ms=self.most_ms or 0)


@dataclass(frozen=True, slots=True)
class Totals:
    """How runs ended, all together; ``key`` is what they have in common: empty, a job's key, or when the hour or day began.

    Fields as those of `jobs.models.RunTotals`.
    """

    key: str
    succeeded: int = 0
    failed: int = 0
    cancelled: int = 0
    manual: int = 0
    api: int = 0
    schedule: int = 0
    job: int = 0
    rerun: int = 0
    payloads_succeeded: int = 0
    payloads_failed: int = 0
    payloads_cancelled: int = 0
    duration_ms: int = 0
    duration_most_ms: int = 0
    wait_ms: int = 0
    wait_most_ms: int = 0
    late: int = 0
    late_ms: int = 0
    late_most_ms: int = 0
    judged: int = 0
    met: int = 0
    spread: dict[str, int] = field(default_factory=dict)

    @property
    def runs(self) -> int:
        """All of them."""
        return self.succeeded + self.failed + self.cancelled

    @property
    def success_rate(self) -> float | None:
        """Of those that succeeded or failed; None when none did."""
        return _share(self.succeeded, self.succeeded + self.failed)

    @property
    def adherence(self) -> float | None:
        """Of those that had a service level; None when none had."""
        return _share(self.met, self.judged)

    @property
    def duration(self) -> Measure:
        """From start to end, of those that succeeded or failed."""
        return self._measure("duration", self.succeeded + self.failed, self.duration_ms, self.duration_most_ms)

    @property
    def wait(self) -> Measure:
        """From the trigger to the start, of the same."""
        return self._measure("wait", self.succeeded + self.failed, self.wait_ms, self.wait_most_ms)

    @property
    def lateness(self) -> Measure:
        """From the fire time to the start, of those that a schedule owed."""
        return self._measure("late", self.late, self.late_ms, self.late_most_ms)

    def _measure(self, name: str, count: int, sum_ms: int, most_ms: int) -> Measure:
        if not count:
            return Measure(0, None, None)
        buckets = {
            int(key.partition(".")[2]): number for key, number in self.spread.items() if key.startswith(f"{name}.")
        }
        return Measure(count, sum_ms / count, float(most_ms), buckets)


@dataclass(frozen=True, slots=True)
class Counted:
    """Totals, and until when runs are counted in them: now or the end of the window, unless the sweeps have to catch up first."""

    totals: list[Totals]
    counted_until: dt.datetime


def _share(part: int, whole: int) -> float | None:
    return part / whole if whole else None


def total(*, workspace: Workspace, window: Window, job_key: str = "") -> tuple[Totals, dt.datetime]:
    """How runs ended within a window, all together, and until when they are counted; in three queries.

    Args:
        job_key: Only this job's; empty for all.
    """
    counted = _read(workspace, window, group_by="all", job_keys=[job_key])
    return (counted.totals[0] if counted.totals else Totals("")), counted.counted_until


def by_step(*, workspace: Workspace, window: Window, step: Step, job_key: str = "") -> Counted:
    """The same for each hour or day of the window, in its order, those without runs among them; in three queries.

    Args:
        window: For days one that begins with a day.
    """
    counted = _read(workspace, window, group_by=step, job_keys=[job_key])
    known = {each.key: each for each in counted.totals}
    length = HOUR if step is Step.HOUR else DAY
    starts = [window.since + n * length for n in range(-(-(window.until - window.since) // length))]
    keys = [start.isoformat() for start in starts]
    return Counted([known.get(key, Totals(key)) for key in keys], counted.counted_until)


def by_job(
    *, workspace: Workspace, window: Window, order: Order, limit: int, job_keys: Sequence[str] | None = None
) -> Counted:
    """The same for each job that had runs within the window, the most of what is asked for first; in three queries.

    Args:
        limit: The most to return.
        job_keys: Only these; None for all.
    """
    keys = None if job_keys is None else list(job_keys)
    return _read(workspace, window, group_by="job", job_keys=keys, order_by=order, limit=limit)


def _read(
    workspace: Workspace,
    window: Window,
    *,
    group_by: str,
    job_keys: list[str] | None,
    order_by: str = "",
    limit: int | None = None,
) -> Counted:
    """Ask in one snapshot: the totals may move on between two of the three queries, and some would count twice."""
    pieces = window.pieces(by_hour=group_by == Step.HOUR)
    asked = {
        "group_by": group_by,
        "job_keys": job_keys,
        "order_by": order_by,
        "limit": limit,
        "first": window.since,
        "last": window.until,
        "spans": [piece.span for piece in pieces],
        "sinces": [piece.since for piece in pieces],
        "untils": [piece.until for piece in pieces],
    }
    only = job_keys[0] if job_keys and len(job_keys) == 1 else ""
    with _one_snapshot():
        rows, counted_until = _ask(workspace.pk, window, only, asked)
    return Counted([_totals(row) for row in rows], counted_until)


@contextmanager
def _one_snapshot() -> Iterator[None]:
    """What is read within was there at one moment. A transaction that the caller has begun keeps the isolation that it has."""
    if connection.in_atomic_block:
        yield
        return
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")
        yield


def _ask(
    workspace_id: int, window: Window, job_key: str, asked: dict[str, Any]
) -> tuple[list[dict[str, Any]], dt.datetime]:
    with connection.cursor() as cursor:
        rolled_until, counted_until = statements.tail(cursor, until=window.until, limit=TAIL)
        query, parameters = statements.grouped(
            cursor, since=rolled_until, until=counted_until, workspace_id=workspace_id, job_key=job_key
        )
        cursor.execute(f"WITH grouped AS MATERIALIZED ({query}) {sql.METRICS.load('read')}", parameters | asked)
        names = [column.name for column in cursor.description]
        return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()], counted_until


def _totals(row: dict[str, Any]) -> Totals:
    plain = {each.name: row[each.name] for each in fields(Totals)}
    return Totals(**plain | {"spread": json.loads(row["spread"])})
