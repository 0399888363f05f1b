"""Runs made of finished ones."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Mapping
from enum import StrEnum
from typing import Any, NamedTuple

from jobs import sql
from jobs.claims.shapes import Now, StartedRun, SupportsExecute


class Payloads(StrEnum):
    """Which payloads a copied run gets."""

    PRESENT = "present"
    """Those that the job lists now."""

    LISTED = "listed"
    """Those that the job listed when the old run began; what was added while it ran is added again."""

    UNSUCCESSFUL = "unsuccessful"
    """Those of the old run that failed or were cancelled, also what was added while it ran."""


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
    payloads: Payloads,
    actor: str,
    comment: str,
    parameters: Mapping[str, Any],
    grace: dt.timedelta,
    now: Now = None,
) -> list[StartedRun]:
    """Insert a pending run of a finished run's job, within a transaction that holds both and locks the job before it commits.

    Returns:
        The run; nothing when the old one has not ended.
    """
    values = {
        **terms._asdict(),
        "snapshot": json.dumps(terms.snapshot),
        "origin_id": origin_id,
        "payloads": payloads.value,
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
    """Insert a run with the outcomes of a finished one, to be closed after the commit; its id. In a transaction as `copy_run`'s.

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
