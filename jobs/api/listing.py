"""Short lists: in which orders they may be read, what filters them and which fields they have, said once for the list's view.

From what is said here the query is read, and the OpenAPI document tells of the parameters. For lists that a workspace has
tens or hundreds of entries in; those of runs and what they leave behind are read along indexes of their own.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from operator import attrgetter
from typing import Any, TypeVar

from rest_framework.request import Request
from rest_framework.response import Response

from jobs.api.described.operation import Parameter, flag, instant, ordered, pages, text, word
from jobs.api.described.shape import Shape
from jobs.api.orders import Order, by_time, place
from jobs.api.pages import Query, page
from jobs.selectors.ordering import Ordering, Wanted

T = TypeVar("T")


@dataclass(frozen=True)
class Filter:
    """One filter of a list.

    Args:
        parameter: As the document tells it.
        lookup: What of the rows it is held against, as Django's ``filter`` names it.
        read: Its value in the query, None when it is not given. Raises ValidationError.
    """

    parameter: Parameter
    lookup: str
    read: Callable[[Query, str], Any]


@dataclass(frozen=True)
class Listing:
    """One list.

    Args:
        shape: Of an entry, as the document tells it: its fields are those of ``fields``.
        orders: By the word of ``order``, the usual one first, with its sign.
        filters: What filters it.
    """

    shape: type[Shape]
    orders: Mapping[str, Order]
    filters: Sequence[Filter] = ()

    @property
    def fields(self) -> tuple[str, ...]:
        """What ``fields`` may name."""
        return tuple(self.shape.model_fields)

    def parameters(self) -> Iterator[Parameter]:
        """All but ``fields``, as the document tells them."""
        yield from (each.parameter for each in self.filters)
        yield ordered(*self.orders)
        yield from pages("What `order` needs", type="string")

    def asked(self, request: Request) -> Asked:
        """Read a query. Raises ValidationError."""
        names = [each.parameter.name for each in self.filters]
        query = Query(request, known=(*names, "order", "fields"))
        bare, descending = query.order(tuple(self.orders))
        order = next(order for word, order in self.orders.items() if word.removeprefix("-") == bare.removeprefix("-"))
        after, limit = query.text("after"), query.limit
        given = {each.lookup: each.read(query, each.parameter.name) for each in self.filters}
        wanted = Wanted(
            limit=limit + 1,
            ordering=Ordering(order.columns, descending),
            after=None if after is None else place(order, after),
            where={lookup: value for lookup, value in given.items() if value is not None},
        )
        return Asked(request, limit, order, wanted, query.names("fields", self.fields))


@dataclass(frozen=True)
class Asked:
    """What a request asks of a list; ``wanted`` is for the selector."""

    request: Request
    limit: int
    order: Order
    wanted: Wanted
    fields: frozenset[str] | None

    def answer(
        self, found: Sequence[T], *, show: Callable[[T], dict[str, Any]], row: Callable[[T], Any] = lambda each: each
    ) -> Response:
        """The page; ``row`` is what of an entry the list is ordered by."""
        return page(
            self.request,
            found,
            limit=self.limit,
            cursor=lambda each: self.order.cursor(row(each)),
            show=lambda each: self._kept(show(each)),
        )

    def _kept(self, entry: dict[str, Any]) -> dict[str, Any]:
        return {name: value for name, value in entry.items() if self.fields is None or name in self.fields}


def by_text(column: str) -> Order:
    """By a text that no two entries share, such as a name."""
    return Order((column,), attrgetter(column.replace("__", ".")), lambda after: (after,), "text")


def same(name: str, says: str, lookup: str = "") -> Filter:
    """Exactly this text."""
    return Filter(text(name, says), lookup or name, Query.text)


def part(name: str, says: str, lookup: str) -> Filter:
    """This text as a part of it, however it is capitalised."""
    return Filter(text(name, says), f"{lookup}__icontains", Query.text)


def one_of(name: str, says: str, words: type[StrEnum]) -> Filter:
    """One of some words."""
    return Filter(word(name, says, words), name, lambda query, each: query.word(each, words))


def whether(name: str, says: str, lookup: str) -> Filter:
    """True or false."""
    return Filter(flag(name, says), lookup, Query.flag)


def before(name: str, says: str, lookup: str) -> Filter:
    """Earlier than an instant."""
    return Filter(instant(name, says), f"{lookup}__lt", Query.instant)


NAME = {"name": by_text("name")}
CREATED, UPDATED = {"created_at": by_time("created_at")}, {"updated_at": by_time("updated_at")}
SEARCH = part("search", "Only those with this in their name, however it is capitalised.", "name")
