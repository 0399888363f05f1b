"""Optimistic concurrency: the version a writer saw, from If-Match or from the body."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.utils.dateparse import parse_datetime
from rest_framework import status
from rest_framework.exceptions import APIException
from rest_framework.request import Request

from jobs.errors import FieldError, OutOfDateError, ValidationError
from jobs.models import Job
from jobs.services.as_seen import job_as_seen


class PreconditionFailedError(APIException):
    """If-Match names another version than the job has."""

    status_code = status.HTTP_412_PRECONDITION_FAILED


def etag(job: Job) -> str:
    """The entity tag of a job's version."""
    return f'"{job.version}"'


def matched_version(request: Request, job: Job) -> int | None:
    """The job's version when If-Match names it; None without the header, or with ``*``.

    Raises:
        PreconditionFailedError: It names other versions only. A weak tag matches none: RFC 9110, section 13.1.1.
    """
    return matched_number(request, what=job.key, version=job.version)


def matched_number(request: Request, *, what: str, version: int) -> int | None:
    """The same for anything that counts its changes. Raises PreconditionFailedError."""
    header = request.headers.get("If-Match")
    if header is None or header.strip() == "*":
        return None
    # What follows the version is about what was told beside the document: jobs/api/tags.py.
    named = re.findall(r'(?<![^\s,])"([0-9]+)(?:-[0-9a-f]+)?"(?=\s*(?:,|$))', header)
    if str(version) in named:
        return version
    raise PreconditionFailedError(
        f'{what} has version {version} (ETag "{version}"): read it again and repeat your change'
    )


def taken_version(body: dict[str, Any], *, what: str, version: int, updated_at: dt.datetime) -> int | None:
    """Take ``version`` and ``expected_updated_at`` out of a body: the version that its writer saw, None when it says neither.

    Args:
        body: Of the request.
        what: What is to be changed, for the reader of an error.
        version: The one that it has now.
        updated_at: When it was changed last.

    Raises:
        ValidationError: One of them is none.
        OutOfDateError: ``expected_updated_at`` is another time than ``updated_at``.
    """
    written = _taken_number(body)
    if same_time(body.pop("expected_updated_at", None), what=what, updated_at=updated_at):
        return version if written is None else written
    return written


def same_time(expected: object, *, what: str, updated_at: dt.datetime) -> bool:
    """Whether a time was given, which is then the one of the last change. Raises ValidationError and OutOfDateError."""
    if expected is None:
        return False
    if moment_of(expected) != updated_at:
        told = f"{what} was changed at {updated_at.isoformat()}, after you read it"
        raise OutOfDateError(f"{told}: read it again and repeat your change")
    return True


def moment_of(value: object) -> dt.datetime:
    """An ``expected_updated_at``. Raises ValidationError."""
    try:
        moment = parse_datetime(value) if isinstance(value, str) else None
    except ValueError:
        moment = None
    if moment is None or moment.tzinfo is None:
        raise ValidationError([FieldError("expected_updated_at", "expected the updated_at that the answer had")])
    return moment


def _taken_number(body: dict[str, Any]) -> int | None:
    version = body.pop("version", None)
    if version is None or (isinstance(version, int) and not isinstance(version, bool) and 1 <= version < 2**31):
        return version
    raise ValidationError([FieldError("version", "expected the whole number that the answer had")])


def refuse_condition(request: Request) -> None:
    """For what has no version: a write on the condition that it still has one fails. Source: RFC 9110, section 13.1.1.

    Raises PreconditionFailedError for a request that writes and has If-Match, unless with ``*``.
    """
    if request.method not in ("GET", "HEAD") and request.headers.get("If-Match", "*").strip() != "*":
        raise PreconditionFailedError("this has no version that If-Match could name: leave the header out")


def seen_at(request: Request, job: Job | None) -> dt.datetime | None:
    """The job's ``updated_at`` when If-Match names its version, for a service to compare; None without the header, or with ``*``.

    Args:
        request: Whose header.
        job: The job concerned; None for a run whose job was deleted.

    Raises:
        PreconditionFailedError: It names other versions only, or there is no job that it could name.
    """
    if job is not None:
        return None if matched_version(request, job) is None else job.updated_at
    if "If-Match" in request.headers:
        raise PreconditionFailedError("the job of this run was deleted: there is no version that If-Match could name")
    return None


@contextmanager
def refused_by_header(request: Request) -> Iterator[None]:
    """What a service refuses because somebody changed the job meanwhile is a 412 for who named a version in If-Match."""
    try:
        yield
    except OutOfDateError as error:
        if request.headers.get("If-Match", "*").strip() == "*":
            raise
        raise PreconditionFailedError(str(error)) from error


@contextmanager
def as_named(request: Request, job: Job) -> Iterator[None]:
    """Let what is done within be done to the version of the job that If-Match names, or not at all; without the header to any, and
    nothing is asked or locked for it.

    Raises:
        PreconditionFailedError: The job has another version.
    """
    if request.headers.get("If-Match", "*").strip() == "*":
        yield
        return
    expected = matched_version(request, job)
    with refused_by_header(request), job_as_seen(job_id=job.pk, key=job.key, expected_version=expected):
        yield


@contextmanager
def expecting(request: Request, *, what: str, version: int, written: int | None = None) -> Iterator[int | None]:
    """The version that a writer saw: of If-Match, then somebody else's change is a 412; or of the body, then it is a 409.

    Args:
        request: Whose header.
        what: The thing, for the reader of an error: ``the sink lake``.
        version: The one that it has now.
        written: The one of the body, None without one.
    """
    matched = matched_number(request, what=what, version=version)
    try:
        yield written if matched is None else matched
    except OutOfDateError as error:
        if matched is None:
            raise
        raise PreconditionFailedError(str(error)) from error
