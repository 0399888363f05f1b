"""The field types whose values are made of nothing else: what a person may ask for, and what kind of value comes out. Pure."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from typing import Annotated, Any, Literal, Self

from pydantic import (
    AfterValidator,
    ConfigDict,
    Field,
    ValidationInfo,
    field_validator,
    model_validator,
)

from jobs.documents import Strict
from workers.generate import pattern
from workers.generate.parts import ADDRESS, COMPANY, FINANCE, IDENTITY, NETWORK, PERSON, TEXT
from workers.generate.unions import at_field
from workers.generate.values import Type

MAX_ELEMENTS = 1000
"""Of an array, and of the characters, bytes or words that one value may be asked for."""
_CASES = Literal["upper", "lower", "capitalize", "title", "snake", "camel"]
_LARGEST = 2**63 - 1

Name = Annotated[str, Field(min_length=1, max_length=200)]
Count = Annotated[int, Field(ge=0, le=MAX_ELEMENTS)]
Whole = Annotated[int, Field(ge=-_LARGEST, le=_LARGEST)]
Real = Annotated[float, Field(ge=-1e300, le=1e300)]
"""Within bounds whose difference is a number too."""
Scalar = str | Whole | Annotated[float, Field(allow_inf_nan=False)] | bool | None


def at_least(low: str) -> Callable[[type, Any, ValidationInfo], Any]:
    """A validator of the upper end of something whose lower end is called ``low``."""

    def check(cls: type, value: Any, info: ValidationInfo) -> Any:
        if low in info.data and value < info.data[low]:
            raise ValueError(f"expected at least {low}, which is {info.data[low]}")
        return value

    return check


def _pattern(text: str) -> str:
    pattern.check(text)
    return text


class BaseField(Strict):
    """What every field may have.

    ``nullable``: null as often as the dataset's ``null_percent`` says; ``null_text`` is then written by formats that are text.
    ``unique``: no two records have the same value, as far as the dataset allows duplicates. ``primary_key`` implies it.
    ``attribute``: in XML an attribute of the record.
    """

    # Defaults are looked at too: a minimum that is given must not lie above a maximum that is not.
    model_config = ConfigDict(validate_default=True)

    name: Name
    description: str = Field(default="", max_length=2000)
    nullable: bool = False
    null_text: str | None = Field(default=None, max_length=200)
    primary_key: bool = False
    unique: bool = False
    attribute: bool = False

    @property
    def is_unique(self) -> bool:
        """Asked for, or implied."""
        return self.unique or self.primary_key

    @property
    def value_type(self) -> Type:
        """The kind of value that comes out."""
        return Type.TEXT

    @field_validator("primary_key")
    @classmethod
    def _never_null(cls, value: bool, info: ValidationInfo) -> bool:
        if value and info.data.get("nullable"):
            raise ValueError("a primary key is never null: leave nullable out")
        return value


class _Texts(BaseField):
    """Fields that come out as text, whose letters may be changed."""

    case: _CASES | None = None

    @model_validator(mode="after")
    def _has_letters(self) -> Self:
        if self.case and self.value_type != Type.TEXT:
            raise at_field("case", f"{self.name} is no text, so it has no letters to change: leave case out")
        return self


def _one_of(parts: dict[str, Type]) -> AfterValidator:
    def check(value: str) -> str:
        if value not in parts:
            raise ValueError(f"expected one of {', '.join(parts)}")
        return value

    return AfterValidator(check)


class AddressField(_Texts):
    """Streets, cities, countries, coordinates."""

    type: Literal["address"]
    part: Annotated[str, _one_of(ADDRESS)] = "full"

    @property
    def value_type(self) -> Type:
        return ADDRESS[self.part]


class PersonField(_Texts):
    """Names, and what belongs to a person. ``minimum`` and ``maximum`` are for the age."""

    type: Literal["person"]
    part: Annotated[str, _one_of(PERSON)] = "full_name"
    minimum: int = Field(default=1, ge=0, le=150)
    maximum: int = Field(default=125, ge=0, le=150)

    @property
    def value_type(self) -> Type:
        return PERSON[self.part]

    _ordered = field_validator("maximum")(at_least("minimum"))


class CompanyField(_Texts):
    """Companies and work."""

    type: Literal["company"]
    part: Annotated[str, _one_of(COMPANY)] = "name"

    @property
    def value_type(self) -> Type:
        return COMPANY[self.part]


class FinanceField(_Texts):
    """Money, cards, accounts. ``minimum`` and ``maximum`` are for the price."""

    type: Literal["finance"]
    part: Annotated[str, _one_of(FINANCE)] = "price"
    minimum: Real = 0
    maximum: Real = 99_999.99

    @property
    def value_type(self) -> Type:
        return FINANCE[self.part]

    _ordered = field_validator("maximum")(at_least("minimum"))


class NetworkField(_Texts):
    """Addresses and names of the Internet."""

    type: Literal["network"]
    part: Annotated[str, _one_of(NETWORK)] = "ipv4"

    @property
    def value_type(self) -> Type:
        return NETWORK[self.part]


class IdentityField(_Texts):
    """Identifiers with the check digits of their kind."""

    type: Literal["identity"]
    part: Annotated[str, _one_of(IDENTITY)] = "uuid"

    @property
    def value_type(self) -> Type:
        return IDENTITY[self.part]


class TextField(_Texts):
    """Words to read. ``count``: so many words, sentences or paragraphs."""

    type: Literal["text"]
    part: Annotated[str, _one_of(TEXT)] = "sentence"
    count: int = Field(default=1, ge=1, le=MAX_ELEMENTS)


class StringField(_Texts):
    """Characters without a meaning."""

    type: Literal["string"]
    characters: Literal["letters", "digits", "alphanumeric", "hex", "ascii", "unicode"] = "alphanumeric"
    minimum_length: Count = 25
    maximum_length: Count = 25

    _ordered = field_validator("maximum_length")(at_least("minimum_length"))


class RegexField(_Texts):
    """Text that matches a regular expression."""

    type: Literal["regex"]
    pattern: Annotated[str, Field(min_length=1, max_length=1000), AfterValidator(_pattern)]


class MaskField(_Texts):
    """Text by a mask: ``#`` becomes a digit, ``?`` a capital letter, the rest stays."""

    type: Literal["mask"]
    mask: str = Field(min_length=1, max_length=MAX_ELEMENTS)


class BooleanField(BaseField):
    """True so often."""

    type: Literal["boolean"]
    true_percent: float = Field(default=50, ge=0, le=100)

    @property
    def value_type(self) -> Type:
        return Type.BOOLEAN


class IntegerField(BaseField):
    """Whole numbers from ``minimum`` to ``maximum``, both included."""

    type: Literal["integer"]
    minimum: Whole = 0
    maximum: Whole = 100_000

    @property
    def value_type(self) -> Type:
        return Type.INTEGER

    _ordered = field_validator("maximum")(at_least("minimum"))


class NumberField(BaseField):
    """Numbers with a binary point, rounded to ``digits``."""

    type: Literal["number"]
    minimum: Real = 0
    maximum: Real = 1000
    digits: int = Field(default=6, ge=0, le=15)

    @property
    def value_type(self) -> Type:
        return Type.NUMBER

    _ordered = field_validator("maximum")(at_least("minimum"))


class DecimalField(BaseField):
    """Exact decimal numbers with ``scale`` digits behind the point."""

    type: Literal["decimal"]
    minimum: Annotated[int, Field(ge=-(10**18), le=10**18)] = 0
    maximum: Annotated[int, Field(ge=-(10**18), le=10**18)] = 100_000
    scale: int = Field(default=2, ge=0, le=18)

    @property
    def value_type(self) -> Type:
        return Type.DECIMAL

    _ordered = field_validator("maximum")(at_least("minimum"))


class BytesField(BaseField):
    """Random bytes; formats that are text write them in base64."""

    type: Literal["bytes"]
    length: Count = 25

    @property
    def value_type(self) -> Type:
        return Type.BYTES


class DateTimeField(BaseField):
    """Dates and times from ``start`` to before ``end``, in UTC where they have no zone.

    Without them: ``within_days`` before (``past``) or after (``future``) the run's creation, so that a repeated attempt makes
    the same.
    """

    type: Literal["datetime"]
    part: Literal["timestamp", "date", "time"] = "timestamp"
    when: Literal["past", "future"] = "past"
    within_days: int = Field(default=365, ge=1, le=36_525)
    start: dt.datetime | None = None
    end: dt.datetime | None = None

    @property
    def value_type(self) -> Type:
        return {"timestamp": Type.TIMESTAMP, "date": Type.DATE, "time": Type.TIME}[self.part]

    @model_validator(mode="after")
    def _both_ends(self) -> DateTimeField:
        if (self.start is None) != (self.end is None):
            raise ValueError("start and end go together; leave both out to use when and within_days")
        if self.start and self.end and _utc(self.start) >= _utc(self.end):
            raise ValueError("start must lie before end")
        return self

    def bounds(self, now: dt.datetime) -> tuple[dt.datetime, dt.datetime]:
        """The first moment, and the one behind the last."""
        if self.start and self.end:
            return _utc(self.start), _utc(self.end)
        span = dt.timedelta(days=self.within_days)
        return (now - span, now) if self.when == "past" else (now, now + span)


class SequenceField(BaseField):
    """``start``, ``start + step``, and so on, through the whole dataset."""

    type: Literal["sequence"]
    start: Annotated[int, Field(ge=-(10**18), le=10**18)] = 1
    step: Annotated[int, Field(ge=-(10**9), le=10**9)] = 1

    @property
    def value_type(self) -> Type:
        return Type.INTEGER

    @field_validator("step")
    @classmethod
    def _moves(cls, value: int) -> int:
        if value == 0:
            raise ValueError("a step of 0 repeats one value: use a constant")
        return value


class ChoiceField(BaseField):
    """One of some values, each as likely as its weight says."""

    type: Literal["choice"]
    values: list[Scalar] = Field(min_length=1, max_length=10_000)
    weights: list[Annotated[float, Field(ge=0, allow_inf_nan=False)]] | None = None

    @property
    def value_type(self) -> Type:
        return _type_of(self.values)

    @model_validator(mode="after")
    def _weighted(self) -> ChoiceField:
        if self.weights is not None and len(self.weights) != len(self.values):
            raise ValueError(f"expected {len(self.values)} weights, one for each value")
        if self.weights is not None and not sum(self.weights):
            raise ValueError("at least one weight must be more than 0")
        return self


class ConstantField(BaseField):
    """Always the same value."""

    type: Literal["constant"]
    value: Scalar

    @property
    def value_type(self) -> Type:
        return _type_of([self.value])


def _type_of(values: list[Scalar]) -> Type:
    """Whole numbers among numbers are numbers; anything else mixed is text."""
    kinds = {type(value) for value in values if value is not None}
    if kinds <= {int}:
        return Type.INTEGER if kinds else Type.TEXT
    if kinds == {bool}:
        return Type.BOOLEAN
    return Type.NUMBER if kinds <= {int, float} else Type.TEXT


def _utc(moment: dt.datetime) -> dt.datetime:
    return moment.replace(tzinfo=dt.UTC) if moment.tzinfo is None else moment.astimezone(dt.UTC)
