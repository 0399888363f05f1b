"""The shapes of what is asked about datasources."""

from __future__ import annotations

import datetime as dt
from typing import Literal

from pydantic import Field

from jobs.api.described.shape import Shape
from jobs.api.described.shapes import CREATED, ENDED, JSON


class DatasourceOperation(Shape):
    """What was asked about a datasource, and the answer."""

    id: int | None
    """Null for what was told at once, and is not kept."""
    operation: Literal["validate", "preview", "delete_output"]
    datasource: str | None
    """Its name; null for parameters that are not saved."""
    stream: str | None
    """Which of its payloads."""
    state: Literal["waiting", "running", "done", "failed", "expired"]
    result: JSON = Field(description="The answer, when it is done.")
    error: JSON = Field(description="Why it failed: `message` and `code`.")
    actor: str
    created_at: dt.datetime
    ended_at: dt.datetime | None

    EXAMPLE = {
        "id": 12,
        "operation": "preview",
        "datasource": "orders",
        "stream": "orders",
        "state": "done",
        "result": {
            "columns": [{"name": "id", "type": "BIGINT"}, {"name": "customer", "type": "VARCHAR"}],
            "rows": [{"id": 1, "customer": "Ann"}],
            "cut": False,
        },
        "error": None,
        "actor": "ann",
        "created_at": CREATED,
        "ended_at": ENDED,
    }


class Stream(Shape):
    """How far the loads of one payload of a datasource have come."""

    stream: str
    cursor: JSON = Field(description="The type and the value up to which was loaded; or null.")
    loaded_at: dt.datetime | None
    load_key: str | None
    """Names the last load."""


class Streams(Shape):
    """How far the loads of each payload of a datasource have come."""

    streams: list[Stream]

    EXAMPLE = {
        "streams": [
            {
                "stream": "orders",
                "cursor": {"type": "TIMESTAMP", "value": "2026-11-20 09:45:00"},
                "loaded_at": CREATED,
                "load_key": "demo/datasource:orders/run-7-payload-0-63a1c",
            }
        ]
    }


class RejectedRow(Shape):
    """A row that a load left out."""

    id: int
    number: int | None
    """Its number in the source, if rows have an order there."""
    reason: str
    row: JSON = Field(description="Its values by column.")

    EXAMPLE = {"id": 1, "number": 17, "reason": "amount: expected a number", "row": {"id": "17", "amount": "ten"}}
