"""Fields that take their values from other datasets."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from workers.generate import fields
from workers.generate.independent import Plan, with_nulls
from workers.generate.keys import Keys
from workers.generate.streams import stream


class References:
    """The references of a dataset, asked for block by block, in order.

    Args:
        plan: Which dataset, from which seed.
        keys: Of the datasets that it refers to, by name; all of them.
    """

    def __init__(self, plan: Plan, keys: Mapping[str, Keys]) -> None:
        self._plan = plan
        self._keys = keys
        self._in_order = {field.name: keys[field.dataset].in_order() for field in plan.dataset.references}

    def values(self, place: int, field: fields.ReferenceField, first: int, count: int) -> list[Any]:
        """The values of one field, which stands in that place, in the next block; some null where it may be."""
        if field.order == "random":
            random = stream(self._plan.seed, self._plan.dataset.name, field.name, first)
            values = self._keys[field.dataset].at_random(random, count)
        else:
            keys = self._in_order[field.name]
            values = [next(keys) for _ in range(count)]
        return with_nulls(values, self._plan, place, first)
