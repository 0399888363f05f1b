"""What a run's results begin with, for people."""

from __future__ import annotations

from typing import NamedTuple

from django.db.models import TextField
from django.db.models.functions import Cast, Left

from jobs.models import Payload, Run
from jobs.states import FINAL_PAYLOAD_STATES

HEAD_CHARACTERS = 300


class ResultHead(NamedTuple):
    """A payload that has ended. ``head``: the beginning of its result or error as JSON, None without either."""

    position: int
    name: str
    state: str
    head: str | None


def first_results(*, run: Run, limit: int) -> list[ResultHead]:
    """The first payloads that have an outcome, by position, in one query."""
    states = [state.value for state in FINAL_PAYLOAD_STATES]
    result, error = (Left(Cast(name, TextField()), HEAD_CHARACTERS) for name in ("result", "error"))
    rows = (
        Payload.objects.filter(run=run, state__in=states)
        .order_by("position")
        .values_list("position", "name", "state", result, error)[:limit]
    )
    return [ResultHead(position, name, state, head or trouble) for position, name, state, head, trouble in rows]
