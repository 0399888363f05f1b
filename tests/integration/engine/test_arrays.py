"""Array literals come back from PostgreSQL as what went in."""

import datetime as dt
from typing import Any

import pytest

from jobs import hotpath
from jobs.arrays import array_of

pytestmark = [pytest.mark.engine, pytest.mark.django_db(transaction=True)]

NOON = dt.datetime(2026, 1, 1, 12, 0, 0, 250_001, tzinfo=dt.UTC)


@pytest.mark.parametrize(
    ("kind", "values"),
    [
        ("bigint", [1, -2, 9_223_372_036_854_775_807, None]),
        ("bool", [True, False, None]),
        ("text", ["", "NULL", "null", None, " a b ", "a,b", "{}", '"', "\\", '\\"', "a\nb\t", "ä€😀", "%s %(x)s", "'"]),
        ("timestamptz", [NOON, None, NOON.replace(microsecond=0), dt.datetime(1970, 1, 1, tzinfo=dt.UTC)]),
        ("bigint", []),
    ],
)
def test_an_array_comes_back_as_it_was_sent(kind: str, values: list[Any]) -> None:
    with hotpath.connection() as connection:
        row = connection.execute(f"SELECT %s::{kind}[] AS sent", (array_of(values),)).fetchone()
    assert row is not None
    assert row.sent == values


def test_an_instant_keeps_its_offset() -> None:
    zone = dt.timezone(dt.timedelta(hours=5, minutes=30))
    with hotpath.connection() as connection:
        row = connection.execute("SELECT %s::timestamptz[] AS sent", (array_of([NOON.astimezone(zone)]),)).fetchone()
    assert row is not None
    assert row.sent == [NOON]
