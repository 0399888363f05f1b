"""What the columns of a dataset are called and hold: for formats that must say so before the first record."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from workers.generate import fields, simple_fields
from workers.generate.spec import Dataset
from workers.generate.values import Type


@dataclass(frozen=True, slots=True)
class Column:
    """A column; ``inner`` are the columns of an object, or the one (without a name) of a list."""

    name: str
    type: Type
    nullable: bool
    scale: int = 0
    inner: tuple[Column, ...] = ()
    null_text: str | None = None
    attribute: bool = False


@dataclass(frozen=True, slots=True)
class Layout:
    """A dataset's columns, in order."""

    dataset: str
    columns: tuple[Column, ...]

    @property
    def names(self) -> list[str]:
        """The columns' names."""
        return [column.name for column in self.columns]


def layout_of(dataset: Dataset, others: Mapping[str, Dataset]) -> Layout:
    """The layout of a dataset, given those that it refers to."""
    return Layout(dataset.name, tuple(_column(field, others) for field in dataset.fields))


def _column(field: Any, others: Mapping[str, Dataset]) -> Column:
    kept = {"name": field.name, "null_text": field.null_text, "attribute": field.attribute}
    nullable = _may_be_null(field)
    match field:
        case fields.ReferenceField():
            key = others[field.dataset].primary_key
            assert key is not None
            target = _column(key, others)
            return Column(**kept, type=target.type, nullable=nullable, scale=target.scale, inner=target.inner)
        case fields.ArrayField():
            return Column(**kept, type=Type.LIST, nullable=nullable, inner=(_column(field.of, others),))
        case fields.NestedField():
            inner = tuple(_column(one, others) for one in field.fields)
            return Column(**kept, type=Type.OBJECT, nullable=nullable, inner=inner)
        case simple_fields.DecimalField():
            return Column(**kept, type=Type.DECIMAL, nullable=nullable, scale=field.scale)
    return Column(**kept, type=field.value_type, nullable=nullable)


def _may_be_null(field: Any) -> bool:
    match field:
        case fields.ExpressionField():
            return True
        case simple_fields.ConstantField():
            return field.value is None
        case simple_fields.ChoiceField():
            return field.nullable or None in field.values
    return bool(field.nullable)
