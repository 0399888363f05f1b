"""What may be said when old history is to be erased."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Annotated, Any

from pydantic import AfterValidator, Field, model_validator

from jobs import cleaners
from jobs.documents.basis import Strict, validated
from jobs.documents.job import JOB_TYPES
from jobs.states import FINAL_RUN_STATES

DEFAULT_DAYS = 30
DEFAULT_KEEP_NEWEST = 10
MAX_DAYS = 36_500

_KEY = re.compile(rf"({'|'.join(JOB_TYPES)}):[A-Za-z0-9*._-]{{1,127}}", re.ASCII)


def _key(value: str) -> str:
    if not _KEY.fullmatch(value):
        raise ValueError(
            "expected a job's key such as task:ping; * stands for anything in its name, as in task:report-*"
        )
    return value


def _one_of(value: str, known: Sequence[str]) -> str:
    if value not in known:
        raise ValueError(f"expected one of {', '.join(known)}")
    return value


JobKeys = Annotated[str, AfterValidator(_key)]
State = Annotated[str, AfterValidator(lambda value: _one_of(value, [state.value for state in FINAL_RUN_STATES]))]
JobType = Annotated[str, AfterValidator(lambda value: _one_of(value, JOB_TYPES))]
What = Annotated[str, AfterValidator(lambda value: _one_of(value, cleaners.names()))]


class CleanupRequest(Strict):
    """Which history is to be erased; docs/reference/log-cleanup-payload.md tells more of each field.

    Args:
        days: What ended longer ago; 0.5 is twelve hours.
        keep_newest: So many runs of each job stay, however old.
        what: Only these: ``["results", "log_lines", "attempts", "files", ...]``; empty for everything.
        job_types: Only of these: ``["task", "spark"]``.
        jobs: Only of these keys, in which * stands for anything: ``["task:report-*"]``.
        states: Only of runs that came to these: ``["failed"]``.
        dry_run: Count what would be erased, and erase nothing.
        except_jobs: Not of these keys.
        audit: Erase also what people did.
    """

    days: float = Field(default=DEFAULT_DAYS, ge=0, le=MAX_DAYS, strict=True)
    keep_newest: int = Field(default=DEFAULT_KEEP_NEWEST, ge=0, le=100_000, strict=True)
    what: list[What] = Field(default_factory=list, max_length=100)
    job_types: list[JobType] = Field(default_factory=list, max_length=10)
    jobs: list[JobKeys] = Field(default_factory=list, max_length=1000)
    except_jobs: list[JobKeys] = Field(default_factory=list, max_length=1000)
    states: list[State] = Field(default_factory=list, max_length=10)
    audit: bool = Field(default=False, strict=True)
    dry_run: bool = Field(default=False, strict=True)

    @model_validator(mode="after")
    def _one_way_to_name_jobs(self) -> CleanupRequest:
        if self.jobs and self.job_types:
            raise ValueError("give jobs or job_types, not both: in jobs, task:* stands for all of a type")
        return self

    @property
    def patterns(self) -> list[str]:
        """The keys whose jobs' history is meant; none for all."""
        return self.jobs or [f"{job_type}:*" for job_type in self.job_types]


def parse_cleanup(data: Any) -> CleanupRequest:
    """Validate what a command says. Raises ValidationError as `parse_job` does."""
    return validated(CleanupRequest, data, "expected an object with days, keep_newest, what, jobs and so on")
