"""What may be said when many jobs or runs are acted upon at once."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import AwareDatetime, Field, model_validator

from jobs.documents.basis import Strict, validated
from jobs.documents.control import Note

MOST = 10_000
"""Jobs or runs in one action."""

JobKey = Annotated[str, Field(min_length=1, max_length=150)]
RunId = Annotated[int, Field(ge=1, lt=2**63, strict=True)]


class ChosenJobs(Strict):
    """Which jobs: at least one of these."""

    type: str | None = None
    state: str | None = None
    tag: str | None = None
    group: str | None = None
    search: str | None = None


class ChosenRuns(Strict):
    """Which runs: at least one of these. ``since`` and ``until`` are about when they were created."""

    job: str | None = None
    state: str | None = None
    trigger: str | None = None
    since: AwareDatetime | None = None
    until: AwareDatetime | None = None


class BulkOnJobs(Strict):
    """Pause, resume, trigger, terminate or delete jobs. ``parameters`` are those of the runs that are triggered."""

    action: Literal["pause", "resume", "trigger", "terminate", "delete"]
    keys: list[JobKey] | None = Field(default=None, min_length=1, max_length=MOST)
    filter: ChosenJobs | None = None
    note: Note = ""
    parameters: dict[str, Any] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _one_choice(self) -> BulkOnJobs:
        _refuse_two(self.keys, self.filter, "keys")
        return self


class BulkOnRuns(Strict):
    """Pause, resume or rerun runs. The last three are those of `jobs.documents.requests.RerunRequest`."""

    action: Literal["pause", "resume", "rerun"]
    ids: list[RunId] | None = Field(default=None, min_length=1, max_length=MOST)
    filter: ChosenRuns | None = None
    note: Note = ""
    which: Literal["all", "failed"] = "all"
    definition: Literal["present", "snapshot"] = "present"
    parameters: dict[str, Any] | None = None

    @model_validator(mode="after")
    def _one_choice(self) -> BulkOnRuns:
        _refuse_two(self.ids, self.filter, "ids")
        return self


def parse_bulk_on_jobs(data: object) -> BulkOnJobs:
    """Validate an action on jobs. Raises ValidationError."""
    return validated(BulkOnJobs, data, "expected an object with action, and keys or filter")


def parse_bulk_on_runs(data: object) -> BulkOnRuns:
    """Validate an action on runs. Raises ValidationError."""
    return validated(BulkOnRuns, data, "expected an object with action, and ids or filter")


def _refuse_two(chosen: list[Any] | None, wanted: Strict | None, name: str) -> None:
    if (chosen is None) == (wanted is None):
        raise ValueError(f"expected either {name} or filter")
    if wanted is not None and not wanted.model_dump(exclude_none=True):
        raise ValueError("expected a filter that says something: an empty one would mean all")
