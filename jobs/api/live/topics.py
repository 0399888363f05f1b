"""What a stream is about, and what it is sent."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from rest_framework.utils.encoders import JSONEncoder


class Scope(StrEnum):
    """A run, a job with its runs and schedules, or a workspace with all that is in it."""

    RUN = "run"
    JOB = "job"
    WORKSPACE = "workspace"


@dataclass(frozen=True, slots=True)
class Topic:
    """Whose events. ``id``: of the run, the job or the workspace; ``workspace_id``: the one it is in; ``by_owner``: whether the
    caller may read those that are for owners alone."""

    scope: Scope
    id: int
    workspace_id: int
    by_owner: bool = False

    def admits(self, item: Item) -> bool:
        """Whether the caller may have this."""
        return self.by_owner or not item.for_owners


@dataclass(frozen=True, slots=True)
class Item:
    """An entry of a log: of the event log, or a run's log line. ``body`` is made once for all streams that it is sent to;
    ``for_owners``: it is not for all of them."""

    name: str
    id: int
    kind: str
    body: str
    topics: tuple[tuple[Scope, int | None], ...]
    for_owners: bool = False


@dataclass(frozen=True, slots=True)
class Gap:
    """Events that are left out: those after ``after`` and up to ``until``, both ids."""

    after: int
    until: int


EVENT, LOG = "event", "log"
END_KINDS = frozenset(("run.succeeded", "run.failed", "run.cancelled"))
"""The events with which a run has ended."""


def encode(body: Mapping[str, Any]) -> str:
    """JSON on one line, with times and numbers as the rest of the API writes them."""
    return json.dumps(body, cls=JSONEncoder, ensure_ascii=False, separators=(",", ":"))
