"""The records of a dataset, block by block."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import partial
from typing import Any

from workers.generate import fields, simple_fields
from workers.generate.block import Block
from workers.generate.computed import Computed
from workers.generate.independent import Drawn, Independent, Plan, with_nulls
from workers.generate.keys import Keys
from workers.generate.parallel import Range, drawn_in_parallel
from workers.generate.references import References
from workers.generate.uniqueness import Allowance, OnlyOnce

_NEVER_REPEAT = (simple_fields.SequenceField,)


class Records:
    """Makes one dataset, once.

    Args:
        plan: Which, from which seed.
        records: How many.
        keys: Of the datasets that this one refers to, by name.
        processes: How many make them; they come out the same.
    """

    def __init__(self, plan: Plan, *, records: int, keys: Mapping[str, Keys] | None = None, processes: int = 1) -> None:
        dataset = plan.dataset
        self._plan = plan
        self._records = records
        self._size = dataset.block
        self._processes = processes if records > processes * self._size else 1
        self._made = Independent(plan)
        self._computed = Computed(dataset)
        self._references = References(plan, keys or {})
        allowance = Allowance(
            dataset=dataset.name, percent=dataset.duplicates_percent, records=records, retries=dataset.retries
        )
        self._once = {
            place: OnlyOnce(field.name, allowance)
            for place, field in enumerate(dataset.fields)
            if field.is_unique and not isinstance(field, _NEVER_REPEAT)
        }
        # A unique field tells any two records apart.
        as_a_whole = not dataset.allow_duplicates and not any(field.is_unique for field in dataset.fields)
        self._whole = OnlyOnce("record", allowance) if as_a_whole else None

    def blocks(self) -> Iterator[Block]:
        """The records in order, block by block.

        Raises:
            PermanentError: There are not enough different values, or an expression failed.
            TransientError: One of several processes died.
        """
        try:
            for (first, count), made in self._drawn():
                yield self._block(first, count, made)
        finally:
            for once in filter(None, [*self._once.values(), self._whole]):
                once.close()

    def _drawn(self) -> Iterator[tuple[Range, Drawn]]:
        if self._processes > 1:
            return drawn_in_parallel(self._plan, self._ranges(), processes=self._processes)
        return ((one, self._made.draw(*one)) for one in self._ranges())

    def _ranges(self) -> Iterator[Range]:
        for first in range(0, self._records, self._size):
            yield first, min(self._size, self._records - first)

    def _block(self, first: int, count: int, made: Drawn) -> Block:
        columns = [
            made[place] if place in made else self._derived(place, field, first, count)
            for place, field in enumerate(self._plan.dataset.fields)
        ]
        for place, once in self._once.items():
            if place in made:
                _settle(once, columns[place], first, partial(self._made.again, place))
        self._computed.fill(columns, first, count)
        for place in self._computed.places:
            columns[place] = with_nulls(columns[place], self._plan, place, first)
        for place, once in self._once.items():
            if place not in made:
                _settle(once, columns[place], first, None)
        if self._whole:
            self._tell_apart(self._whole, columns, first, count)
        return Block(first, count, columns)

    def _derived(self, place: int, field: Any, first: int, count: int) -> list[Any]:
        """The values of a reference; room for those of an expression, which come last."""
        if isinstance(field, fields.ReferenceField):
            return self._references.values(place, field, first, count)
        return [None] * count

    def _tell_apart(self, whole: OnlyOnce, columns: list[list[Any]], first: int, count: int) -> None:
        for at in range(count):
            row = [values[at] for values in columns]
            settled = whole.settle(row, first + at, partial(self._row_again, row, first + at))
            for values, value in zip(columns, settled, strict=True):
                values[at] = value

    def _row_again(self, row: list[Any], number: int, attempt: int) -> list[Any]:
        other = list(row)
        for place in self._made.places:
            other[place] = self._made.again(place, number, attempt)
        self._computed.fill_row(other, number)
        return other


def _settle(once: OnlyOnce, values: list[Any], first: int, another: Any) -> None:
    """Put other values in the place of those that were there before; nulls may be many."""
    for at, value in enumerate(values):
        if value is not None:
            values[at] = once.settle(value, first + at, another and partial(another, first + at))
