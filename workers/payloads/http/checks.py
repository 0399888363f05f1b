"""Checks: what an answer must say, beyond its status, for the call to have succeeded."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from pydantic import Field, model_validator

from jobs.errors import PermanentError, TransientError
from workers.payloads.http.patterns import PatternError, matches
from workers.payloads.http.places import Pattern, Place, Reading

MAX_CHECKS = 50
_EXCERPT = 200


class Check(Place):
    """What must hold of the values at a place: of each of them, and there must be one, unless ``exists`` is false.

    ``retry``: whether an answer that does not pass is worth another attempt.
    """

    exists: bool = Field(default=True, strict=True)
    equals: Any = None
    not_equals: Any = None
    one_of: list[Any] | None = Field(default=None, min_length=1, max_length=1000)
    matches: Pattern | None = None
    at_least: float | None = Field(default=None, allow_inf_nan=False)
    at_most: float | None = Field(default=None, allow_inf_nan=False)
    retry: bool = Field(default=False, strict=True)

    @model_validator(mode="after")
    def _something_is_asked(self) -> Check:
        asked = self.model_fields_set & _RULES.keys()
        if not self.exists and asked:
            raise ValueError("exists: false says that there is no value: nothing else can be asked of it")
        anywhere = self.json_path is None and self.header is None and self.pattern is None
        if anywhere and not self.exists:
            raise ValueError("exists needs a place: json_path, header or pattern")
        if anywhere and not asked:
            raise ValueError("say what must hold, such as equals, one_of or matches")
        return self


def verify(*, checks: Sequence[Check], reading: Reading) -> None:
    """Refuse an answer of which a check does not hold; the first such check says how.

    Raises:
        PermanentError, TransientError: code ``check``; the latter when the check says ``retry``.
    """
    for number, check in enumerate(checks):
        wrong = wrong_with(check, reading)
        if wrong:
            message = f"check.{number}: {check.words}: {wrong}"
            details: dict[str, object] = {"check": number}
            if check.retry:
                raise TransientError(message, code="check", details=details)
            raise PermanentError(message, code="check", details=details)


def wrong_with(check: Check, reading: Reading) -> str:
    """What is wrong, in words; nothing when the check holds."""
    try:
        found = reading.find(check)
    except PatternError as error:
        return str(error)
    if not check.exists:
        return f"expected none, found {_shown(found[0])}" if found else ""
    if not found:
        return "there is none"
    return next((words for value in found if (words := _unfit(check, value))), "")


def _unfit(check: Check, value: Any) -> str:
    for name in sorted(check.model_fields_set & _RULES.keys()):
        wanted = getattr(check, name)
        if not _RULES[name](value, wanted):
            return f"expected {name.replace('_', ' ')} {_shown(wanted)}, found {_shown(value)}"
    return ""


def _same(value: Any, wanted: Any) -> bool:
    """JSON's equality: true is not 1. A header's or a text's value equals a number that is written so."""
    if isinstance(value, bool) or isinstance(wanted, bool):
        return value is wanted or (isinstance(value, str) and value == str(wanted).lower())
    if isinstance(value, str) and isinstance(wanted, int | float):
        return _number(value) == wanted
    return bool(value == wanted)


def _number(value: Any) -> float | None:
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    try:
        return float(value)
    except (ValueError, OverflowError):
        return None


def _within(value: Any, least: float | None, most: float | None) -> bool:
    number = _number(value)
    return number is not None and (least is None or number >= least) and (most is None or number <= most)


_RULES: Mapping[str, Callable[[Any, Any], bool]] = {
    "equals": _same,
    "not_equals": lambda value, wanted: not _same(value, wanted),
    "one_of": lambda value, wanted: any(_same(value, one) for one in wanted),
    "matches": lambda value, wanted: isinstance(value, str | int | float) and matches(wanted, str(value)),
    "at_least": lambda value, wanted: _within(value, wanted, None),
    "at_most": lambda value, wanted: _within(value, None, wanted),
}


def _shown(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= _EXCERPT else f"{text[:_EXCERPT]}…"
