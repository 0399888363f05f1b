"""How many characters a value may have at most, roughly: what bounds the memory that making records takes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from workers.generate import fields, pattern, simple_fields

ORDINARY = 100
"""A name, a number, a date, a sentence."""
_COMPUTED = 1000


def width(field: Any) -> int:
    """The characters of one value of a field."""
    return _WIDTHS.get(type(field), lambda _: ORDINARY)(field)


_WIDTHS: dict[type, Callable[[Any], int]] = {
    fields.ArrayField: lambda field: max(1, field.maximum_length) * width(field.of),
    fields.NestedField: lambda field: sum(width(inner) for inner in field.fields),
    simple_fields.StringField: lambda field: int(field.maximum_length),
    simple_fields.TextField: lambda field: int(field.count) * ORDINARY,
    simple_fields.RegexField: lambda field: pattern.longest(field.pattern),
    simple_fields.MaskField: lambda field: len(field.mask),
    simple_fields.BytesField: lambda field: 2 * int(field.length),
    simple_fields.ChoiceField: lambda field: max(len(str(value)) for value in field.values),
    simple_fields.ConstantField: lambda field: len(str(field.value)),
    fields.ExpressionField: lambda field: _COMPUTED,
}
