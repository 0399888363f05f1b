"""Pages in any order: where the next one begins, in words that an index answers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple, TypeVar

from django.db.models import Model, Q, QuerySet

M = TypeVar("M", bound=Model)


class Ordering(NamedTuple):
    """By one column, or by two; together they are unique, or a page would lose what is equal to the last of the one before."""

    columns: tuple[str, ...]
    descending: bool = False


def in_order(rows: QuerySet[M], ordering: Ordering, *, after: Sequence[Any] | None, limit: int) -> QuerySet[M]:
    """Up to ``limit`` rows in an order, from behind a place on.

    Args:
        rows: All of them.
        ordering: By what.
        after: The values of the ordering's columns in the last row of the page before; None for the first page.
        limit: The most to return.
    """
    if after is not None:
        rows = rows.filter(_behind(ordering, after))
    sign = "-" if ordering.descending else ""
    return rows.order_by(*(sign + column for column in ordering.columns))[:limit]


def _behind(ordering: Ordering, after: Sequence[Any]) -> Q:
    """(The first condition of two is where the index is entered.)"""
    beyond = "lt" if ordering.descending else "gt"
    first = ordering.columns[0]
    if len(ordering.columns) == 1:
        return Q(**{f"{first}__{beyond}": after[0]})
    [second] = ordering.columns[1:]
    entered = Q(**{f"{first}__{beyond}e": after[0]})
    return entered & (Q(**{f"{first}__{beyond}": after[0]}) | Q(**{f"{second}__{beyond}": after[1]}))
