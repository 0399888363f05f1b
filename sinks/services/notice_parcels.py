"""From a delivery of notices that was begun to what its sink is given."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Any

from jobs import hotpath
from jobs.errors import PermanentError
from sinks.base import Notice, Parcel
from sinks.claims import Begun
from sinks.telling import WORDS
from sinks.wording import telling_of


def parcel_of_notices(*, begun: Begun, workspace: str) -> Parcel:
    """All notices of the delivery, in the order in which they were made; the same on all attempts.

    Raises:
        PermanentError: They were erased meanwhile (``erased``).
    """
    with hotpath.connection(hotpath.SINKS) as connection:
        rows = connection.execute(
            "SELECT document FROM sinks_notice WHERE delivery_id = %s ORDER BY id", (begun.id,)
        ).fetchall()
    if not rows:
        raise PermanentError("its notices were erased before they were delivered", code="erased")
    notices = [_notice(at, row.document) for at, row in enumerate(rows)]
    jobs = {str(each.result["job"]) for each in notices}
    return Parcel(
        id=f"dlv_{begun.id}",
        attempt=begun.attempt,
        workspace=workspace,
        job=jobs.pop() if len(jobs) == 1 else "",
        run_id=0,
        run_state="",
        trigger="",
        scheduled_for=None,
        run_ended_at=begun.run_ended_at,
        unit="notice",
        first_position=0,
        count=len(notices),
        records=lambda: iter(notices),
        telling=telling_of([each.result for each in notices]),
        receipt=begun.receipt,
    )


def _notice(position: int, document: Mapping[str, Any]) -> Notice:
    event, error = str(document["event"]), document.get("error")
    return Notice(
        position=position,
        name=event,
        kind="notice",
        state=WORDS.get(event, event),
        attempts=1,
        started_at=_instant(document.get("since")),
        ended_at=_instant(document.get("at")),
        result=document,
        error={"message": error} if error else None,
    )


def _instant(text: str | None) -> dt.datetime | None:
    return None if text is None else dt.datetime.fromisoformat(text)
