"""In which orders lists may be read, and what their ``after`` says."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any, NamedTuple

from django.utils.dateparse import parse_datetime

from jobs.documents import KEY_PATTERN
from jobs.errors import FieldError, ValidationError


class Order(NamedTuple):
    """One order of a list.

    Args:
        columns: By which it is ordered; together they are unique.
        cursor: What ``after`` says of the last entry of a page.
        read: The columns' values from that. Raises ValueError.
        expected: What ``after`` is to be, in words.
    """

    columns: tuple[str, ...]
    cursor: Callable[[Any], str]
    read: Callable[[str], tuple[Any, ...]]
    expected: str


def by_id() -> Order:
    """By id."""
    return Order(("pk",), lambda entry: str(entry.pk), lambda after: (_id(after),), "an id")


def by_time(column: str) -> Order:
    """By a time that is never null, and then by id."""
    return Order(
        (column, "pk"),
        lambda entry: f"{getattr(entry, column).isoformat()}~{entry.pk}",
        _time_and_id,
        "what the address in next says: a time, ~ and an id",
    )


def place(order: Order, after: str) -> tuple[Any, ...]:
    """Where a page begins. Raises ValidationError on ``after``."""
    try:
        return order.read(after)
    except ValueError:
        raise ValidationError([FieldError("after", f"expected {order.expected}")]) from None


def _key(after: str) -> tuple[str, str]:
    if not re.fullmatch(KEY_PATTERN, after):
        raise ValueError(after)
    job_type, _, name = after.partition(":")
    return job_type, name


def _time_and_id(after: str) -> tuple[Any, int]:
    at, _, number = after.partition("~")
    moment = parse_datetime(at)
    if moment is None or moment.tzinfo is None:
        raise ValueError(after)
    return moment, _id(number)


def _id(text: str) -> int:
    if not re.fullmatch("[0-9]{1,18}", text):
        raise ValueError(text)
    return int(text)


def _position_and_number(after: str) -> tuple[int, int]:
    position, _, number = after.partition("~")
    if not re.fullmatch("[0-9]{1,9}", position) or not re.fullmatch("[0-9]{1,4}", number):
        raise ValueError(after)
    return int(position), int(number)


ATTEMPTS = Order(
    ("position", "number"),
    lambda attempt: f"{attempt.position}~{attempt.number}",
    _position_and_number,
    "what the address in next says: a position, ~ and a number",
)
JOBS = {
    "key": Order(("type", "name"), lambda job: str(job.key), _key, "a job's key, type:name"),
    "created_at": by_time("created_at"),
    "updated_at": by_time("updated_at"),
}
