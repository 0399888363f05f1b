"""Which rows cover a stretch of time, and what is expected from what was."""

from __future__ import annotations

import datetime as dt

import pytest

from jobs.selectors.metrics.forecast import Breaches, breaches, expect
from jobs.selectors.metrics.totals import Totals
from jobs.selectors.metrics.window import DAY, HOUR, Piece, Window, last, window

NOW = dt.datetime(2026, 11, 21, 12, 30, tzinfo=dt.UTC)


def at(day: int, hour: int = 0) -> dt.datetime:
    return dt.datetime(2026, 11, day, hour, tzinfo=dt.UTC)


class TestWindow:
    def test_it_has_the_hours_in_which_it_begins_and_ends_whole(self) -> None:
        assert window(since=NOW - DAY, until=NOW, now=NOW) == Window(at(20, 12), at(21, 13))

    def test_whole_hours_stay_as_they_are(self) -> None:
        assert window(since=at(20, 3), until=at(20, 5), now=NOW) == Window(at(20, 3), at(20, 5))

    def test_what_begins_longer_ago_than_hours_are_kept_has_whole_days(self) -> None:
        asked = window(since=NOW - 91 * DAY, until=NOW - 90 * DAY, now=NOW)
        assert (asked.since.hour, asked.until.hour) == (0, 0)
        assert asked.hours == 48

    def test_other_time_zones_are_read_as_utc(self) -> None:
        india = dt.timezone(dt.timedelta(hours=5, minutes=30))
        assert window(since=(NOW - DAY).astimezone(india), until=NOW.astimezone(india), now=NOW) == last(DAY, now=NOW)


class TestPieces:
    def test_within_a_day_there_are_hours_alone(self) -> None:
        assert Window(at(20, 3), at(20, 5)).pieces() == [Piece("hour", at(20, 3), at(20, 5))]

    def test_whole_days_are_read_as_days_and_hours_before_and_after_them(self) -> None:
        assert Window(at(18, 22), at(21, 1)).pieces() == [
            Piece("hour", at(18, 22), at(19)),
            Piece("day", at(19), at(21)),
            Piece("hour", at(21), at(21, 1)),
        ]

    def test_whole_days_need_no_hours(self) -> None:
        assert Window(at(18), at(20)).pieces() == [Piece("day", at(18), at(20))]

    def test_hour_by_hour_there_are_no_days(self) -> None:
        assert Window(at(18), at(20)).pieces(by_hour=True) == [Piece("hour", at(18), at(20))]

    @pytest.mark.parametrize("hours", [1, 23, 24, 25, 47, 48, 49, 100])
    @pytest.mark.parametrize("begin", [0, 1, 23])
    def test_pieces_cover_each_hour_once(self, hours: int, begin: int) -> None:
        asked = Window(at(10, begin), at(10, begin) + hours * HOUR)
        pieces = asked.pieces()
        assert pieces[0].since == asked.since
        assert pieces[-1].until == asked.until
        assert [piece.since for piece in pieces[1:]] == [piece.until for piece in pieces[:-1]]


def judged(*shares: float) -> list[Totals]:
    """Hours with ten judged runs each, of which this share missed."""
    return [Totals(f"{n}", judged=10, met=round(10 - 10 * share)) for n, share in enumerate(shares)]


class TestBreaches:
    def test_two_samples_are_too_few(self) -> None:
        assert breaches(judged(1, 1)) == Breaches(2, None, 20, None, "unknown")

    def test_hours_without_judged_runs_are_no_samples(self) -> None:
        assert breaches([*judged(1, 1), Totals("idle")]).samples == 2

    def test_the_newest_weighs_most(self) -> None:
        found = breaches(judged(0, 0, 1))
        assert found.probability == pytest.approx(0.35)
        assert breaches(judged(1, 0, 0)).probability == pytest.approx(0.65 * 0.65)

    def test_what_is_expected_is_the_probability_times_the_judged_runs_of_a_day(self) -> None:
        found = breaches(judged(*[0.5] * 40))
        assert (found.samples, found.horizon) == (25, 240)
        assert found.expected == pytest.approx(120)

    @pytest.mark.parametrize(("share", "risk"), [(0.2, "low"), (0.3, "medium"), (0.5, "medium"), (0.6, "high")])
    def test_the_risk_has_a_word(self, share: float, risk: str) -> None:
        assert breaches(judged(share, share, share)).risk == risk


class TestExpect:
    def test_an_hour_is_expected_to_be_as_the_same_one_of_the_last_weeks_was(self) -> None:
        past = [Totals(str(n), succeeded=4, failed=0) for n in range(4 * 168)]
        past[168 + 1] = Totals("busy", succeeded=6, failed=2)  # two hours after the hour of which it is the second week
        hours = expect(past, first=NOW)
        assert len(hours) == 24
        assert (hours[0].start, hours[0].runs, hours[0].failed) == (NOW, 5, 0.5)
        assert (hours[1].start, hours[1].runs) == (NOW + HOUR, 4)

    def test_weeks_before_the_first_run_do_not_count(self) -> None:
        past = [Totals(str(n), succeeded=4 if n >= 3 * 168 else 0) for n in range(4 * 168)]
        assert expect(past, first=NOW)[5].runs == 4

    def test_without_any_run_none_is_expected(self) -> None:
        assert {hour.runs for hour in expect([Totals(str(n)) for n in range(4 * 168)], first=NOW)} == {0}
