"""Runs made of finished ones."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from jobs import sql
from jobs.claims.shapes import Now, StartedRun, SupportsExecute


class Terms(NamedTuple):
    """Under which a copied run is worked. ``limited``: its job limits how many of its runs are active, so it must be admitted."""

    snapshot: Mapping[str, Any]
    queue: str
    strict: bool
    max_lanes: int
    priority: int
    group_id: int | None
    rate_interval_ms: float | None
    start_timeout: dt.timedelta | None
    run_timeout: dt.timedelta | None
    limited: bool


def copy_run(
    cursor: SupportsExecute,
    *,
    origin_id: int,
    terms: Terms,
    states: Sequence[str] | None,
    actor: str,
    comment: str,
    parameters: Mapping[str, Any],
    grace: dt.timedelta,
    now: Now = None,
) -> list[StartedRun]:
    """Insert a pending run with copies of a finished run's payloads, within a transaction that has locked its job.

    Args:
        states: Only payloads in these; None for all but those that were added while it ran.

    Returns:
        The run; nothing when the old one has not ended.
    """
    values = {
        **terms._asdict(),
        "snapshot": json.dumps(terms.snapshot),
        "origin_id": origin_id,
        "states": None if states is None else list(states),
        "actor": actor,
        "comment": comment,
        "parameters": json.dumps(dict(parameters)),
        "grace": grace,
        "now": now,
    }
    cursor.execute(sql.load("copy_run"), values)
    return [StartedRun(*row) for row in cursor.fetchall()]


def replay_run(
    cursor: SupportsExecute,
    *,
    origin_id: int,
    snapshot: Mapping[str, Any],
    actor: str,
    comment: str,
    grace: dt.timedelta,
    now: Now = None,
) -> int | None:
    """Insert a run with the outcomes of a finished one, to be closed after the commit; its id.

    Returns:
        None when the old run has not ended, or is a replay.
    """
    values = {
        "origin_id": origin_id,
        "snapshot": json.dumps(snapshot),
        "actor": actor,
        "comment": comment,
        "grace": grace,
        "now": now,
    }
    cursor.execute(sql.load("replay_run"), values)
    rows = cursor.fetchall()
    return rows[0][0] if rows else None
