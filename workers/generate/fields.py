"""The field types that are made of others, and all there are. Pure: nothing is generated here."""

from __future__ import annotations

import re
from typing import Annotated, Any, Literal

from pydantic import Field, PlainValidator, field_validator

from workers import templates
from workers.generate.simple_fields import (
    AddressField,
    BaseField,
    BooleanField,
    BytesField,
    ChoiceField,
    CompanyField,
    ConstantField,
    Count,
    DateTimeField,
    DecimalField,
    FinanceField,
    IdentityField,
    IntegerField,
    MaskField,
    Name,
    NetworkField,
    NumberField,
    PersonField,
    RegexField,
    SequenceField,
    StringField,
    TextField,
    at_least,
)
from workers.generate.unions import by_type
from workers.generate.values import Type


def _inside(field: Any) -> Any:
    """A field inside another. Raises ValueError when it says what only a field of the record can."""
    for flag in ("nullable", "primary_key", "unique", "attribute"):
        if getattr(field, flag):
            raise ValueError(
                f"{field.name!r} is inside an array or an object, where {flag} has no meaning: leave it out"
            )
    return field


class ReferenceField(BaseField):
    """The primary key of another dataset of the job: one after the other and then from the front again, or drawn at random."""

    type: Literal["reference"]
    dataset: Name
    order: Literal["in_order", "random"] = "in_order"


class ExpressionField(BaseField):
    """Computed from the record: a Jinja expression over the fields that stand before it, and ``number``, 1 for the first record."""

    type: Literal["expression"]
    expression: str = Field(min_length=1, max_length=10_000)
    result: Literal["text", "integer", "number", "boolean"] = "text"

    @property
    def value_type(self) -> Type:
        return Type(self.result)

    @field_validator("expression")
    @classmethod
    def _readable(cls, value: str) -> str:
        templates.check_expression(value)
        return value


class ArrayField(BaseField):
    """A list of values of one field."""

    type: Literal["array"]
    of: Inner
    minimum_length: Count = 5
    maximum_length: Count = 5

    @field_validator("of")
    @classmethod
    def _plain(cls, value: Any) -> Any:
        return _inside(value)

    @property
    def value_type(self) -> Type:
        return Type.LIST

    _ordered = field_validator("maximum_length")(at_least("minimum_length"))


class NestedField(BaseField):
    """An object with fields of its own."""

    type: Literal["nested"]
    fields: list[Inner] = Field(min_length=1, max_length=200)

    @property
    def value_type(self) -> Type:
        return Type.OBJECT

    @field_validator("fields")
    @classmethod
    def _once(cls, value: list[Any]) -> list[Any]:
        return distinct([_inside(field) for field in value])


_Inner = (
    AddressField
    | PersonField
    | CompanyField
    | FinanceField
    | NetworkField
    | IdentityField
    | TextField
    | StringField
    | RegexField
    | MaskField
    | BooleanField
    | IntegerField
    | NumberField
    | DecimalField
    | BytesField
    | DateTimeField
    | SequenceField
    | ChoiceField
    | ConstantField
    | ArrayField
    | NestedField
)
_Any = _Inner | ReferenceField | ExpressionField

Inner = Annotated[_Inner, PlainValidator(by_type(lambda: _Inner))]
"""What may stand inside an array or an object: whatever needs nothing from elsewhere."""

AnyField = Annotated[_Any, PlainValidator(by_type(lambda: _Any))]
"""One field of a dataset."""

ArrayField.model_rebuild()
NestedField.model_rebuild()


def distinct(fields: list[Any]) -> list[Any]:
    """The fields. Raises ValueError when two have one name."""
    seen: set[str] = set()
    for field in fields:
        if field.name in seen:
            raise ValueError(f"two fields have the name {field.name!r}")
        seen.add(field.name)
    return fields


IDENTIFIER = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
"""Names that an expression can say."""
