"""From a field to a function that makes its values, many at a time.

A column is made as a whole, from a stream of random numbers of its own: that is quick, and no field's values depend on
which others there are.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from itertools import islice
from random import Random
from typing import Any

from mimesis.random import Random as MimesisRandom

from workers.generate import fields, pattern, simple_fields
from workers.generate.sources import ALPHABETS, hex_digits, source, uuid4
from workers.generate.spelling import changer

Values = Callable[[Random, int, int], list[Any]]
"""From a stream, the number of the first record (0 for the dataset's first) and how many, to so many values."""


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What fields take from their dataset and job."""

    locale: str
    now: dt.datetime


def column(field: Any, around: Surroundings) -> Values:
    """The function for one field, whatever its type but a reference or an expression."""
    made = _MAKERS[type(field)](field, around)
    case = getattr(field, "case", None)
    return _changed(made, changer(case)) if case else made


def _changed(made: Values, change: Callable[[str], str]) -> Values:
    return lambda random, first, count: list(map(change, made(random, first, count)))


def _each(draw: Callable[[Random], Any]) -> Values:
    return lambda random, first, count: [draw(random) for _ in range(count)]


def _part(field: Any, around: Surroundings) -> Values:
    """A part that a library makes, or one that is put together here."""
    own = _OWN_PARTS.get((field.type, field.part))
    return own(field, around) if own else _library(field.type, field.part, around)


def _library(kind: str, part: str, around: Surroundings) -> Values:
    values = source(kind=kind, part=part, locale=around.locale).values
    return lambda random, first, count: values(random, count)


def _full_address(field: Any, around: Surroundings) -> Values:
    parts = [_library("address", part, around) for part in ("street", "postal_code", "city")]

    def values(random: Random, first: int, count: int) -> list[Any]:
        streets, codes, cities = (part(random, first, count) for part in parts)
        return [f"{street}, {code} {city}" for street, code, city in zip(streets, codes, cities, strict=True)]

    return values


def _point(field: Any, around: Surroundings) -> Values:
    """Well-known text, longitude first."""
    return _each(lambda random: f"POINT ({random.uniform(-180, 180):.6f} {random.uniform(-90, 90):.6f})")


def _age(field: simple_fields.PersonField, around: Surroundings) -> Values:
    return _each(lambda random: random.randint(field.minimum, field.maximum))


def _price(field: simple_fields.FinanceField, around: Surroundings) -> Values:
    return _each(lambda random: round(random.uniform(field.minimum, field.maximum), 2))


_OWN_PARTS: dict[tuple[str, str], Callable[[Any, Surroundings], Values]] = {
    ("address", "full"): _full_address,
    ("address", "point"): _point,
    ("person", "age"): _age,
    ("person", "height_m"): lambda field, around: _each(lambda random: round(random.uniform(1.5, 2.0), 2)),
    ("finance", "price"): _price,
    ("identity", "uuid"): lambda field, around: _each(uuid4),
    ("identity", "sha256"): lambda field, around: _each(lambda random: hex_digits(random, 64)),
}


def _text(field: simple_fields.TextField, around: Surroundings) -> Values:
    """Several words or sentences make one text; a paragraph is five sentences."""
    part, each = ("sentence", 5 * field.count) if field.part == "paragraph" else (field.part, field.count)
    values = _library("text", part, around)
    return values if each == 1 else _joined(values, each)


def _joined(values: Values, each: int) -> Values:
    def texts(random: Random, first: int, count: int) -> list[Any]:
        drawn = iter(values(random, first, count * each))
        return [" ".join(islice(drawn, each)) for _ in range(count)]

    return texts


def _string(field: simple_fields.StringField, around: Surroundings) -> Values:
    letters, low, high = ALPHABETS[field.characters], field.minimum_length, field.maximum_length
    return _each(lambda random: "".join(random.choices(letters, k=random.randint(low, high))))


def _regex(field: simple_fields.RegexField, around: Surroundings) -> Values:
    return _each(pattern.compiled(field.pattern))


def _mask(field: simple_fields.MaskField, around: Surroundings) -> Values:
    """Mimesis's masks, whose letters and digits are signs to be replaced: the same as ours."""

    def values(random: Random, first: int, count: int) -> list[Any]:
        mimesis = MimesisRandom(random.getrandbits(64))
        return [mimesis.generate_string_by_mask(field.mask, char="?", digit="#") for _ in range(count)]

    return values


def _boolean(field: simple_fields.BooleanField, around: Surroundings) -> Values:
    share = field.true_percent / 100
    return _each(lambda random: random.random() < share)


def _integer(field: simple_fields.IntegerField, around: Surroundings) -> Values:
    return _each(lambda random: random.randint(field.minimum, field.maximum))


def _number(field: simple_fields.NumberField, around: Surroundings) -> Values:
    return _each(lambda random: round(random.uniform(field.minimum, field.maximum), field.digits))


def _decimal(field: simple_fields.DecimalField, around: Surroundings) -> Values:
    one = 10**field.scale
    low, high, scale = field.minimum * one, field.maximum * one, -field.scale
    return _each(lambda random: Decimal(random.randint(low, high)).scaleb(scale))


def _bytes(field: simple_fields.BytesField, around: Surroundings) -> Values:
    return _each(lambda random: random.randbytes(field.length))


def _datetime(field: simple_fields.DateTimeField, around: Surroundings) -> Values:
    start, end = field.bounds(around.now)
    seconds = max(1, int((end - start).total_seconds()))
    turn: Callable[[dt.datetime], Any] = {
        "timestamp": lambda moment: moment,
        "date": dt.datetime.date,
        "time": dt.datetime.time,
    }[field.part]
    return _each(lambda random: turn(start + dt.timedelta(seconds=int(random.random() * seconds))))


def _sequence(field: simple_fields.SequenceField, around: Surroundings) -> Values:
    start, step = field.start, field.step
    return lambda random, first, count: [start + step * number for number in range(first, first + count)]


def _choice(field: simple_fields.ChoiceField, around: Surroundings) -> Values:
    text = field.value_type == "text"
    values = [str(value) if text and value is not None else value for value in field.values]
    return lambda random, first, count: random.choices(values, weights=field.weights, k=count)


def _constant(field: simple_fields.ConstantField, around: Surroundings) -> Values:
    return lambda random, first, count: [field.value] * count


def _array(field: fields.ArrayField, around: Surroundings) -> Values:
    element = column(field.of, around)

    def values(random: Random, first: int, count: int) -> list[Any]:
        own = Random(random.getrandbits(64))  # noqa: S311 - or a value would depend on how many more are made
        lengths = [random.randint(field.minimum_length, field.maximum_length) for _ in range(count)]
        drawn = iter(element(own, 0, sum(lengths)))
        return [list(islice(drawn, length)) for length in lengths]

    return values


def _nested(field: fields.NestedField, around: Surroundings) -> Values:
    names = [inner.name for inner in field.fields]
    columns = [column(inner, around) for inner in field.fields]

    def values(random: Random, first: int, count: int) -> list[Any]:
        streams = [Random(random.getrandbits(64)) for _ in columns]  # noqa: S311 - as in _array
        drawn = [inner(own, first, count) for inner, own in zip(columns, streams, strict=True)]
        return [dict(zip(names, row, strict=True)) for row in zip(*drawn, strict=True)]

    return values


_MAKERS: dict[type, Callable[[Any, Surroundings], Values]] = {
    simple_fields.AddressField: _part,
    simple_fields.PersonField: _part,
    simple_fields.CompanyField: _part,
    simple_fields.FinanceField: _part,
    simple_fields.NetworkField: _part,
    simple_fields.IdentityField: _part,
    simple_fields.TextField: _text,
    simple_fields.StringField: _string,
    simple_fields.RegexField: _regex,
    simple_fields.MaskField: _mask,
    simple_fields.BooleanField: _boolean,
    simple_fields.IntegerField: _integer,
    simple_fields.NumberField: _number,
    simple_fields.DecimalField: _decimal,
    simple_fields.BytesField: _bytes,
    simple_fields.DateTimeField: _datetime,
    simple_fields.SequenceField: _sequence,
    simple_fields.ChoiceField: _choice,
    simple_fields.ConstantField: _constant,
    fields.ArrayField: _array,
    fields.NestedField: _nested,
}
