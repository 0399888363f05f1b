"""What every written shape stands on: strict fields, durations, and errors in words that say what would be right."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, TypeVar

import pydantic
from pydantic import BaseModel, BeforeValidator, ConfigDict, WithJsonSchema

from jobs import strict_json
from jobs.documents.unknown_fields import unknown_field
from jobs.durations import JSON_SCHEMA, parse_ms
from jobs.errors import FieldError, ValidationError

MAX_TIMEOUT_MS = 7 * 86_400_000.0
MAX_PERIOD_MS = 366 * 86_400_000.0
MAX_ERRORS = 100
"""A list of a million payloads with the same mistake is told in a hundred lines."""

_PLAIN_WORDS = {
    "missing": "this field is required",
    "dict_type": "expected an object",
    "model_type": "expected an object",
    "model_attributes_type": "expected an object",
    "list_type": "expected a list",
    "string_type": "expected text",
    "int_type": "expected a whole number",
    "int_from_float": "expected a whole number",
    "int_parsing": "expected a whole number",
    "float_type": "expected a number",
    "bool_type": "expected true or false",
    "bool_parsing": "expected true or false",
    "finite_number": "expected a finite number",
    "literal_error": "expected {expected}",
    "enum": "expected {expected}",
    "union_tag_invalid": "expected one of {expected_tags}",
    "union_tag_not_found": "this field is required",
    "timezone_aware": "expected a time with its zone, such as 2026-11-21T12:00:00Z",
    "datetime_type": "expected a time, such as 2026-11-21T12:00:00Z",
    "datetime_parsing": "expected a time, such as 2026-11-21T12:00:00Z",
    "datetime_from_date_parsing": "expected a time, such as 2026-11-21T12:00:00Z",
    "greater_than_equal": "expected at least {ge}",
    "less_than_equal": "expected at most {le}",
    "string_too_short": "expected at least {min_length} character(s)",
    "string_too_long": "expected at most {max_length} characters",
    "too_short": "expected at least {min_length} entry",
    "too_long": "expected at most {max_length} entries",
}
"""By pydantic's type of error; the braces take its context."""

M = TypeVar("M", bound=BaseModel)


class Strict(BaseModel):
    """The base of everything a person writes: unknown fields are refused, not dropped."""

    model_config = ConfigDict(extra="forbid", strict=False)


def _duration(value: object) -> str | int | float:
    if not isinstance(value, str | int | float):
        raise ValueError("expected milliseconds or a duration string")
    if parse_ms(value) < 0:
        raise ValueError("a duration cannot be negative")
    return value


def _within(what: str, least_ms: float, most_ms: float, span: str) -> BeforeValidator:
    def check(value: object) -> str | int | float:
        duration = _duration(value)
        if not least_ms <= parse_ms(duration) <= most_ms:
            raise ValueError(f"{what} must lie between {span}")
        return duration

    return BeforeValidator(check)


_SHOWN = WithJsonSchema(JSON_SCHEMA)
Duration = Annotated[str | int | float, BeforeValidator(_duration), _SHOWN]
"""Kept as it was written (``"200ms"``), so that an export reads like its source; see `parse_ms`."""
Timeout = Annotated[str | int | float, _within("a timeout", 1, MAX_TIMEOUT_MS, "1 ms and 7 days"), _SHOWN]
"""How long one attempt may take."""
Period = Annotated[str | int | float, _within("a period", 1, MAX_PERIOD_MS, "1 ms and 366 days"), _SHOWN]
"""A stretch of time that is longer than nothing."""
Grace = Annotated[str | int | float, _within("a grace period", 0, 3_600_000.0, "0 and 1 hour"), _SHOWN]


def validated(model: type[M], data: object, expected: str) -> M:
    """Make a shape of what was read from JSON, YAML or a form.

    Args:
        model: The shape.
        data: Anything.
        expected: What to say when it is no object at all.

    Raises:
        ValidationError: With one `FieldError` per problem, as `refuse` does.
    """
    if not isinstance(data, Mapping):
        raise ValidationError([FieldError("", expected)])
    refuse(strict_json.problems(data))
    try:
        return model.model_validate(dict(data))
    except pydantic.ValidationError as error:
        raise ValidationError(_some(field_errors(error, model=model))) from error


def refuse(errors: list[FieldError]) -> None:
    """Raise these errors, if there are any: at most `MAX_ERRORS` and one that says how many were left out.

    Raises:
        ValidationError: There are some.
    """
    if errors:
        raise ValidationError(_some(errors))


def field_errors(
    error: pydantic.ValidationError, prefix: str = "", *, model: type[BaseModel] | None = None
) -> list[FieldError]:
    """Translate pydantic's errors into ours: dotted paths under ``prefix``, and words that say what would be right.

    Args:
        error: What was raised.
        prefix: Where the shape stands in the document.
        model: The shape: unknown fields are then told which ones there are.
    """
    return [
        FieldError(".".join([*filter(None, [prefix]), *map(str, _place(dict(detail)))]), _words(dict(detail), model))
        for detail in error.errors(include_url=False, include_input=False)
    ]


def _place(detail: dict[str, Any]) -> tuple[int | str, ...]:
    """The field concerned: of a union whose kind is not known, the field that says the kind."""
    kind = (detail["ctx"]["discriminator"].strip("'"),) if detail["type"].startswith("union_tag_") else ()
    return (*detail["loc"], *kind)


def _some(errors: list[FieldError]) -> list[FieldError]:
    left_out = len(errors) - MAX_ERRORS
    if left_out <= 0:
        return errors
    return [*errors[:MAX_ERRORS], FieldError("", f"{left_out} more problems are not shown")]


def _words(detail: dict[str, Any], model: type[BaseModel] | None) -> str:
    if detail["type"] == "extra_forbidden":
        return unknown_field(model, detail["loc"])
    if detail["type"] in _PLAIN_WORDS:
        return _PLAIN_WORDS[detail["type"]].format_map(detail.get("ctx", {}))
    message = str(detail["msg"]).removeprefix("Value error, ")
    return message[:1].lower() + message[1:]
