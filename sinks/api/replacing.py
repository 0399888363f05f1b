"""Replacing what has a name and a version: what a PUT's body says, and which version its writer saw."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from contextlib import contextmanager
from typing import Any

from rest_framework.request import Request

from jobs.api.preconditions import PreconditionFailedError, matched_number, taken_version
from jobs.errors import FieldError, OutOfDateError, ValidationError


def replacement(data: object, *, what: str, name: str, read_only: Collection[str]) -> tuple[object, int | None]:
    """A PUT's body, which may be a GET's answer, edited: the document, and the version that it has.

    Args:
        data: The body.
        what: The sort of thing, for the reader of an error: ``sink``.
        name: As in the address.
        read_only: Fields of the GET's answer that no document has.

    Raises:
        ValidationError: It has another name, or a version that is none.
    """
    if not isinstance(data, dict):
        return data, None
    body: dict[str, Any] = {"name": name, **data}
    version = taken_version(body)
    if body["name"] != name:
        raise ValidationError([FieldError("name", f"expected {name}, as in the address; a {what} cannot be renamed")])
    return {each: value for each, value in body.items() if each not in read_only}, version


@contextmanager
def expecting(request: Request, *, what: str, version: int, written: int | None) -> Iterator[int | None]:
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
