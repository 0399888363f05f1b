"""Query parameters and pages: keyset cursors, so that the thousandth page costs what the first does, and no COUNT."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable, Sequence
from enum import StrEnum
from typing import Any, TypeVar

from django.utils.dateparse import parse_datetime
from rest_framework.request import Request
from rest_framework.response import Response

from jobs.errors import FieldError, ValidationError

DEFAULT_LIMIT = 100
MAX_LIMIT = 1000
MAX_ID = 2**63 - 1
MAX_POSITION = 2**31 - 1

T = TypeVar("T")
S = TypeVar("S", bound=StrEnum)


class Query:
    """A request's query parameters, read strictly: each known one at most once, and no unknown ones."""

    def __init__(self, request: Request, *, known: Iterable[str] = (), paged: bool = True) -> None:
        """Raise ValidationError for a parameter that stands twice, or is not known. ``after`` and ``limit`` are if ``paged``."""
        names = (*(("after", "limit") if paged else ()), *known)
        self._values = request.query_params
        errors = [FieldError(name, _unknown("parameter", names)) for name in self._values if name not in names]
        errors += [FieldError(name, "given more than once") for name in names if len(self._values.getlist(name)) > 1]
        if errors:
            raise ValidationError(errors)

    @property
    def limit(self) -> int:
        """How many entries a page has: 1 to `MAX_LIMIT`."""
        return self.number("limit", least=1, most=MAX_LIMIT) or DEFAULT_LIMIT

    def text(self, name: str) -> str | None:
        """The parameter as it is, or None. Raises ValidationError for what PostgreSQL could not compare."""
        value = self._values.get(name)
        if value is not None and "\x00" in value:
            raise ValidationError([FieldError(name, "holds the character NUL")])
        return value

    def number(self, name: str, *, least: int = 0, most: int = MAX_ID) -> int | None:
        """A whole number, or None when it is not given. Raises ValidationError."""
        value = self._values.get(name)
        if value is None:
            return None
        if not (value.isascii() and value.isdecimal() and len(value) < 20 and least <= int(value) <= most):
            raise ValidationError([FieldError(name, f"expected a whole number from {least} to {most}")])
        return int(value)

    def names(self, name: str, known: Sequence[str]) -> frozenset[str] | None:
        """Some of the known names, separated by commas; None when it is not given. Raises ValidationError."""
        text = self.text(name)
        if text is None:
            return None
        given = text.split(",")
        if unknown := [each for each in given if each not in known]:
            raise ValidationError(
                [FieldError(name, f"{unknown[0][:100]!r} is none; expected some of {', '.join(known)}")]
            )
        return frozenset(given)

    def flag(self, name: str) -> bool | None:
        """true or false; None when it is not given. Raises ValidationError."""
        value = self._values.get(name)
        if value not in (None, "true", "false"):
            raise ValidationError([FieldError(name, "expected true or false")])
        return None if value is None else value == "true"

    def instant(self, name: str) -> dt.datetime | None:
        """A time in UTC; None when it is not given. Raises ValidationError, also for a time without its zone."""
        text = self.text(name)
        if text is None:
            return None
        try:
            moment = parse_datetime(text)
        except ValueError:
            moment = None
        if moment is None or moment.tzinfo is None:
            raise ValidationError([FieldError(name, "expected a time with its zone, such as 2026-11-21T12:00:00Z")])
        try:
            return moment.astimezone(dt.UTC)
        except OverflowError:  # The database has no such time either, and would say so in the middle of a download.
            raise ValidationError(
                [FieldError(name, "expected a time that lies in the years 1 to 9999 in UTC")]
            ) from None

    def order(self, words: Sequence[str]) -> tuple[str, bool]:
        """By which of the words to order, and whether descending (``-word``); the first word says what is usual.

        Raises ValidationError.
        """
        usual = words[0]
        value = self._values.get("order", usual)
        bare = value.removeprefix("-")
        known = [sign + word.removeprefix("-") for word in words for sign in ("", "-")]
        if value not in known:
            raise ValidationError([FieldError("order", f"expected one of {', '.join(known)}")])
        return bare, value.startswith("-")

    def word(self, name: str, words: type[S]) -> S | None:
        """One of the words of an enumeration, or None when it is not given. Raises ValidationError."""
        value = self._values.get(name)
        if value is None:
            return None
        try:
            return words(value)
        except ValueError:
            raise ValidationError([FieldError(name, f"expected one of {', '.join(words)}")]) from None


def _unknown(what: str, known: Sequence[str]) -> str:
    return f"unknown {what}; known are {', '.join(known)}" if known else f"unknown {what}; there are none"


def page(
    request: Request,
    entries: Sequence[T],
    *,
    limit: int,
    cursor: Callable[[T], object],
    show: Callable[[T], dict[str, Any]],
    until: int | None = None,
) -> Response:
    """Answer with ``{results, next}``.

    Args:
        request: Its address, with another ``after``, is the next page's.
        entries: Up to ``limit + 1``: the one too many says that there is a next page.
        limit: How many to show.
        cursor: What ``after`` is to say for the page that follows an entry.
        show: An entry's JSON.
        until: Where the look for entries was broken off, when they are not more than ``limit`` and more may follow.
    """
    shown = entries[:limit]
    last = cursor(shown[-1]) if len(entries) > limit else until
    following = None
    if last is not None:
        parameters = request.query_params.copy()
        parameters["after"] = str(last)
        following = request.build_absolute_uri(f"{request.path}?{parameters.urlencode()}")
    return Response({"results": [show(entry) for entry in shown], "next": following})
