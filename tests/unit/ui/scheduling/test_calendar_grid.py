"""The stretches of a calendar."""

from __future__ import annotations

import datetime as dt
from zoneinfo import ZoneInfo

import pytest

from ui.scheduling.calendar_grid import Span, grid, read_day, read_span

BERLIN = ZoneInfo("Europe/Berlin")


class TestMonth:
    def test_has_whole_weeks_from_monday_on(self) -> None:
        found = grid(span=Span.MONTH, day=dt.date(2026, 11, 23), zone=BERLIN)
        assert (found.days[0], found.days[-1]) == (dt.date(2026, 10, 26), dt.date(2026, 12, 6))
        assert (found.before, found.after) == (dt.date(2026, 10, 31), dt.date(2026, 12, 1))
        assert len(found.days) % 7 == 0

    def test_begins_at_midnight_of_the_zone(self) -> None:
        found = grid(span=Span.MONTH, day=dt.date(2026, 11, 23), zone=BERLIN)
        assert found.edges[0] == dt.datetime(2026, 10, 25, 23, tzinfo=dt.UTC)

    @pytest.mark.parametrize("month", range(1, 13))
    def test_no_day_is_missing_or_doubled(self, month: int) -> None:
        found = grid(span=Span.MONTH, day=dt.date(2027, month, 28), zone=BERLIN)
        assert [after - before for before, after in zip(found.days, found.days[1:], strict=False)] == [
            dt.timedelta(days=1)
        ] * (len(found.days) - 1)
        assert len(found.edges) == len(found.days) + 1


class TestWeek:
    def test_is_monday_to_sunday(self) -> None:
        found = grid(span=Span.WEEK, day=dt.date(2026, 11, 22), zone=BERLIN)
        assert (found.days[0], found.days[-1]) == (dt.date(2026, 11, 16), dt.date(2026, 11, 22))


class TestDay:
    @pytest.mark.parametrize(
        ("day", "hours"), [(dt.date(2026, 11, 23), 24), (dt.date(2026, 3, 29), 23), (dt.date(2026, 10, 25), 25)]
    )
    def test_has_the_hours_that_it_has(self, day: dt.date, hours: int) -> None:
        assert len(grid(span=Span.DAY, day=day, zone=BERLIN).days) == hours

    def test_a_zone_that_is_moved_by_half_an_hour_ends_at_midnight(self) -> None:
        found = grid(span=Span.DAY, day=dt.date(2026, 10, 4), zone=ZoneInfo("Australia/Lord_Howe"))
        assert found.edges[-1] == found.edges[0] + dt.timedelta(hours=23, minutes=30)


def test_what_an_address_says_wrongly_is_today_and_a_month() -> None:
    today = dt.date(2026, 11, 23)
    assert [read_day(text, today=today) for text in ("", "x", "0001-01-01", "9999-12-31")] == [today] * 4
    assert read_day("2026-02-03", today=today) == dt.date(2026, 2, 3)
    assert [read_span(text) for text in ("", "year", "week")] == [Span.MONTH, Span.MONTH, Span.WEEK]
