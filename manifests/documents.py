"""The kinds of documents, and what each is checked by: the code that checks the API's bodies and the admin's forms."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from jobs.documents import JobDocument, parse_job, refuse
from jobs.errors import FieldError, ValidationError
from jobs.selectors.origins import schedule_name
from jobs.services.groups import parse_group
from manifests.problems import Place
from scheduler.services import following
from sinks.documents import parse_sink
from sinks.rules import parse_rule

DATASOURCE_FIELDS = ("name", "parameters", "retry", "timeout")
"""What a datasource has beside the parts of any job."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """An object as a file says it is to be.

    Args:
        kind: One of `KINDS`.
        name: The object's: a job's key; of a schedule that came alone, JOB/NAME.
        document: JSON-ready, with defaults filled in, as it would be stored.
        place: Where it is written.
        job: Of a job: the document as `jobs.services.jobs.save_job` takes it.
    """

    kind: str
    name: str
    document: dict[str, Any]
    place: Place
    job: JobDocument | None = None

    @property
    def about(self) -> str:
        """For people: ``job task:ping``."""
        return f"{self.kind} {self.name}"


def kind_of(data: Mapping[str, Any]) -> str:
    """What ``manifest`` says; without it a document with a key is a job.

    Raises:
        ValidationError: Neither is there, or it says no kind.
    """
    kind = data.get("manifest", "job" if "key" in data else None)
    if isinstance(kind, str) and kind in _READERS:
        return kind
    known = ", ".join([*_READERS, "calendar", "base"])
    raise ValidationError([FieldError("manifest", f"expected one of {known}; only a job, with its key, needs none")])


def wanted(data: Mapping[str, Any], *, place: Place) -> Wanted:
    """Check one document.

    Args:
        data: The document, merged with its bases.
        place: Where it is written.

    Raises:
        ValidationError: With one `FieldError` per problem, by the fields of what was written.
    """
    kind = kind_of(data)
    return _READERS[kind]({name: value for name, value in data.items() if name != "manifest"}, place)


def with_schedules(job: Wanted, schedules: list[dict[str, Any]]) -> Wanted:
    """A job with these schedules in place of its own; each of them has been checked, and their names have not."""
    assert job.job is not None
    document = job.job.model_copy(update={"schedules": schedules})
    refuse(following.check(schedules))
    return Wanted("job", job.name, document.to_dict(), job.place, document)


def digest(value: Any) -> str:
    """SHA-256 of a value's JSON, whatever the order of its names: 64 hexadecimal digits."""
    text = json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=True)
    return hashlib.sha256(text.encode()).hexdigest()


def _job(data: Mapping[str, Any], place: Place) -> Wanted:
    document = parse_job(data)
    return Wanted("job", document.key, document.to_dict(), place, document)


def _datasource(data: Mapping[str, Any], place: Place) -> Wanted:
    """A job with one payload, written without the frame that is always the same."""
    item = {name: data[name] for name in DATASOURCE_FIELDS if name in data}
    rest = {name: value for name, value in data.items() if name not in DATASOURCE_FIELDS}
    errors = [
        FieldError(name, "leave it out of a datasource: its name and parameters say it")
        for name in ("key", "payload")
        if name in data
    ]
    if not isinstance(data.get("name"), str):
        errors.append(FieldError("name", "expected the datasource's name; the job is datasource:NAME"))
    refuse(errors)
    try:
        return _job({**rest, "key": f"datasource:{data['name']}", "payload": [{"kind": "datasource", **item}]}, place)
    except ValidationError as error:
        raise ValidationError(map(_of_datasource, error.errors)) from error


def _of_datasource(error: FieldError) -> FieldError:
    """By the field of what was written."""
    field = "name" if error.field == "key" else error.field.removeprefix("payload.0.")
    return FieldError(field, error.message)


def _schedule(data: Mapping[str, Any], place: Place) -> Wanted:
    """As `following.check` checks an entry of a job's list."""
    key = data.get("job")
    errors = [] if isinstance(key, str) and key else [FieldError("job", "expected the key of the job that it starts")]
    entry = {"name": "default", **{name: value for name, value in data.items() if name != "job"}}
    errors += [FieldError(_own(each.field), each.message) for each in following.check([entry])]
    refuse(errors)
    return Wanted("schedule", schedule_name(str(key), entry["name"]), entry, place)


def _own(field: str) -> str:
    return field.removeprefix("schedules.0").removeprefix(".")


def _sink(data: Mapping[str, Any], place: Place) -> Wanted:
    document = parse_sink(data)
    return Wanted("sink", document.name, document.model_dump(mode="json"), place)


def _group(data: Mapping[str, Any], place: Place) -> Wanted:
    document = parse_group(data)
    return Wanted("concurrency_group", document.name, document.model_dump(mode="json"), place)


def _rule(data: Mapping[str, Any], place: Place) -> Wanted:
    document = parse_rule(data)
    return Wanted("notice_rule", document.name, document.model_dump(mode="json", exclude_none=True), place)


_READERS: Mapping[str, Callable[[Mapping[str, Any], Place], Wanted]] = {
    "job": _job,
    "datasource": _datasource,
    "schedule": _schedule,
    "sink": _sink,
    "concurrency_group": _group,
    "notice_rule": _rule,
}
KINDS = ("concurrency_group", "sink", "job", "schedule", "notice_rule")
"""Of objects, in the order in which they are written: each needs only what stands before it."""
