"""ATLAS: recurrence blocks become schedules. Its manifests' task graphs are work of personas, which does not exist here.

A recurrence may stand in place of ``triggers`` in a schedule, and of ``schedules`` in a job.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from jobs.errors import FieldError
from manifests.forms.converted import Converted, converted, given

RECURRENCE = "recurrence"
_MANIFEST = {"task_graph", "personas"}
_FIELDS = ("frequency", "interval", "cron", "timezone", "start_date", "end_date")
_NAIVE = re.compile(r"\d{4}-\d{2}-\d{2}([T ]\d{2}:\d{2}(:\d{2}(\.\d+)?)?)?", re.ASCII)


def recognised(data: Mapping[str, Any]) -> bool:
    """True for a manifest of ATLAS, and for a document of ours with a recurrence."""
    return data.keys() >= _MANIFEST or isinstance(data.get(RECURRENCE), Mapping)


def convert(data: Mapping[str, Any]) -> Converted:
    """The document with its recurrence written as schedules."""
    if data.keys() & _MANIFEST:
        message = (
            "steps of personas cannot be converted: write them as a job's payload, and keep the recurrence beside it"
        )
        return converted([], [FieldError("task_graph", message)])
    recurrence = data.get(RECURRENCE)
    if not isinstance(recurrence, Mapping):
        return converted([], [FieldError(RECURRENCE, "expected an object with frequency or cron")])
    of_job = data.get("manifest") in ("job", "datasource") or bool(data.keys() & {"key", "payload"})
    place = "schedules" if of_job else "triggers"
    if place in data:
        return converted([], [FieldError(RECURRENCE, f"give either {RECURRENCE} or {place}, not both")])
    schedule, problems = schedule_of(recurrence)
    rest = {name: value for name, value in data.items() if name != RECURRENCE}
    document = {**rest, "schedules": [schedule]} if place == "schedules" else {**rest, **schedule}
    return converted([document], problems)


def schedule_of(recurrence: Mapping[str, Any]) -> tuple[dict[str, Any], list[FieldError]]:
    """The schedule that a recurrence block means: start, end and zone are heeded, which ATLAS stores and does not.

    Returns:
        The schedule, and what in the block has no meaning here.
    """
    problems = [
        FieldError(f"{RECURRENCE}.{name}", "has no meaning here: leave it out, or keep it under the job's metadata")
        for name in recurrence
        if name not in _FIELDS
    ]
    words = ("frequency", "interval", "cron")
    trigger = {"type": "frequency", **given(**{name: recurrence.get(name) for name in words})}
    trigger |= given(start_date=_instant(recurrence.get("start_date")), end_date=recurrence.get("end_date"))
    return {"timezone": recurrence.get("timezone") or "UTC", "triggers": [trigger]}, problems


def _instant(value: Any) -> Any:
    """Without a zone it is UTC, whatever the block's zone. A date alone is midnight."""
    if not isinstance(value, str) or not _NAIVE.fullmatch(value):
        return value
    return f"{value}Z" if len(value) > len("2026-01-01") else f"{value}T00:00:00Z"
