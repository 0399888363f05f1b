"""The records of a dataset, block by block."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from jobs.errors import PermanentError
from workers import templates
from workers.generate import fields
from workers.generate.block import Block
from workers.generate.columns import Surroundings, Values, column
from workers.generate.keys import Keys
from workers.generate.spec import Dataset
from workers.generate.streams import stream
from workers.generate.uniqueness import Allowance, OnlyOnce

BLOCK = 1000
"""Records that are made at once. A part of what a seed means: with another number the same seed makes other data."""
_BY_NATURE = (fields.SequenceField,)
"""Field types that never repeat a value."""
_TURN: dict[str, Callable[[Any], Any]] = {"text": str, "integer": int, "number": float, "boolean": bool}


class Records:
    """Makes one dataset, once.

    Args:
        dataset: What.
        records: How many.
        seed: The same one makes the same records.
        now: What ``past`` and ``future`` are counted from; aware, UTC.
        keys: Of the datasets that this one refers to, by name.
    """

    def __init__(
        self, dataset: Dataset, *, records: int, seed: int, now: dt.datetime, keys: Mapping[str, Keys] | None = None
    ) -> None:
        self._dataset = dataset
        self._records = records
        self._seed = seed
        self._keys = keys or {}
        around = Surroundings(locale=dataset.locale, now=now)
        self._columns = [_Column(field, dataset, seed, around) for field in dataset.fields if not _is_derived(field)]
        self._by_place = {dataset.fields.index(made.field): made for made in self._columns}
        self._in_order = {
            field.name: self._keys[field.dataset].in_order()
            for field in dataset.references
            if field.order == "in_order"
        }
        self._expressions = {
            place: _expression(field, dataset)
            for place, field in enumerate(dataset.fields)
            if isinstance(field, fields.ExpressionField)
        }
        self._names = [field.name for field in dataset.fields]
        self._allowance = Allowance(
            dataset=dataset.name, percent=dataset.duplicates_percent, records=records, retries=dataset.retries
        )
        self._once = {
            place: OnlyOnce(field.name, self._allowance)
            for place, field in enumerate(dataset.fields)
            if field.is_unique and not isinstance(field, _BY_NATURE)
        }
        whole = not dataset.allow_duplicates and not any(field.is_unique for field in dataset.fields)
        self._whole = OnlyOnce("record", self._allowance) if whole else None

    def blocks(self) -> Iterator[Block]:
        """The records in order, `BLOCK` at a time.

        Raises:
            PermanentError: There are not enough different values, or an expression failed.
        """
        for first in range(0, self._records, BLOCK):
            yield self._block(first, min(BLOCK, self._records - first))

    def _block(self, first: int, count: int) -> Block:
        columns = [self._made(place, field, first, count) for place, field in enumerate(self._dataset.fields)]
        if self._expressions:
            self._compute(columns, first, count)
        for place in self._once:
            if place not in self._by_place:
                self._check_derived(place, columns[place], first)
        if self._whole:
            self._tell_apart(self._whole, columns, first, count)
        return Block(first, count, columns)

    def _made(self, place: int, field: Any, first: int, count: int) -> list[Any]:
        made = self._by_place.get(place)
        if made is not None:
            values = made.values(first, count)
            return self._different(place, made, values, first) if place in self._once else values
        if isinstance(field, fields.ReferenceField):
            return self._referred(field, first, count)
        return [None] * count

    def _different(self, place: int, made: _Column, values: list[Any], first: int) -> list[Any]:
        once = self._once[place]
        for at, value in enumerate(values):
            if value is not None:
                number = first + at
                values[at] = once.settle(value, number, lambda attempt, n=number: made.again(n, attempt))  # type: ignore[misc]
        return values

    def _referred(self, field: fields.ReferenceField, first: int, count: int) -> list[Any]:
        random = stream(self._seed, self._dataset.name, field.name, first)
        if field.order == "random":
            values = self._keys[field.dataset].at_random(random, count)
        else:
            keys = self._in_order[field.name]
            values = [next(keys) for _ in range(count)]
        return _with_nulls(values, field, self._dataset, self._seed, first)

    def _compute(self, columns: list[list[Any]], first: int, count: int) -> None:
        for at in range(count):
            row = [values[at] for values in columns]
            self._compute_row(row, first + at)
            for place in self._expressions:
                columns[place][at] = row[place]

    def _compute_row(self, row: list[Any], number: int) -> None:
        known = dict(zip(self._names, row, strict=True)) | {"number": number + 1}
        for place, compute in self._expressions.items():
            row[place] = known[self._names[place]] = compute(known)

    def _check_derived(self, place: int, values: list[Any], first: int) -> None:
        for at, value in enumerate(values):
            if value is not None:
                self._once[place].settle(value, first + at, None)

    def _tell_apart(self, whole: OnlyOnce, columns: list[list[Any]], first: int, count: int) -> None:
        for at in range(count):
            row = [values[at] for values in columns]
            number = first + at
            settled = whole.settle(row, number, lambda attempt, r=row, n=number: self._again(r, n, attempt))  # type: ignore[misc]
            if settled is not row:
                for values, value in zip(columns, settled, strict=True):
                    values[at] = value

    def _again(self, row: list[Any], number: int, attempt: int) -> list[Any]:
        other = list(row)
        for place, made in self._by_place.items():
            other[place] = made.again(number, attempt)
        self._compute_row(other, number)
        return other


class _Column:
    """One field that needs nothing of the others."""

    def __init__(self, field: Any, dataset: Dataset, seed: int, around: Surroundings) -> None:
        self.field = field
        self._dataset = dataset
        self._seed = seed
        self._values: Values = column(field, around)

    def values(self, first: int, count: int) -> list[Any]:
        """So many, from that record on; null as often as the dataset wants it."""
        random = stream(self._seed, self._dataset.name, self.field.name, first)
        return _with_nulls(self._values(random, first, count), self.field, self._dataset, self._seed, first)

    def again(self, number: int, attempt: int) -> Any:
        """Another value for one record."""
        random = stream(self._seed, self._dataset.name, self.field.name, "again", number, attempt)
        return self._values(random, number, 1)[0]


def _with_nulls(values: list[Any], field: Any, dataset: Dataset, seed: int, first: int) -> list[Any]:
    if not field.nullable or not dataset.null_percent:
        return values
    chance = stream(seed, dataset.name, field.name, "null", first).random
    share = dataset.null_percent / 100
    return [None if chance() < share else value for value in values]


def _is_derived(field: Any) -> bool:
    return isinstance(field, fields.ReferenceField | fields.ExpressionField)


def _expression(field: fields.ExpressionField, dataset: Dataset) -> Callable[[Mapping[str, Any]], Any]:
    place = f"{dataset.name}.{field.name}"
    evaluate, turn = templates.expression(field.expression, field=place), _TURN[field.result]

    def compute(known: Mapping[str, Any]) -> Any:
        value = evaluate(known)
        try:
            return None if value is None else turn(value)
        except (TypeError, ValueError) as error:
            raise PermanentError(f"{place}: {value!r:.100} is no {field.result}", code="template") from error

    return compute
