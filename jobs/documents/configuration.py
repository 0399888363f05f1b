"""How a job runs: the configuration of its document.

What is left out is not filled in, so that an export reads like its source. Who needs a default takes it from here: the constants,
and the functions that resolve what several places may say.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field, model_validator

from jobs.documents.basis import Duration, Grace, Period, Strict, Timeout
from jobs.durations import parse_ms
from jobs.retry import DEFAULT_MAXIMUM_ATTEMPTS, RetryPolicy

MAX_PAYLOADS = 1_000_000
DEFAULT_TIMEOUT_MS = 600_000.0
DEFAULT_TIMEOUT_CEILING_MS = 6 * 3_600_000.0
DEFAULT_TERMINATE_GRACE_MS = 10_000.0
DEFAULT_KEEP_REPLAYS = 10

_GROUP_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.:\-]{0,99}", re.ASCII)


def _group_name(value: str) -> str:
    if not _GROUP_NAME.fullmatch(value):
        raise ValueError("expected a letter or digit, then letters, digits, _ . : or -, at most 100 in all")
    return value


GroupName = Annotated[
    str, AfterValidator(_group_name), Field(json_schema_extra={"pattern": f"^{_GROUP_NAME.pattern}$"})
]
"""The name of a concurrency group, such as the host that its payloads call."""


class Retry(Strict):
    """A retry policy as written; a payload's own fields win over its job's, one by one.

    Before attempt i + 1, counted from 0, the wait is ``min(initial_interval * backoff_coefficient ** i, maximum_interval)``.

    Args:
        maximum_attempts: How many attempts a payload has in all; 3 by default.
        initial_interval: The wait before the second attempt; none by default.
        maximum_interval: The longest wait between two attempts.
        backoff_coefficient: How much longer each wait is than the one before; 1 by default.
    """

    maximum_attempts: int | None = Field(default=None, ge=1, le=1000, strict=True)
    initial_interval: Duration | None = None
    maximum_interval: Duration | None = None
    backoff_coefficient: float | None = Field(default=None, ge=1, le=1000, strict=True)


class RateLimit(Strict):
    """At most ``count`` payloads begin per ``period``, evenly spread.

    Args:
        count: How many.
        period: Per which time.
    """

    count: int = Field(ge=1, le=1_000_000, strict=True)
    period: Period

    @property
    def interval_ms(self) -> float:
        """The least time between the starts of two payloads, in milliseconds."""
        return parse_ms(self.period) / self.count


class FailureTolerance(Strict):
    """How much may fail in a run that succeeds all the same: so many payloads, or such a share of them."""

    count: int | None = Field(default=None, ge=0, le=MAX_PAYLOADS, strict=True)
    percent: float | None = Field(default=None, ge=0, le=100, strict=True)

    @model_validator(mode="after")
    def _exactly_one(self) -> FailureTolerance:
        if (self.count is None) == (self.percent is None):
            raise ValueError("give exactly one of count and percent")
        return self


class PauseAfterFailures(Strict):
    """Pause the job after so many failed runs in a row; with ``resume_after`` it goes on by itself after that time."""

    runs: int = Field(ge=1, le=1000, strict=True)
    resume_after: Period | None = None


class UniqueFor(Strict):
    """A trigger with the parameters of a run that is not older than ``period`` is refused, or joins that run."""

    period: Period
    on_conflict: Literal["refuse", "join"] = "refuse"


class Sla(Strict):
    """What is promised of each run: that it takes no longer than ``duration``, and begins no later than ``lateness`` after its fire
    time (after its trigger, when no schedule owed it). Nothing happens to a run that misses it; the metrics tell how many do."""

    duration: Period | None = None
    lateness: Period | None = None

    @model_validator(mode="after")
    def _at_least_one(self) -> Sla:
        if self.duration is None and self.lateness is None:
            raise ValueError("give duration, lateness or both")
        return self


class Requires(Strict):
    """What activation checks beyond valid payloads and secrets that exist."""

    schedule: bool = Field(default=False, strict=True)
    sinks_reachable: bool = Field(default=False, strict=True)


class Configuration(Strict):
    """How a job runs.

    Args:
        retry: The retry policy of its payloads.
        max_concurrent_requests: How many payloads of a run may be executed at once.
        priority: Of two runs that wait, the one with more goes first.
        strict: Whether each payload is recorded before the next one starts in its lane; left out, unless all may be batched.
        timeout: The longest one attempt may take; 10 minutes by default.
        timeout_ceiling: Up to which an attempt may extend its own time; 6 hours by default.
        terminate_grace: How long a payload that is told to stop has before it is stopped by force; 10 s by default.
        run_timeout: A run that takes longer is stopped and fails.
        start_timeout: A run that has not begun by then is cancelled as expired.
        max_concurrent_runs: How many runs of the job may be active at once; the next one waits.
        concurrency_group: The name of a group of the workspace, whose limits all jobs share that name it.
        rate_limit: How many payloads of the job may start per period.
        max_payloads: What is added to a run beyond so many is cancelled; 1,000,000 by default.
        failure_tolerance: How much may fail in a run that succeeds all the same.
        stop_on_first_failure: Whether the first payload that fails for good ends the run.
        pause_after_failures: When the job is paused because its runs fail.
        unique_for: When a trigger is refused because a recent run has the same parameters.
        keep_replays: How many of the newest finished runs can be replayed, and how many replays are kept; 10 by default.
        requires: What must hold before the job becomes active, beside the rest.
    """

    retry: Retry = Field(default_factory=Retry)
    max_concurrent_requests: int = Field(default=5, ge=1, le=1000, strict=True)
    priority: int = Field(default=0, ge=-100, le=100, strict=True)
    strict: bool | None = Field(default=None, strict=True)
    timeout: Timeout | None = None
    timeout_ceiling: Timeout | None = None
    terminate_grace: Grace | None = None
    run_timeout: Period | None = None
    start_timeout: Period | None = None
    max_concurrent_runs: int | None = Field(default=None, ge=1, le=1000, strict=True)
    concurrency_group: GroupName | None = None
    rate_limit: RateLimit | None = None
    max_payloads: int | None = Field(default=None, ge=1, le=MAX_PAYLOADS, strict=True)
    failure_tolerance: FailureTolerance | None = None
    stop_on_first_failure: bool | None = Field(default=None, strict=True)
    pause_after_failures: PauseAfterFailures | None = None
    unique_for: UniqueFor | None = None
    keep_replays: int | None = Field(default=None, ge=0, le=1000, strict=True)
    sla: Sla | None = None
    requires: Requires | None = None


def resolve_retry(*, job: Retry | Mapping[str, Any] | None, payload: Retry | Mapping[str, Any] | None) -> RetryPolicy:
    """Merge a job's and a payload's policy, field by field; the payload's wins."""
    merged = {**_written(job), **_written(payload)}
    maximum = merged.get("maximum_interval")
    return RetryPolicy(
        maximum_attempts=int(merged.get("maximum_attempts", DEFAULT_MAXIMUM_ATTEMPTS)),
        initial_interval_ms=parse_ms(merged.get("initial_interval", 0)),
        maximum_interval_ms=None if maximum is None else parse_ms(maximum),
        backoff_coefficient=float(merged.get("backoff_coefficient", 1.0)),
    )


def resolve_timeout_ms(*, job: object, payload: object) -> float:
    """The time one attempt may take, in milliseconds: the payload's, else the job's, else ten minutes."""
    for value in (payload, job):
        if isinstance(value, str | int | float):
            return parse_ms(value)
    return DEFAULT_TIMEOUT_MS


def duration_ms(configuration: Mapping[str, Any], name: str, default_ms: float) -> float:
    """A duration of a configuration that was read back, in milliseconds; the default where it says none."""
    value = configuration.get(name)
    return default_ms if value is None else parse_ms(value)


def _written(policy: Retry | Mapping[str, Any] | None) -> dict[str, Any]:
    if isinstance(policy, Retry):
        policy = policy.model_dump(exclude_none=True)
    return {name: value for name, value in (policy or {}).items() if value is not None}
