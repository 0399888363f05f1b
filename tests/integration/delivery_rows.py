"""Sinks, and rows of deliveries in any state."""

from __future__ import annotations

import datetime as dt
from typing import Any

from jobs.models import Run, Workspace
from sinks.models import Delivery, FailedDelivery, Handover, Sink, Standing
from sinks.services.naming import MUST_BE_NEW, save_sink

ERROR = {"code": "http_status", "message": "HTTP 503 Service Unavailable", "details": {"status": 503}}
SHA256 = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"


def make_sink(workspace: Workspace, name: str = "journal", **parts: Any) -> Sink:
    """A named sink, of kind ``log`` unless said otherwise."""
    document = {"name": name, "kind": "log", **parts}
    return save_sink(workspace=workspace, document=document, actor="test", expected_version=MUST_BE_NEW)


def make_delivery(run: Run, sink: Sink, state: str = "delivered", *, place: int = 0, **columns: Any) -> Delivery:
    """A delivery of the whole run, with a failed attempt where it is dead."""
    handover, _made = Handover.objects.get_or_create(
        run=run,
        place=place,
        defaults={"name": sink.name, "sink_id": sink.pk, "next_position": run.total, "total": run.total},
    )
    now = dt.datetime.now(dt.UTC)
    by_state: dict[str, dict[str, Any]] = {
        "due": {"due_at": now + dt.timedelta(minutes=2)},
        "delivered": {
            "ended_at": now,
            "attempts": 1,
            "bytes": 1234,
            "sha256": SHA256,
            "receipt": {"status": 202, "answer": "accepted"},
        },
        "dead": {"ended_at": now, "attempts": 2, "error": ERROR},
    }
    asked = {"first_position": 0, "last_position": max(run.total - 1, 0), "payloads": run.total, **by_state[state]}
    delivery = Delivery.objects.create(
        handover=handover, run_id=run.pk, sink_id=sink.pk, state=state, **{**asked, **columns}
    )
    for number in range(1, delivery.attempts + 1) if state == "dead" else ():
        FailedDelivery.objects.create(
            delivery=delivery, number=number, error=ERROR, worker="worker-1", started_at=now, ended_at=now
        )
    return delivery


def rest(sink: Sink, *, minutes: int = 5, failures: int = 5) -> None:
    """Too many attempts in a row have failed."""
    until = dt.datetime.now(dt.UTC) + dt.timedelta(minutes=minutes)
    Standing.objects.filter(sink=sink).update(retry_at=until, failures=failures, rests=1)


def disable(sink: Sink, reason: str = "HTTP 410 Gone: it wants nothing more") -> None:
    """It was told to go away."""
    Standing.objects.filter(sink=sink).update(disabled_at=dt.datetime.now(dt.UTC), disabled_reason=reason)
