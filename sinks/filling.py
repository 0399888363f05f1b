"""Texts with gaps that a parcel fills: ``{{ job }} ended: {{ state }}``.

What stands between the braces is a JMESPath expression, so nothing in a text can compute anything but a look at the parcel, and a
value that is filled in is never read as a text with gaps.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Annotated, Any

import jmespath
from pydantic import AfterValidator, Field

from jobs.errors import PermanentError
from sinks import expressions
from sinks.base import Parcel, Record

_SHOWN = 40
"""Characters of what stands behind a gap that is not closed."""
_GAP = re.compile(r"\{\{(.*?)\}\}", re.DOTALL)


def plain(value: str) -> str:
    """A value goes in as it is."""
    return value


def checked(text: str) -> str:
    """The text itself. Raises ValueError where a gap holds no JMESPath expression, or is never closed."""
    _, opened, rest = filled_alike(text, by="").partition("{{")
    if opened:
        raise ValueError(f"expected }}}} behind {{{{{rest[:_SHOWN]}: a gap that is opened must be closed")
    for gap in gaps_of(text):
        try:
            expressions.checked(gap.strip())
        except ValueError as error:
            raise ValueError(f"{{{{{gap}}}}} {error}") from error
    return text


def checked_within(value: Any) -> Any:
    """A JSON value itself. Raises ValueError where a text in it is wrong; names are no texts with gaps."""
    match value:
        case str():
            return checked(value)
        case list():
            return [checked_within(each) for each in value]
        case dict():
            return {name: checked_within(each) for name, each in value.items()}
    return value


Filled = Annotated[str, Field(max_length=20_000), AfterValidator(checked)]
"""A text with gaps, as a person writes it."""


def fill(text: str, *, field: str, values: Mapping[str, Any], spell: Callable[[str], str] = plain) -> str:
    """Fill the gaps of a text: text as it is, null as nothing, anything else as JSON.

    Args:
        text: Read by `checked` without an error.
        field: Where it stands in the configuration, for errors.
        values: What the expressions see, JSON-ready.
        spell: What becomes of each value before it goes in, such as being escaped for HTML.

    Raises:
        PermanentError: An expression does not fit the values; code ``template``.
    """

    def found(gap: re.Match[str]) -> str:
        try:
            value = _compiled(gap.group(1)).search(values)
        except jmespath.exceptions.JMESPathError as error:
            raise PermanentError(f"{field}: {{{{{gap.group(1)}}}}}: {error}", code="template") from error
        if value is None:
            return ""
        return spell(value if isinstance(value, str) else json.dumps(value, ensure_ascii=False))

    return _GAP.sub(found, text)


def fill_within(value: Any, *, field: str, values: Mapping[str, Any]) -> Any:
    """Fill the gaps of all texts in a JSON value; each stays a text. Raises as `fill` does."""
    match value:
        case str():
            return fill(value, field=field, values=values)
        case list():
            return [fill_within(each, field=field, values=values) for each in value]
        case dict():
            return {name: fill_within(each, field=f"{field}.{name}", values=values) for name, each in value.items()}
    return value


def gaps_of(text: str) -> list[str]:
    """The expressions in a text, as they are written."""
    return _GAP.findall(text)


def filled_alike(text: str, *, by: str) -> str:
    """The text with the same word in each of its gaps: what stands around them."""
    return _GAP.sub(by, text)


def values_of(parcel: Parcel, record: Record | None = None) -> dict[str, Any]:
    """What texts about a parcel see: its heading, ``count`` and ``first_position``; of one record also all that it says.

    The record's ``state`` is then the payload's, and the run's is ``run_state``. Nothing in it differs between two attempts.
    """
    heading = parcel.heading()
    about = {**heading, "run_state": parcel.run_state, "count": parcel.count, "first_position": parcel.first_position}
    return about | record.values() if record else about


@lru_cache(maxsize=1024)
def _compiled(expression: str) -> Any:
    return jmespath.compile(expression.strip())
