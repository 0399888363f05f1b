"""The job document: one shape for manifests, the API, the admin and snapshots, validated in one place."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Annotated, Any, TypeVar

import pydantic
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from jobs import kinds, strict_json
from jobs.durations import parse_ms
from jobs.errors import FieldError, ValidationError
from jobs.retry import DEFAULT_MAXIMUM_ATTEMPTS, RetryPolicy

JOB_TYPES = ("datasource", "spark", "task")
KEY_PATTERN = r"^(datasource|spark|task):[A-Za-z0-9][A-Za-z0-9_.\-]{0,126}$"
MAX_PAYLOADS = 1_000_000
DEFAULT_TIMEOUT_MS = 600_000.0
MAX_TIMEOUT_MS = 7 * 86_400_000.0
MAX_ERRORS = 100
"""A list of a million payloads with the same mistake is told in a hundred lines."""

_PLAIN_WORDS = {
    "missing": "this field is required",
    "extra_forbidden": "unknown field; check the spelling, or put your own data under metadata",
    "dict_type": "expected an object",
    "model_type": "expected an object",
    "model_attributes_type": "expected an object",
    "list_type": "expected a list",
    "string_type": "expected text",
    "int_type": "expected a whole number",
    "int_from_float": "expected a whole number",
    "float_type": "expected a number",
    "bool_type": "expected true or false",
    "greater_than_equal": "expected at least {ge}",
    "less_than_equal": "expected at most {le}",
    "string_too_short": "expected at least {min_length} character(s)",
    "string_too_long": "expected at most {max_length} characters",
    "too_long": "expected at most {max_length} entries",
}
"""By pydantic's type of error; the braces take its context."""


def _duration(value: object) -> str | int | float:
    if not isinstance(value, str | int | float):
        raise ValueError("expected milliseconds or a duration string")
    if parse_ms(value) < 0:
        raise ValueError("a duration cannot be negative")
    return value


def _timeout(value: object) -> str | int | float:
    duration = _duration(value)
    if not 1 <= parse_ms(duration) <= MAX_TIMEOUT_MS:
        raise ValueError("a timeout must lie between 1 ms and 7 days")
    return duration


Duration = Annotated[str | int | float, BeforeValidator(_duration)]
"""Kept as it was written (``"200ms"``), so that an export reads like its source; see `parse_ms`."""
Timeout = Annotated[str | int | float, BeforeValidator(_timeout)]


M = TypeVar("M", bound=BaseModel)


class Strict(BaseModel):
    """The base of everything a person writes: unknown fields are refused, not dropped."""

    model_config = ConfigDict(extra="forbid", strict=False)


class Retry(Strict):
    """A retry policy as written; a payload's own fields win over its job's, one by one."""

    maximum_attempts: int | None = Field(default=None, ge=1, le=1000, strict=True)
    initial_interval: Duration | None = None
    maximum_interval: Duration | None = None
    backoff_coefficient: float | None = Field(default=None, ge=1, le=1000, strict=True)


class PayloadItem(Strict):
    """One element of a job's payload list."""

    kind: str = Field(max_length=40)
    name: str = Field(default="", max_length=200)
    parameters: dict[str, Any] = Field(default_factory=dict)
    retry: Retry | None = None
    timeout: Timeout | None = None


class Configuration(Strict):
    """How a job runs."""

    retry: Retry = Field(default_factory=Retry)
    max_concurrent_requests: int = Field(default=5, ge=1, le=1000, strict=True)
    priority: int = Field(default=0, ge=-100, le=100, strict=True)
    strict: bool | None = Field(default=None, strict=True)
    timeout: Timeout | None = None


class JobDocument(Strict):
    """A whole job. ``sinks`` and ``schedules`` must be empty until their issues land."""

    key: str
    description: str = Field(default="", max_length=2000)
    payload: list[PayloadItem] = Field(max_length=MAX_PAYLOADS)
    configuration: Configuration = Field(default_factory=Configuration)
    sinks: list[dict[str, Any]] = Field(default_factory=list)
    schedules: list[dict[str, Any]] = Field(default_factory=list)
    tags: list[Annotated[str, Field(min_length=1, max_length=100)]] = Field(default_factory=list, max_length=100)
    metadata: dict[str, Any] = Field(default_factory=dict)

    @property
    def type(self) -> str:
        """``datasource``, ``spark`` or ``task``."""
        return self.key.partition(":")[0]

    @property
    def name(self) -> str:
        """What follows the type."""
        return self.key.partition(":")[2]

    @property
    def queue(self) -> str:
        """The queue whose workers run this job."""
        return kinds.queue_for({item.kind for item in self.payload})

    @property
    def runs_strictly(self) -> bool:
        """True when each payload is committed before the next one starts in its lane."""
        if self.configuration.strict is not None:
            return self.configuration.strict
        return not kinds.batchable({item.kind for item in self.payload})

    def to_dict(self) -> dict[str, Any]:
        """The document as JSON-ready data: what was written, with the defaults filled in where they are whole."""
        return self.model_dump(mode="json", exclude_none=True)


class TriggerRequest(Strict):
    """What may be said when a job is triggered by hand."""

    parameters: dict[str, Any] = Field(default_factory=dict)
    comment: str = Field(default="", max_length=2000)


def parse_job(data: object) -> JobDocument:
    """Validate a job document from anywhere: manifest, API, admin form.

    Args:
        data: What was read from JSON, YAML or a form.

    Returns:
        The document, with the parameters of each payload checked by its kind.

    Raises:
        ValidationError: With one `FieldError` per problem, in the document's order, at most `MAX_ERRORS` and one that says
            how many were left out.
    """
    document = _validated(JobDocument, data, "expected an object with key, payload and configuration")
    _refuse([*_key_errors(document), *_payload_errors(document), *_not_yet_errors(document)])
    return document


def parse_trigger(data: object) -> TriggerRequest:
    """Validate what a caller, a form or a command says when it triggers a job. Raises ValidationError as `parse_job` does."""
    return _validated(TriggerRequest, data, "expected an object with parameters and comment")


def _validated(model: type[M], data: object, expected: str) -> M:
    if not isinstance(data, Mapping):
        raise ValidationError([FieldError("", expected)])
    _refuse(strict_json.problems(data))
    try:
        return model.model_validate(dict(data))
    except pydantic.ValidationError as error:
        raise ValidationError(_some(field_errors(error))) from error


def _refuse(errors: list[FieldError]) -> None:
    if errors:
        raise ValidationError(_some(errors))


def _some(errors: list[FieldError]) -> list[FieldError]:
    left_out = len(errors) - MAX_ERRORS
    if left_out <= 0:
        return errors
    return [*errors[:MAX_ERRORS], FieldError("", f"{left_out} more problems are not shown")]


def field_errors(error: pydantic.ValidationError, prefix: str = "") -> list[FieldError]:
    """Translate pydantic's errors into ours: dotted paths under ``prefix``, and words that say what would be right."""
    return [
        FieldError(".".join([*filter(None, [prefix]), *map(str, detail["loc"])]), _words(dict(detail)))
        for detail in error.errors(include_url=False, include_input=False)
    ]


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


def _written(policy: Retry | Mapping[str, Any] | None) -> dict[str, Any]:
    if isinstance(policy, Retry):
        policy = policy.model_dump(exclude_none=True)
    return {name: value for name, value in (policy or {}).items() if value is not None}


def _key_errors(document: JobDocument) -> list[FieldError]:
    if re.fullmatch(KEY_PATTERN, document.key):
        return []
    types = ", ".join(JOB_TYPES)
    return [FieldError("key", f"expected type:name with a type of {types} and a name of letters, digits, . _ or -")]


def _payload_errors(document: JobDocument) -> list[FieldError]:
    errors: list[FieldError] = []
    job_type = document.type if document.type in JOB_TYPES else None
    for position, item in enumerate(document.payload):
        kind = kinds.get(item.kind)
        if kind is None or (job_type and job_type not in kind.job_types):
            allowed = ", ".join(kinds.names(job_type)) or "none"
            message = f"{item.kind!r} is no payload kind of such a job; allowed here: {allowed}"
            errors.append(FieldError(f"payload.{position}.kind", message))
            continue
        try:
            kind.parameters.model_validate(item.parameters)
        except pydantic.ValidationError as error:
            errors.extend(field_errors(error, f"payload.{position}.parameters"))
    return errors


def _not_yet_errors(document: JobDocument) -> list[FieldError]:
    """A promise that nothing keeps yet is refused rather than stored and forgotten."""
    return [
        FieldError(field, f"this version cannot {verb} yet: leave the list empty")
        for field, verb, value in (
            ("sinks", "deliver results to sinks", document.sinks),
            ("schedules", "fire schedules", document.schedules),
        )
        if value
    ]


def _words(detail: dict[str, Any]) -> str:
    if detail["type"] in _PLAIN_WORDS:
        return _PLAIN_WORDS[detail["type"]].format_map(detail.get("ctx", {}))
    message = str(detail["msg"]).removeprefix("Value error, ")
    return message[:1].lower() + message[1:]
