"""The time that somebody asks about."""

from __future__ import annotations

import datetime as dt
from zoneinfo import ZoneInfo

import pytest

from jobs.errors import ValidationError
from scheduler.asked_time import AskedTime, read_asked_time

BERLIN = ZoneInfo("Europe/Berlin")
NOW = dt.datetime(2026, 11, 21, 23, 30, tzinfo=dt.UTC)
"""In Berlin the 22nd has begun."""
MINUTE, SECOND = dt.timedelta(minutes=1), dt.timedelta(seconds=1)


def asked(value: object) -> AskedTime:
    return read_asked_time(value, zone=BERLIN, now=NOW)


def utc(text: str) -> dt.datetime:
    return dt.datetime.fromisoformat(text + "+00:00")


@pytest.mark.parametrize(
    ("value", "instant", "precision"),
    [
        ("2026-11-21T09:00", "2026-11-21T08:00:00", MINUTE),
        ("2026-11-21 09:00:30", "2026-11-21T08:00:30", SECOND),
        ("2026-11-21T09:00:00", "2026-11-21T08:00:00", SECOND),
        ("2026-11-21T09:00Z", "2026-11-21T09:00:00", MINUTE),
        ("2026-11-21T09:00+02:00", "2026-11-21T07:00:00", MINUTE),
        ("2026-11-21T09:00:00-02:00", "2026-11-21T11:00:00", SECOND),
        ("2026-11-21T09:00:00.25Z", "2026-11-21T09:00:00.250000", dt.datetime.resolution),
        ("2026-11-21", "2026-11-20T23:00:00", MINUTE),
        ("09:00", "2026-11-22T08:00:00", MINUTE),
        ("today 9:00", "2026-11-22T08:00:00", MINUTE),
        ("Yesterday 09:00:30", "2026-11-21T08:00:30", SECOND),
        ("tomorrow, 09:00", "2026-11-23T08:00:00", MINUTE),
        (dt.datetime(2026, 11, 21, 9, tzinfo=dt.UTC), "2026-11-21T09:00:00", MINUTE),
    ],
)
def test_a_time_is_an_instant_and_lasts_as_long_as_it_was_said_exactly(
    value: object, instant: str, precision: dt.timedelta
) -> None:
    found = asked(value)
    assert (found.instants, found.precision, found.gap) == ((utc(instant),), precision, None)


def test_a_time_that_comes_twice_is_two_instants() -> None:
    assert asked("2026-10-25T02:30").instants == (utc("2026-10-25T00:30:00"), utc("2026-10-25T01:30:00"))


def test_a_time_that_never_comes_has_no_instant_but_the_change_that_skips_it() -> None:
    found = asked("2026-03-29T02:30")
    assert found.instants == ()
    assert found.gap is not None
    assert found.gap.instant == utc("2026-03-29T01:00:00")
    assert found.wall == dt.datetime.fromisoformat("2026-03-29T02:30")


@pytest.mark.parametrize("value", ["soon", "", "25:00", "yesterday", "yesterday 09:60", "2026-02-30T09:00", 9, None])
def test_what_is_no_time_is_refused_by_field(value: object) -> None:
    with pytest.raises(ValidationError) as raised:
        asked(value)
    assert raised.value.errors[0].field == "at"
