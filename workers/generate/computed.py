"""Fields that are computed from the others of their record."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any

from jobs.errors import PermanentError
from workers import templates
from workers.generate import fields
from workers.generate.spec import Dataset

_LARGEST = 2**63 - 1


def _whole(value: Any) -> int:
    """Formats keep 64 bits of it."""
    number = int(value)
    if abs(number) > _LARGEST:
        raise ValueError
    return number


def _real(value: Any) -> float:
    """Neither infinite nor "not a number": JSON and Excel have no words for them."""
    number = float(value)
    if not math.isfinite(number):
        raise ValueError
    return number


_TURN: dict[str, Callable[[Any], Any]] = {"text": str, "integer": _whole, "number": _real, "boolean": bool}


class Computed:
    """The expressions of a dataset. Each sees the fields before it, and ``number``."""

    def __init__(self, dataset: Dataset) -> None:
        self._names = [field.name for field in dataset.fields]
        self._expressions = {
            place: _expression(field, dataset)
            for place, field in enumerate(dataset.fields)
            if isinstance(field, fields.ExpressionField)
        }

    @property
    def places(self) -> list[int]:
        """Of these fields in the dataset."""
        return list(self._expressions)

    def fill(self, columns: list[list[Any]], first: int, count: int) -> None:
        """Compute a block's fields, in place. Raises PermanentError when an expression fails."""
        for at in range(count if self._expressions else 0):
            row = [values[at] for values in columns]
            self.fill_row(row, first + at)
            for place in self._expressions:
                columns[place][at] = row[place]

    def fill_row(self, row: list[Any], number: int) -> None:
        """Compute one record's, in place; ``number`` is 0 for the first."""
        known = {"number": number + 1} | dict(zip(self._names, row, strict=True))
        for place, compute in self._expressions.items():
            row[place] = known[self._names[place]] = compute(known)


def _expression(field: fields.ExpressionField, dataset: Dataset) -> Callable[[Mapping[str, Any]], Any]:
    place = f"{dataset.name}.{field.name}"
    evaluate, turn = templates.expression(field.expression, field=place), _TURN[field.result]

    def compute(known: Mapping[str, Any]) -> Any:
        value = evaluate(known)
        try:
            return None if value is None else turn(value)
        except (TypeError, ValueError, OverflowError) as error:
            raise PermanentError(f"{place}: {value!r:.100} is no {field.result}", code="template") from error

    return compute
