"""Rules as a person writes them: of what, of which jobs, somebody is told, through which sink."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Mapping
from typing import Annotated, Any, Literal

from pydantic import Field, model_validator

from jobs.documents.basis import Period, Strict, validated
from jobs.durations import interval
from sinks.documents import SinkName

Word = Literal["failed", "recovered", "late", "stuck", "missed", "paused"]
"""What a rule may tell of; see docs/how-to/get-notified.md."""
WORD_HELP = {
    "failed": "failed: a run failed",
    "recovered": "recovered: one succeeded after that was told",
    "late": "late: a run, or a schedule's fire time, that should have begun",
    "stuck": "stuck: a run takes far too long",
    "missed": "missed: a fire time was given up, or a run was not begun in time",
    "paused": "paused: a policy has paused a job or a schedule",
}
"""The words, explained in a line each."""
LOOKED_FOR = frozenset({"late", "stuck"})
"""What nobody does: it is found by looking."""
MAX_IN_A_ROW = 1000

Names = Annotated[list[Annotated[str, Field(min_length=1, max_length=150)]], Field(min_length=1, max_length=100)]


class JobChoice(Strict):
    """Which jobs: those that are among all that is given; left out, all of the workspace.

    Args:
        types: Of these types.
        tags: With at least one of these tags.
        keys: These.
    """

    types: Annotated[list[Literal["datasource", "spark", "task"]], Field(min_length=1)] | None = None
    tags: Names | None = None
    keys: Names | None = None

    def matches(self, *, key: str, tags: Collection[str]) -> bool:
        """Whether a job is meant."""
        return (
            (self.types is None or key.partition(":")[0] in self.types)
            and (self.tags is None or not set(self.tags).isdisjoint(tags))
            and (self.keys is None or key in self.keys)
        )


class RuleDocument(Strict):
    """A rule.

    Args:
        name: Unique in the workspace.
        sink: The name of a sink of the workspace.
        events: What to tell of.
        jobs: Of which jobs.
        in_a_row: A failure is told when so many runs of a job have failed in a row, and again with each further so many.
        quiet: After a notice the same of the same job is not told again for so long; what is kept back is counted in the next one.
        digest: From the first notice on they are collected for so long, and go as one; left out, each goes at once.
        late_after: A run that has not begun so long after it was to is late.
        stuck_after: A run that takes longer is stuck; left out, one that takes three times as long as the longest of the last 20.
        enabled: Whether anything is told.
        description: For people.
    """

    name: SinkName
    sink: SinkName
    events: list[Word] = Field(default=["failed", "recovered"], min_length=1)
    jobs: JobChoice = Field(default_factory=JobChoice)
    in_a_row: int = Field(default=1, ge=1, le=MAX_IN_A_ROW, strict=True)
    quiet: Period | None = None
    digest: Period | None = None
    late_after: Period = "5m"
    stuck_after: Period | None = None
    enabled: bool = Field(default=True, strict=True)
    description: str = Field(default="", max_length=2000)

    @model_validator(mode="after")
    def _recovers_from_something(self) -> RuleDocument:
        if "recovered" in self.events and "failed" not in self.events:
            raise ValueError("events: recovered is told only after failed was: add failed")
        return self

    @property
    def looks(self) -> bool:
        """Whether something of it must be looked for."""
        return self.enabled and not LOOKED_FOR.isdisjoint(self.events)

    @property
    def late(self) -> dt.timedelta:
        """How long after it was to begin a run is late."""
        return interval(self.late_after)

    @property
    def stuck(self) -> dt.timedelta | None:
        """How long a run may take; None for what is usual."""
        return None if self.stuck_after is None else interval(self.stuck_after)

    @property
    def quiet_for(self) -> dt.timedelta | None:
        """How long the same is not told again; None for always."""
        return None if self.quiet is None else interval(self.quiet)

    @property
    def collects_for(self) -> dt.timedelta | None:
        """How long notices are collected; None for not at all."""
        return None if self.digest is None else interval(self.digest)


def parse_rule(data: object) -> RuleDocument:
    """Validate a rule from anywhere, but for what only the database knows. Raises ValidationError."""
    return validated(RuleDocument, data, "expected an object with name, sink and events")


def read_rule(data: Mapping[str, Any]) -> RuleDocument:
    """A rule that was saved: what a newer version wrote and this one does not know is left out."""
    return RuleDocument.model_validate({name: data[name] for name in RuleDocument.model_fields if name in data})
