"""What comes of converting one document."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from jobs.errors import FieldError


@dataclass(frozen=True, slots=True)
class Converted:
    """The documents that say the same here, and what cannot be said here: with problems there are no documents."""

    documents: list[dict[str, Any]]
    problems: list[FieldError]


def converted(documents: list[dict[str, Any]], problems: list[FieldError]) -> Converted:
    """All or nothing: what was left out silently would be missed only when it is needed."""
    return Converted([] if problems else documents, problems)


def others(data: Mapping[str, Any], known: Collection[str], what: str, prefix: str = "") -> Iterator[FieldError]:
    """The fields that the other system does not have either, or that nobody here knows."""
    for name in data:
        if name not in known:
            yield FieldError(f"{prefix}{name}", f"unknown field of {what}: expected one of {', '.join(sorted(known))}")


def given(**fields: Any) -> dict[str, Any]:
    """The fields that say something."""
    return {name: value for name, value in fields.items() if value is not None}


def objects(value: object, field: str, problems: list[FieldError]) -> list[Mapping[str, Any]]:
    """A list of objects; what is none of them is told."""
    if value is None:
        return []
    if not isinstance(value, list):
        problems.append(FieldError(field, "expected a list"))
        return []
    problems += [
        FieldError(f"{field}.{at}", "expected an object")
        for at, item in enumerate(value)
        if not isinstance(item, Mapping)
    ]
    return [item for item in value if isinstance(item, Mapping)]
