"""Optimistic concurrency: the version a writer saw, from If-Match or from the body."""

from __future__ import annotations

import datetime as dt
import re
from typing import Any

from rest_framework import status
from rest_framework.exceptions import APIException
from rest_framework.request import Request

from jobs.errors import FieldError, ValidationError
from jobs.models import Job


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
    if f'"{version}"' in re.split(r"\s*,\s*", header.strip()):
        return version
    raise PreconditionFailedError(
        f'{what} has version {version} (ETag "{version}"): read it again and repeat your change'
    )


def taken_version(body: dict[str, Any]) -> int | None:
    """Take ``version`` out of a body; None when it is not there. Raises ValidationError."""
    version = body.pop("version", None)
    if version is None or (isinstance(version, int) and not isinstance(version, bool) and 1 <= version < 2**31):
        return version
    raise ValidationError([FieldError("version", "expected the whole number that the answer had")])


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
