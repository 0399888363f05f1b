"""A run beside the one before it: what took longer, and which payloads fail that did not, or do not any more."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

from django.db import connection

from jobs.models import Run
from jobs.selectors.run_views import RunView, views

MOST_FAILED = 200
"""So many failed payloads of each run are compared; `Comparison.cut` says that there are more."""

_LOOKED_AT = 5_000
"""Of so many payloads with a failed attempt: the others of a run that retries much are not looked at."""

_BEFORE = """
    SELECT id FROM jobs_run WHERE job_id = %s AND id < %s AND trigger <> 'replay' AND ended_at IS NOT NULL
    ORDER BY id DESC LIMIT 1
"""

# Through the attempts: a run of a million payloads has few that failed, and the payloads have no index of their state.
_FAILED = """
    SELECT p.position, p.name, p.error
    FROM (SELECT DISTINCT position FROM jobs_attempt WHERE run_id = %s ORDER BY position LIMIT %s) AS tried
    JOIN jobs_payload AS p ON p.run_id = %s AND p.position = tried.position
    WHERE p.state = 'failed' ORDER BY p.position LIMIT %s
"""


class FailedPayload(NamedTuple):
    """A payload that failed for good; ``error`` is the last attempt's."""

    position: int
    name: str
    error: Mapping[str, Any] | None

    @property
    def key(self) -> str:
        """By what it is the same in two runs: its name, or its place where it has none."""
        return self.name or f"#{self.position}"


@dataclass(frozen=True, slots=True)
class Comparison:
    """Two runs of a job.

    Args:
        run: The later one.
        before: The earlier one.
        newly: Payloads that failed in the later one alone, by position, as the next two.
        still: In both; as they failed in the later one.
        no_longer: In the earlier one alone.
        changed: The parts of the definition that were changed between the two, by name: ``configuration.retry``.
        cut: Whether either has more failed payloads than were compared.
    """

    run: RunView
    before: RunView
    newly: list[FailedPayload]
    still: list[FailedPayload]
    no_longer: list[FailedPayload]
    changed: list[str]
    cut: bool


def run_before(*, run: Run) -> int | None:
    """The id of the newest ended run of the same job before this one, replays left out, in one query; None for none."""
    if run.job_id is None:
        return None
    with connection.cursor() as cursor:
        cursor.execute(_BEFORE, (run.job_id, run.pk))
        row = cursor.fetchone()
    return None if row is None else int(row[0])


def compare(*, run: Run, before_id: int) -> Comparison | None:
    """Two runs of a workspace beside each other, in three queries; None when one is gone, or is another workspace's."""
    both = "SELECT id FROM jobs_run WHERE workspace_id = %s AND id = ANY(%s)"
    found = {view.run.pk: view for view in views(both, [run.workspace_id, [run.pk, before_id]], with_snapshot=True)}
    if len(found) < 2:
        return None
    later, earlier = found[run.pk], found[before_id]
    now, then = failed_payloads(run_id=run.pk), failed_payloads(run_id=before_id)
    keys_now, keys_then = {each.key for each in now}, {each.key for each in then}
    return Comparison(
        run=later,
        before=earlier,
        newly=[each for each in now if each.key not in keys_then],
        still=[each for each in now if each.key in keys_then],
        no_longer=[each for each in then if each.key not in keys_now],
        changed=_changed(earlier.run.snapshot, later.run.snapshot),
        cut=max(len(now), len(then)) >= MOST_FAILED,
    )


def failed_payloads(*, run_id: int, limit: int = MOST_FAILED) -> list[FailedPayload]:
    """The first payloads of a run that failed for good, by position, in one query."""
    with connection.cursor() as cursor:
        cursor.execute(_FAILED, (run_id, _LOOKED_AT, run_id, limit))
        return [FailedPayload(position, name, error) for position, name, error in cursor.fetchall()]


def _changed(then: Mapping[str, Any], now: Mapping[str, Any]) -> list[str]:
    """The parts that differ: those of an object by their own names."""
    changed: list[str] = []
    for name in sorted({*then, *now}):
        old, new = then.get(name), now.get(name)
        if isinstance(old, dict) and isinstance(new, dict):
            changed += [f"{name}.{part}" for part in sorted({*old, *new}) if old.get(part) != new.get(part)]
        elif old != new:
            changed.append(name)
    return changed
