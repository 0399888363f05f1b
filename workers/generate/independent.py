"""The fields of a dataset that need nothing of each other nor of other datasets: any block of them can be made by itself."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Any

from workers.generate import fields
from workers.generate.columns import Surroundings, Values, column
from workers.generate.spec import Dataset
from workers.generate.streams import stream

Drawn = dict[int, list[Any]]
"""The place of a field in its dataset to its values in one block."""


@dataclass(frozen=True, slots=True)
class Plan:
    """What the values depend on: the same plan makes the same ones, in whatever process.

    Args:
        dataset: What.
        seed: Any number.
        now: What ``past`` and ``future`` are counted from; aware, UTC.
    """

    dataset: Dataset
    seed: int
    now: dt.datetime


class Independent:
    """Makes them."""

    def __init__(self, plan: Plan) -> None:
        self._plan = plan
        around = Surroundings(locale=plan.dataset.locale, now=plan.now)
        self._columns: dict[int, Values] = {
            place: column(field, around) for place, field in enumerate(plan.dataset.fields) if not is_derived(field)
        }

    def draw(self, first: int, count: int) -> Drawn:
        """So many values of each from that record on; null as often as the dataset wants it."""
        return {place: self._values(place, first, count) for place in self._columns}

    def again(self, place: int, number: int, attempt: int) -> Any:
        """Another value for one record, never null."""
        plan, name = self._plan, self._plan.dataset.fields[place].name
        random = stream(plan.seed, plan.dataset.name, name, "again", number, attempt)
        return self._columns[place](random, number, 1)[0]

    @property
    def places(self) -> list[int]:
        """Which fields these are."""
        return list(self._columns)

    def _values(self, place: int, first: int, count: int) -> list[Any]:
        plan, name = self._plan, self._plan.dataset.fields[place].name
        random = stream(plan.seed, plan.dataset.name, name, first)
        return with_nulls(self._columns[place](random, first, count), plan, place, first)


def with_nulls(values: list[Any], plan: Plan, place: int, first: int) -> list[Any]:
    """The values of a block, some of them null where the field may be."""
    dataset, field = plan.dataset, plan.dataset.fields[place]
    if not field.nullable or not dataset.null_percent:
        return values
    chance = stream(plan.seed, dataset.name, field.name, "null", first).random
    share = dataset.null_percent / 100
    return [None if chance() < share else value for value in values]


def is_derived(field: Any) -> bool:
    """Whether a field's values come from other fields or other datasets."""
    return isinstance(field, fields.ReferenceField | fields.ExpressionField)
