"""Replacing what has a name and a version: what a PUT's body says, and which version its writer saw."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from jobs.api.preconditions import taken_version
from jobs.errors import FieldError, ValidationError
from sinks.models import Rule, Sink


def replacement(
    data: object, *, what: str, present: Sink | Rule, read_only: Collection[str]
) -> tuple[object, int | None]:
    """A PUT's body, which may be a GET's answer, edited: the document, and the version that it has.

    Args:
        data: The body.
        what: The sort of thing, for the reader of an error: ``sink``.
        present: What the address names.
        read_only: Fields of the GET's answer that no document has.

    Raises:
        ValidationError: It has another name, or a version that is none.
        OutOfDateError: Its ``expected_updated_at`` is not that of the last change.
    """
    if not isinstance(data, dict):
        return data, None
    name = present.name
    body: dict[str, Any] = {"name": name, **data}
    version = taken_version(body, what=f"the {what} {name}", version=present.version, updated_at=present.updated_at)
    if body["name"] != name:
        raise ValidationError([FieldError("name", f"expected {name}, as in the address; a {what} cannot be renamed")])
    return {each: value for each, value in body.items() if each not in read_only}, version
