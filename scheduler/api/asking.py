"""Reading what callers say about schedules: instants in addresses, and the bodies of edits."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Any

from pydantic import AwareDatetime, Field

from jobs import strict_json
from jobs.api.pages import Query
from jobs.api.preconditions import taken_version
from jobs.documents import Strict, refuse, validated
from jobs.errors import FieldError, ValidationError
from scheduler.api.shapes import READ_ONLY
from scheduler.models import Schedule
from scheduler.selectors.simulations import DAYS
from scheduler.triggers.times import read_moment


class RunNowRequest(Strict):
    """What may be said when a schedule's job is run by hand.

    Args:
        comment: Why; kept with the run.
        expected_updated_at: The schedule's ``updated_at`` as the caller saw it: when somebody changed it since, nothing is begun.
    """

    comment: str = Field(default="", max_length=2000)
    expected_updated_at: AwareDatetime | None = None


class PrincipalRequest(Strict):
    """As whom a schedule is to act.

    Args:
        service_account: The name of one of the workspace; without it the schedule acts as the caller.
    """

    service_account: str | None = None


class SimulationRequest(Strict):
    """An edit that is only thought of: the schedules that a job would have."""

    job: str
    schedules: list[dict[str, Any]]
    days: int = DAYS


def parse_run_now(data: object) -> RunNowRequest:
    """Validate what is said when a schedule's job is run by hand. Raises ValidationError."""
    return validated(RunNowRequest, data, "expected an object with comment")


def parse_principal(data: object) -> PrincipalRequest:
    """Validate as whom a schedule is to act. Raises ValidationError."""
    return validated(PrincipalRequest, data, "expected an object, empty or with service_account")


def parse_simulation(data: object) -> SimulationRequest:
    """Validate an edit that is only thought of. Raises ValidationError."""
    return validated(SimulationRequest, data, "expected an object with job and schedules")


def document_of(data: object) -> dict[str, Any]:
    """A schedule's document that was sent by itself. Raises ValidationError when it is no object that could be kept."""
    if not isinstance(data, dict):
        raise ValidationError([FieldError("", "expected an object with triggers")])
    refuse(strict_json.problems(data))
    return data


def instant(query: Query, name: str) -> dt.datetime | None:
    """A query parameter as aware UTC; None when it is not given. Raises ValidationError, also for a time without its zone."""
    text = query.text(name)
    if text is None:
        return None
    moment = read_moment(text, field=name)
    if moment.tzinfo is None:
        raise ValidationError([FieldError(name, "expected a time with its zone, such as 2026-11-21T12:00:00Z")])
    return moment


def edit_of(data: object, schedule: Schedule) -> tuple[dict[str, Any], int | None]:
    """The document, or the part of one, and the version in the body of a PUT or PATCH, which may be a GET's answer, edited.

    Raises:
        ValidationError: It is no object, names another schedule, or another state than the schedule's: that is not a matter of the
            document.
    """
    if not isinstance(data, dict):
        raise ValidationError([FieldError("", "expected an object")])
    refuse(strict_json.problems(data))
    body = dict(data)
    version = taken_version(
        body, what=f"schedule {schedule.name}", version=schedule.job.version, updated_at=schedule.updated_at
    )
    fixed = {"name": schedule.name, "job": schedule.job.key, "state": schedule.state}
    refuse([_fixed(name, value) for name, value in fixed.items() if body.get(name, value) != value])
    return {name: value for name, value in body.items() if name not in READ_ONLY}, version


def merged(document: Mapping[str, Any], patch: Mapping[str, Any]) -> dict[str, Any]:
    """A document with a patch applied: objects are merged, null removes, all else replaces. Source: RFC 7396."""
    result = dict(document)
    for name, value in patch.items():
        if value is None:
            result.pop(name, None)
        elif isinstance(value, Mapping):
            present = result.get(name)
            result[name] = merged(present if isinstance(present, Mapping) else {}, value)
        else:
            result[name] = value
    return result


def _fixed(name: str, value: str) -> FieldError:
    why = {"name": "a schedule cannot be renamed", "job": "a schedule cannot move to another job"}
    return FieldError(name, f"expected {value}: {why.get(name, 'pause/ and resume/ change it')}")
