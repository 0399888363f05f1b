"""The fire times around an instant."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scheduler.definition import Definition, compile_schedule
from scheduler.neighbours import first_from, last_before

LONG_AGO = dt.datetime(2000, 1, 1, tzinfo=dt.UTC)


def definition(expression: str, **parts: Any) -> Definition:
    document = {"triggers": [{"type": "cron", "expression": expression}], **parts}
    return compile_schedule(document=document, anchor=LONG_AGO, key="1", default_zone="Europe/Berlin")


def utc(text: str) -> dt.datetime:
    return dt.datetime.fromisoformat(text + "+00:00")


@pytest.mark.parametrize(
    ("expression", "before"),
    [
        ("* * * * * ?", "2026-11-21T08:59:59"),
        ("0 10 * * *", "2026-11-20T09:00:00"),
        ("0 9 29 2 *", "2024-02-29T08:00:00"),
        ("0 0 12 ? * 6#5", "2026-10-30T11:00:00"),
    ],
)
def test_the_last_fire_time_before_is_found_however_far_back_it_lies(expression: str, before: str) -> None:
    found = last_before(definition(expression), utc("2026-11-21T09:00:00"), not_before=LONG_AGO)
    assert found is not None
    assert found.instant == utc(before)


def test_one_that_is_at_the_very_instant_is_not_before_it_and_is_the_first_from_it() -> None:
    nine = utc("2026-11-21T08:00:00")
    daily = definition("0 9 * * *")
    found, first = last_before(daily, nine, not_before=LONG_AGO), first_from(daily, nine)
    assert found is not None
    assert first is not None
    assert (found.instant, first.instant) == (nine - dt.timedelta(days=1), nine)


def test_there_is_none_before_the_bound_or_before_the_start_or_after_the_end() -> None:
    nine = utc("2026-11-21T08:00:00")
    assert last_before(definition("0 9 * * *"), nine, not_before=nine - dt.timedelta(hours=23)) is None
    assert last_before(definition("0 9 * * *", start_date="2026-11-21"), nine, not_before=LONG_AGO) is None
    assert first_from(definition("0 9 * * *", end_date="2026-11-20"), nine) is None


def test_one_that_is_excluded_is_told_with_the_reason() -> None:
    holiday = definition("0 9 * * *", exclusions=[{"kind": "dates", "dates": ["2026-11-20"]}])
    found = last_before(holiday, utc("2026-11-21T08:00:00"), not_before=LONG_AGO)
    assert found is not None
    assert found.excluded == "excluded date: 2026-11-20"


@given(
    st.datetimes(dt.datetime(2026, 1, 1), dt.datetime(2027, 1, 1)),  # noqa: DTZ001 - hypothesis wants them naive
    st.sampled_from(["*/7 3-5 * * *", "0 30 2 ? * SUN", "15,45 * * * *", "0 0 1 1 *"]),
)
def test_nothing_lies_between_the_one_before_and_the_instant(wall: dt.datetime, expression: str) -> None:
    instant, spec = wall.replace(tzinfo=dt.UTC), definition(expression)
    before = last_before(spec, instant, not_before=LONG_AGO)
    assert before is not None
    assert before.instant < instant
    after = next(spec.union.occurrences(before.instant), None)
    assert after is None or after.instant >= instant
