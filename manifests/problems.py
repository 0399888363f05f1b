"""What is wrong with manifests: all of it, each with its file, its document, its line and its field."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any

from jobs.errors import FieldError, ValidationError


@dataclass(frozen=True, slots=True)
class Place:
    """Where a document stands.

    Args:
        file: The path as it was given, or ``text``.
        index: Counts the file's documents from 1; 0 for the file as a whole.
    """

    file: str
    index: int = 0

    def __str__(self) -> str:
        return f"{self.file}, document {self.index}" if self.index else self.file


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is wrong.

    Args:
        message: What would be right.
        place: Where; None for what stands in no file, such as an object that would be deleted.
        field: The dotted path in the document.
        about: The object, such as ``job task:ping``, where it is known.
        line: Counted from 1, where it is known.
    """

    message: str
    place: Place | None = None
    field: str = ""
    about: str = ""
    line: int | None = None

    def __str__(self) -> str:
        """In one line: file, document, line, object, field: message."""
        line = f"line {self.line}" if self.line else ""
        where = [str(self.place) if self.place else "", line, self.about, self.field]
        told = ", ".join(filter(None, where))
        return f"{told}: {self.message}" if told else self.message

    def at(self, line: int | None) -> Problem:
        """The same with its line."""
        return replace(self, line=line)

    def to_dict(self) -> dict[str, Any]:
        """For programs."""
        return {
            "file": self.place.file if self.place else None,
            "document": self.place.index or None if self.place else None,
            "line": self.line,
            "object": self.about or None,
            "field": self.field,
            "message": self.message,
        }


class ManifestsRefusedError(ValidationError):
    """Manifests were refused as a whole; nothing was saved. ``problems`` has at least one entry."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = list(problems)
        super().__init__(FieldError(problem.field, problem.message) for problem in self.problems)

    def __str__(self) -> str:
        """One line for each problem."""
        return "\n".join(map(str, self.problems))


def problems_of(error: ValidationError, *, place: Place | None, about: str = "") -> list[Problem]:
    """What a validation said, as problems of a document."""
    return [Problem(each.message, place, each.field, about) for each in error.errors]
