"""Pages in any order: where the next one begins, in words that an index answers."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from types import MappingProxyType
from typing import Any, NamedTuple, TypeVar

from django.db.models import Expression, F, Field, Func, Lookup, Model, QuerySet, Value
from django.db.models.lookups import GreaterThan, LessThan

M = TypeVar("M", bound=Model)


class Ordering(NamedTuple):
    """By one column, or by two; together they are unique, or a page would lose what is equal to the last of the one before."""

    columns: tuple[str, ...]
    descending: bool = False


class Wanted(NamedTuple):
    """A page of a short list: ``where`` holds Django's lookups, ``after`` the ordering's columns in the row before the page."""

    limit: int
    ordering: Ordering
    after: Sequence[Any] | None = None
    where: Mapping[str, Any] = MappingProxyType({})


NEWEST_FIRST = Ordering(("pk",), descending=True)
"""Of what has ids that grow."""


def given(lookups: Mapping[str, Any]) -> dict[str, Any]:
    """Those that are asked about: the ones that are not None."""
    return {lookup: value for lookup, value in lookups.items() if value is not None}


def wanted_of(rows: QuerySet[M], wanted: Wanted) -> QuerySet[M]:
    """That page of these rows."""
    return in_order(rows.filter(**wanted.where), wanted.ordering, after=wanted.after, limit=wanted.limit)


def in_order(rows: QuerySet[M], ordering: Ordering, *, after: Sequence[Any] | None, limit: int) -> QuerySet[M]:
    """Up to ``limit`` rows in an order, from behind a place on.

    Args:
        rows: All of them.
        ordering: By what.
        after: The values of the ordering's columns in the last row of the page before, or expressions of them; None for the first
            page.
        limit: The most to return.
    """
    if after is not None:
        rows = rows.filter(_behind(ordering, after))
    sign = "-" if ordering.descending else ""
    return rows.order_by(*(sign + column for column in ordering.columns))[:limit]


def _behind(ordering: Ordering, after: Sequence[Any]) -> Lookup[bool]:
    """(Rows are compared whole: that is where an index of the columns is entered, whichever of them the last row shares.)"""
    beyond = LessThan if ordering.descending else GreaterThan
    if len(ordering.columns) == 1:
        return beyond(F(ordering.columns[0]), after[0])
    return beyond(_row(map(F, ordering.columns)), _row(map(_value, after)))


def _value(value: Any) -> Any:
    return value if isinstance(value, Expression) else Value(value)


def _row(values: Iterable[Any]) -> Func:
    return Func(*values, function="ROW", output_field=Field())
