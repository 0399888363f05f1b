"""Sinks as a person writes them: an entry of a job's ``sinks``, and a named sink of a workspace."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Annotated, Any, TypeVar

import pydantic
from pydantic import AfterValidator, Field

from jobs.documents.basis import Duration, Strict, field_errors, refuse, validated
from jobs.durations import parse_ms
from jobs.errors import FieldError, ValidationError
from jobs.retry import RetryPolicy
from sinks import registry
from sinks.base import SinkKind, Unit
from sinks.expressions import Expression

MAX_BATCH = 10_000
DEFAULT_BATCH = 100
DEFAULT_INITIAL_MS = 10_000.0
DEFAULT_MAXIMUM_MS = 120_000.0
DEFAULT_COEFFICIENT = 2.0
DEFAULT_GIVE_UP_MS = 3_600_000.0

M = TypeVar("M", bound=pydantic.BaseModel)
_NAMED = 20
"""Payloads that an error names."""
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.\-]{0,99}", re.ASCII)


def _name(value: str) -> str:
    if not _NAME.fullmatch(value):
        raise ValueError("expected a letter or digit, then letters, digits, _ . or -, at most 100 in all")
    return value


SinkName = Annotated[str, AfterValidator(_name), Field(json_schema_extra={"pattern": f"^{_NAME.pattern}$"})]


class SinkRetry(Strict):
    """When to try a delivery again: 10 s after the first failure, twice as long each time up to 2 minutes, for an hour."""

    initial_interval: Duration | None = None
    maximum_interval: Duration | None = None
    backoff_coefficient: float | None = Field(default=None, ge=1, le=1000, strict=True)
    give_up_after: Duration | None = None

    @property
    def policy(self) -> RetryPolicy:
        """How long to wait after which failure."""
        return RetryPolicy(
            initial_interval_ms=_ms(self.initial_interval, DEFAULT_INITIAL_MS),
            maximum_interval_ms=_ms(self.maximum_interval, DEFAULT_MAXIMUM_MS),
            backoff_coefficient=self.backoff_coefficient or DEFAULT_COEFFICIENT,
        )

    @property
    def give_up_after_ms(self) -> float:
        """From the first attempt on."""
        return _ms(self.give_up_after, DEFAULT_GIVE_UP_MS)


class SinkEntry(Strict):
    """An entry of a job's ``sinks``: a sink of its own (``kind``, ``configuration``), or a named one of the workspace (``sink``).

    Args:
        name: Unique in the job; left out, the named sink's name or the kind.
        deliver: What one delivery holds; left out, what its kind does by default.
        batch: How many payloads a delivery of ``deliver: batch`` holds at most.
        skip_on_fail: Whether payloads that failed are left out.
        apis_to_send: The names of the payloads to deliver; left out, all.
        transform: A JMESPath expression that is applied to each payload's result.
        retry: When to try again.
    """

    name: SinkName | None = None
    kind: str | None = None
    configuration: dict[str, Any] | None = None
    sink: SinkName | None = None
    deliver: Unit | None = None
    batch: int = Field(default=DEFAULT_BATCH, ge=1, le=MAX_BATCH, strict=True)
    skip_on_fail: bool = Field(default=False, strict=True)
    apis_to_send: list[str] | None = Field(default=None, min_length=1, max_length=1000)
    transform: Expression | None = None
    retry: SinkRetry = Field(default_factory=SinkRetry)

    @property
    def key(self) -> str:
        """The name by which the job knows it."""
        return self.name or self.sink or self.kind or ""


class SinkDocument(Strict):
    """A named sink of a workspace."""

    name: SinkName
    kind: str
    configuration: dict[str, Any] = Field(default_factory=dict)
    description: str = Field(default="", max_length=2000)


def parse_sink(data: object) -> SinkDocument:
    """Validate a named sink's document from anywhere. Raises ValidationError."""
    return _read(SinkDocument, data, "expected an object with name, kind and configuration", _named_errors)


def parse_entry(data: object) -> SinkEntry:
    """Validate an entry of a job's ``sinks``, but for what only the database knows. Raises ValidationError."""
    return _read(SinkEntry, data, "expected an object with kind and configuration, or with sink", _entry_errors)


def _read(model: type[M], data: object, expected: str, errors_of: Callable[[M], list[FieldError]]) -> M:
    """Validate all at once: where fields are wrong, what can be said of the others is said, too."""
    try:
        document = validated(model, data, expected)
    except ValidationError as error:
        raise ValidationError([*error.errors, *_configuration_beside(data, error)]) from error
    refuse(errors_of(document))
    return document


def _configuration_beside(data: object, error: ValidationError) -> list[FieldError]:
    """What is wrong with kind and configuration where something else is wrong, too."""
    told = {each.field.partition(".")[0] for each in error.errors}
    if not isinstance(data, Mapping) or told & {"", "kind", "configuration"}:
        return []
    kind, configuration = data.get("kind"), data.get("configuration") or {}
    return configuration_errors(kind=kind, configuration=configuration) if isinstance(kind, str) else []


def read_entry(data: Mapping[str, Any]) -> SinkEntry:
    """An entry that was saved: what a newer version wrote and this one does not know is left out."""
    return SinkEntry.model_validate({name: data[name] for name in SinkEntry.model_fields if name in data})


def configuration_errors(*, kind: str, configuration: Mapping[str, Any], prefix: str = "") -> list[FieldError]:
    """What is wrong with a sink's kind and configuration; the fields begin with ``prefix``."""
    known = registry.get(kind)
    if known is None:
        return [FieldError(f"{prefix}kind", f"{kind!r} is no kind of sink; there are {', '.join(registry.names())}")]
    try:
        known.configuration.model_validate(configuration)
    except pydantic.ValidationError as error:
        return field_errors(error, f"{prefix}configuration", model=known.configuration)
    return []


def unit_of(entry: SinkEntry, kind: SinkKind) -> Unit:
    """What one delivery holds; what its kind cannot take any more is taken for its default."""
    return entry.deliver if entry.deliver in kind.units else kind.units[0]


def unit_errors(entry: SinkEntry, kind: SinkKind) -> list[FieldError]:
    """Whether its kind can take what one delivery shall hold."""
    if entry.deliver is None or entry.deliver in kind.units:
        return []
    return [FieldError("deliver", f"expected {' or '.join(kind.units)}: a sink of kind {kind.name} takes nothing else")]


def _named_errors(document: SinkDocument) -> list[FieldError]:
    return configuration_errors(kind=document.kind, configuration=document.configuration)


def _entry_errors(entry: SinkEntry) -> list[FieldError]:
    if entry.sink is not None:
        own = [name for name in ("kind", "configuration") if getattr(entry, name) is not None]
        return [FieldError(name, "leave it out where sink names a sink of the workspace") for name in own]
    if entry.kind is None:
        return [
            FieldError("kind", f"expected one of {', '.join(registry.names())}, or sink with a sink of the workspace")
        ]
    errors = configuration_errors(kind=entry.kind, configuration=entry.configuration or {})
    known = registry.get(entry.kind)
    return [*errors, *(unit_errors(entry, known) if known else ())]


def check(entries: list[dict[str, Any]]) -> list[FieldError]:
    """What is wrong with a job's list of sinks, as far as it can be seen without the database."""
    errors: list[FieldError] = []
    names: set[str] = set()
    for place, data in enumerate(entries):
        try:
            key = parse_entry(data).key
        except ValidationError as error:
            errors += [FieldError(f"sinks.{place}.{each.field}".rstrip("."), each.message) for each in error.errors]
            continue
        if key in names:
            errors.append(FieldError(f"sinks.{place}.name", f"another sink of this job is named {key!r} already"))
        names.add(key)
    return errors


def unknown_payloads(entries: Sequence[Mapping[str, Any]], names: Collection[str]) -> list[FieldError]:
    """The names in ``apis_to_send`` that no payload of the job has: their results would be waited for in vain.

    Args:
        entries: The job's sinks; what is no list of names is told by `check`.
        names: Of all payloads that its runs can have.
    """
    return [
        FieldError(f"sinks.{place}.apis_to_send.{at}", f"no payload of this job is named {name!r}; {_there_are(names)}")
        for place, entry in enumerate(entries)
        if isinstance(wanted := entry.get("apis_to_send"), list)
        for at, name in enumerate(wanted)
        if isinstance(name, str) and name not in names
    ]


def _there_are(names: Collection[str]) -> str:
    shown = sorted(filter(None, names))
    if not shown:
        return "none of them has a name"
    return f"there are {', '.join(shown[:_NAMED])}" + (" and others" if len(shown) > _NAMED else "")


def _ms(value: str | int | float | None, default: float) -> float:
    return default if value is None else parse_ms(value)
