"""The heat map."""

from __future__ import annotations

import datetime as dt
from zoneinfo import ZoneInfo

import pytest

from scheduler.load import HourLoad
from ui.scheduling.load_page import FIRES, RUNS, SHADES, _short, heat_rows

BEGIN = dt.datetime(2026, 11, 20, 22, tzinfo=dt.UTC)


def loads(*values: tuple[int, float], begin: dt.datetime = BEGIN) -> list[HourLoad]:
    return [HourLoad(begin + dt.timedelta(hours=at), *value) for at, value in enumerate(values)]


class TestRows:
    def test_hours_stand_where_the_readers_clock_shows_them(self) -> None:
        first, second = heat_rows(loads((1, 0), (2, 0), (3, 0)), zone=ZoneInfo("Europe/Berlin"), measure=FIRES)
        assert (first.day, second.day) == (dt.date(2026, 11, 20), dt.date(2026, 11, 21))
        assert [cell.fires for cell in first.cells if cell] == [1]
        assert [cell.fires for cell in second.cells if cell] == [2, 3]
        assert (first.fires, second.fires) == (1, 5)

    def test_the_most_is_darkest_and_nothing_is_empty(self) -> None:
        (row,) = heat_rows(loads((0, 0.0), (1, 9.0), (100, 0.5)), zone=ZoneInfo("Asia/Tokyo"), measure=FIRES)
        assert [cell.shade for cell in row.cells if cell] == [0, 1, SHADES - 1]
        (row,) = heat_rows(loads((0, 0.0), (1, 9.0), (100, 0.5)), zone=ZoneInfo("Asia/Tokyo"), measure=RUNS)
        assert [cell.shade for cell in row.cells if cell] == [0, SHADES - 1, 1]

    def test_an_hour_that_comes_twice_holds_both_passes(self) -> None:
        begin = dt.datetime(2026, 10, 25, 0, tzinfo=dt.UTC)  # 01:00, and an hour later 01:00 again
        (row,) = heat_rows(loads((1, 1.0), (2, 3.0), begin=begin), zone=ZoneInfo("Europe/London"), measure=RUNS)
        assert [(cell.hour, cell.fires, cell.runs) for cell in row.cells if cell] == [(1, 3, 3.0)]

    def test_no_hours_no_rows(self) -> None:
        assert heat_rows([], zone=ZoneInfo("UTC"), measure=FIRES) == []


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (0, ""),
        (0.25, "0.25"),
        (9, "9"),
        (12, "12"),
        (999, "999"),
        (3_000, "3k"),
        (12_000, "12k"),
        (250_000, "250k"),
        (3e6, "3M"),
    ],
)
def test_numbers_are_short(value: float, shown: str) -> None:
    assert _short(value) == shown
