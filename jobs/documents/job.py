"""The whole job, as a person writes it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Annotated, Any

import pydantic
from pydantic import Field

from jobs import extensions, kinds
from jobs.documents.basis import MAX_ERRORS, Strict, Timeout, field_errors, refuse, validated
from jobs.documents.configuration import MAX_PAYLOADS, Configuration, Retry
from jobs.documents.datasources import KIND, stream_of
from jobs.errors import FieldError, ValidationError

JOB_TYPES = ("datasource", "spark", "task")
KEY_PATTERN = r"^(datasource|spark|task):[A-Za-z0-9][A-Za-z0-9_.\-]{0,126}$"


class PayloadItem(Strict):
    """One element of a job's payload list.

    Args:
        kind: What executes it.
        name: For people.
        parameters: As the kind takes them.
        retry: Its own retry policy, whose fields win over the job's one by one.
        timeout: The longest one attempt may take; left out, the job's.
    """

    kind: str = Field(max_length=40)
    name: str = Field(default="", max_length=200)
    parameters: dict[str, Any] = Field(default_factory=dict)
    retry: Retry | None = None
    timeout: Timeout | None = None


class JobDocument(Strict):
    """A whole job.

    Args:
        key: ``type:name``, unique in its workspace; it never changes.
        description: For people.
        payload: The units of work, in their order.
        configuration: How it runs.
        sinks: Where its results go.
        schedules: When it runs.
        tags: Words to find it by.
        metadata: The owner's own data.
    """

    key: str = Field(json_schema_extra={"pattern": KEY_PATTERN})
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
    try:
        document = validated(JobDocument, data, "expected an object with key, payload and configuration")
    except ValidationError as error:
        of_shape = isinstance(error.__cause__, pydantic.ValidationError) and len(error.errors) <= MAX_ERRORS
        if of_shape and isinstance(data, Mapping):
            refuse(sorted([*error.errors, *_errors_of_sound_parts(data)], key=_place_in_document))
        raise
    job_type = document.type if document.type in JOB_TYPES else None
    refuse(
        [
            *_key_errors(document.key),
            *payload_errors(document.payload, job_type=job_type),
            *_stream_errors(document.payload),
            *_configuration_errors(document),
            *_extension_errors(document),
        ]
    )
    return document


def payload_errors(items: Iterable[PayloadItem], *, job_type: str | None, prefix: str = "payload") -> list[FieldError]:
    """What their kinds have against payloads, each under ``prefix`` and its place in the list.

    Args:
        items: The payloads.
        job_type: One of `JOB_TYPES`; None to allow every kind.
        prefix: The dotted path of the list.
    """
    return [error for place, item in enumerate(items) for error in _item_errors(item, job_type, f"{prefix}.{place}")]


def _item_errors(item: PayloadItem, job_type: str | None, path: str) -> list[FieldError]:
    kind = kinds.get(item.kind)
    if kind is None or (job_type and job_type not in kind.job_types):
        allowed = ", ".join(kinds.names(job_type)) or "none"
        return [FieldError(f"{path}.kind", f"{item.kind!r} is no payload kind of such a job; allowed here: {allowed}")]
    try:
        kind.parameters.model_validate(item.parameters)
    except pydantic.ValidationError as error:
        return field_errors(error, f"{path}.parameters", model=kind.parameters)
    return []


def _errors_of_sound_parts(data: Mapping[str, Any]) -> Iterator[FieldError]:
    """Of the key and the payloads whose shape is right, in a document whose shape is not: all mistakes are told at once."""
    key, items = data.get("key"), data.get("payload")
    job_type = None
    if isinstance(key, str):
        yield from _key_errors(key)
        job_type = next((each for each in JOB_TYPES if each == key.partition(":")[0]), None)
    for place, item in enumerate(items if isinstance(items, list) else []):
        try:
            sound = PayloadItem.model_validate(item)
        except pydantic.ValidationError:
            continue
        yield from _item_errors(sound, job_type, f"payload.{place}")


def _place_in_document(error: FieldError) -> tuple[int, int]:
    parts, names = error.field.split("."), [*JobDocument.model_fields]
    is_numbered = parts[0] == "payload" and len(parts) > 1 and parts[1].isdecimal() and len(parts[1]) < 10
    number = int(parts[1]) if is_numbered else 0
    return (names.index(parts[0]) if parts[0] in names else len(names), number)


def _stream_errors(items: Iterable[PayloadItem]) -> Iterator[FieldError]:
    """Two payloads of a datasource with one name would take each other's incremental state for their own."""
    first: dict[str, int] = {}
    for place, item in enumerate(items):
        if item.kind != KIND:
            continue
        stream = stream_of(name=item.name, position=place)
        if first.setdefault(stream, place) != place:
            message = f"expected another name: the state of payload.{first[stream]} is kept under {stream!r} already"
            yield FieldError(f"payload.{place}.name", message)


def _key_errors(key: str) -> list[FieldError]:
    if re.fullmatch(KEY_PATTERN, key):
        return []
    types = ", ".join(JOB_TYPES)
    return [FieldError("key", f"expected type:name with a type of {types} and a name of letters, digits, . _ or -")]


def _configuration_errors(document: JobDocument) -> Iterator[FieldError]:
    most, listed = document.configuration.max_payloads, len(document.payload)
    if most is not None and most < listed:
        yield FieldError("configuration.max_payloads", f"expected at least {listed}: so many payloads are listed")


def _extension_errors(document: JobDocument) -> Iterator[FieldError]:
    """What the apps above have against their parts. A promise that nothing keeps is refused rather than stored and forgotten."""
    names = _payload_names(document)
    for field, verb, value in (
        ("sinks", "deliver results to sinks", document.sinks),
        ("schedules", "fire schedules", document.schedules),
    ):
        extension = extensions.of(field)
        if extension is not None:
            yield from extension.check(value)
            if names is not None:
                yield from extension.fits(value, names)
        elif value:
            yield FieldError(field, f"this version cannot {verb} yet: leave the list empty")


def _payload_names(document: JobDocument) -> frozenset[str] | None:
    """The names of all payloads that a run of the job can have; None where others may be added, and while there are none yet.

    Who adds payloads to runs from outside says so by ``max_payloads``.
    """
    if not document.payload or document.configuration.max_payloads is not None:
        return None
    if any(_adds(item) for item in document.payload):
        return None
    return frozenset(item.name for item in document.payload)


def _adds(item: PayloadItem) -> bool:
    kind = kinds.get(item.kind)
    return kind is None or kind.adds(item.parameters)
