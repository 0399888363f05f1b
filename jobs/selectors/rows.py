"""Reading rows as instances of models without the ORM, where hundreds a second are asked for.

To write a statement down takes the ORM a millisecond, and to make an instance of a row some twenty microseconds, most of it to find
out for each field whether it was read. Here the statement is written once, and what was not read is loaded when it is asked for, as
after `QuerySet.defer`.
"""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Collection, Iterable, Iterator, Sequence
from typing import Any, Generic, TypeVar

from django.db import DEFAULT_DB_ALIAS, connection
from django.db.models import DateTimeField, JSONField, Model, QuerySet
from django.db.models.base import ModelState

M = TypeVar("M", bound=Model)


class Rows(Generic[M]):
    """Some columns of a model's table.

    Args:
        model: One that does without signals about its instances, and without an ``__init__`` of its own.
        only: The names of the columns; empty for all.
        but: The names of those that are left out.
    """

    def __init__(self, model: type[M], *, only: Collection[str] = (), but: Collection[str] = ()) -> None:
        fields = [field for field in model._meta.concrete_fields if field.attname not in but]
        self._fields = [field for field in fields if not only or field.attname in only]
        self._model = model
        self._names = [field.attname for field in self._fields]
        self._json = [field.attname for field in self._fields if isinstance(field, JSONField)]
        self._moments = [field.attname for field in self._fields if isinstance(field, DateTimeField)]
        self.table = connection.ops.quote_name(model._meta.db_table)

    def __len__(self) -> int:
        return len(self._names)

    def selected(self, alias: str) -> str:
        """The columns, in the order in which `instance` takes them, for between SELECT and FROM."""
        # A time as text: Python itself reads it at once, psycopg takes it apart by a pattern.
        cast = {name: "::text" for name in self._moments}
        return ", ".join(f'{alias}."{field.column}"{cast.get(field.attname, "")}' for field in self._fields)

    def instance(self, values: Iterable[Any]) -> M:
        """The instance of a row. ``values``: as Django's connections read them, in the order of `selected`."""
        made = self._model.__new__(self._model)
        attributes = made.__dict__
        attributes["_state"] = state = ModelState()
        state.adding, state.db = False, DEFAULT_DB_ALIAS
        attributes.update(zip(self._names, values, strict=True))
        for name in self._moments:
            if attributes[name] is not None:
                attributes[name] = dt.datetime.fromisoformat(attributes[name])
        for name in self._json:
            if attributes[name] is not None:
                attributes[name] = {} if attributes[name] == "{}" else json.loads(attributes[name])
        return made

    def optional(self, values: Sequence[Any]) -> M | None:
        """The same for the outer side of a join: None where it found nothing. The first column is never null."""
        return None if values[0] is None else self.instance(values)

    def in_order(self, ids: QuerySet[M, Any]) -> list[M]:
        """The rows whose ids a queryset of nothing else finds, in its order, in one query."""
        found, parameters = ids.query.sql_with_params()
        query = f"""
            SELECT {self.selected("t")} FROM unnest(ARRAY({found})) WITH ORDINALITY AS page (id, place)
            JOIN {self.table} AS t ON t.id = page.id ORDER BY page.place
        """  # noqa: S608 - of names of columns, and what Django made
        return [self.instance(row) for row in fetched(query, parameters)]


def fetched(query: str, parameters: Sequence[Any]) -> Iterator[tuple[Any, ...]]:
    """The rows of a query, asked on Django's connection, so that what its transaction has done is seen."""
    with connection.cursor() as cursor:
        cursor.execute(query, parameters)
        yield from cursor.fetchall()
