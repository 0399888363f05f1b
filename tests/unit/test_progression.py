"""Rate and expected end of a payload that tells how far it is."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest

from workers.progression import MEMORY_SECONDS, Progression

NOW = dt.datetime(2026, 11, 22, 12, tzinfo=dt.UTC)


def report(progression: Progression, current: float, seconds: float, total: float | None = 100) -> dict[str, Any]:
    return progression.report(current=current, total=total, unit="rows", seconds=seconds, now=NOW)


def test_after_the_first_report_nothing_is_expected_yet() -> None:
    assert report(Progression(), 10, 0) == {
        "current": 10,
        "total": 100,
        "unit": "rows",
        "rate": None,
        "expected_end_at": None,
    }


def test_it_ends_when_the_rest_has_gone_at_the_same_rate() -> None:
    progression = Progression()
    report(progression, 10, 0)
    shown = report(progression, 40, 10)
    assert (shown["rate"], shown["expected_end_at"]) == (3.0, "2026-11-22T12:00:20+00:00")


def test_within_a_second_the_rate_stays_and_the_current_goes_on() -> None:
    progression = Progression()
    report(progression, 0, 0)
    report(progression, 2, 1)
    shown = report(progression, 50, 1.5)
    assert (shown["current"], shown["rate"]) == (50, 2.0)


def test_what_was_long_ago_fades() -> None:
    progression = Progression()
    report(progression, 0, 0)
    report(progression, 10, 10)
    assert report(progression, 10, 11)["rate"] == pytest.approx(1.0, rel=0.05)
    assert report(progression, 10, 11 + 10 * MEMORY_SECONDS)["rate"] == pytest.approx(0.0, abs=0.001)


@pytest.mark.parametrize("total", [None, 1e30])
def test_without_a_total_or_with_one_beyond_reach_no_end_is_expected(total: float | None) -> None:
    progression = Progression()
    report(progression, 0, 0)
    assert report(progression, 1, 1, total)["expected_end_at"] is None


def test_one_that_stands_still_has_no_end() -> None:
    progression = Progression()
    report(progression, 5, 0)
    shown = report(progression, 5, 10)
    assert (shown["rate"], shown["expected_end_at"]) == (0.0, None)


def test_one_that_begins_anew_is_measured_anew() -> None:
    progression = Progression()
    report(progression, 0, 0)
    report(progression, 50, 1)
    assert report(progression, 1, 2)["rate"] is None


def test_beyond_its_total_it_ends_now() -> None:
    progression = Progression()
    report(progression, 90, 0)
    assert report(progression, 110, 1)["expected_end_at"] == NOW.isoformat()
