"""A single fire."""

from __future__ import annotations

import datetime as dt
from zoneinfo import ZoneInfo

import pytest

from jobs.errors import ValidationError
from scheduler.triggers.once import Once
from scheduler.triggers.wall_clock import DstRule, Gap, Overlap

BERLIN = ZoneInfo("Europe/Berlin")
TICK = dt.timedelta.resolution


def utc(text: str) -> dt.datetime:
    return dt.datetime.fromisoformat(text).replace(tzinfo=dt.UTC)


class TestTheOnlyFire:
    def test_comes_once_and_never_again(self) -> None:
        once = Once.parse("2026-01-31T12:00:00.250Z", zone=BERLIN)
        at = utc("2026-01-31T12:00:00.250")
        assert once.next_after(at - TICK) == at
        assert once.next_after(at) is None

    @pytest.mark.parametrize(
        "at",
        [
            *(
                "2026-01-31T12:00:00",
                "2026-01-31 12:00",
                "2026-01-31T11:00:00Z",
                "2026-01-31t16:30+05:30",
                "2026-01-31T11:00z",
            ),
            *(
                dt.datetime.fromisoformat("2026-01-31T12:00:00"),
                dt.datetime(2026, 1, 31, 11, tzinfo=dt.UTC),
                "2026-01-31T11:00:00,000Z",
            ),
        ],
    )
    def test_is_an_instant_or_a_wall_time_of_the_zone(self, at: object) -> None:
        assert Once.parse(at, zone=BERLIN).at == utc("2026-01-31T11:00:00")

    @pytest.mark.parametrize("at", ["2026-01-31", dt.date(2026, 1, 31)])
    def test_of_a_date_is_its_midnight(self, at: object) -> None:
        assert Once.parse(at, zone=BERLIN).at == utc("2026-01-30T23:00:00")


class TestWhenTheClocksChange:
    def test_a_wall_time_that_does_not_exist_is_shifted(self) -> None:
        assert Once.parse("2026-03-29T02:30", zone=BERLIN).at == utc("2026-03-29T01:30:00")

    def test_or_refused_when_gaps_are_to_be_skipped(self) -> None:
        with pytest.raises(
            ValidationError, match=r"^at: 2026-03-29 02:30:00 does not exist in Europe/Berlin.*gap: shift"
        ):
            Once.parse("2026-03-29T02:30", zone=BERLIN, rule=DstRule(Gap.SKIP, Overlap.FIRST))

    def test_of_a_wall_time_that_comes_twice_it_is_the_first(self) -> None:
        assert Once.parse("2026-10-25T02:30", zone=BERLIN).at == utc("2026-10-25T00:30:00")

    def test_or_the_second_on_request(self) -> None:
        rule = DstRule(Gap.SKIP, Overlap.SECOND)
        assert Once.parse("2026-10-25T02:30", zone=BERLIN, rule=rule).at == utc("2026-10-25T01:30:00")


@pytest.mark.parametrize(
    "at",
    [
        *(
            "",
            "now",
            "2026-02-30",
            "2026-01-31T25:00",
            "2026-01-31T12",
            "12:00",
            "1969-12-31",
            "9999-01-01",
            "2026-W05-6",
        ),
        *(
            "2026-01-31T12:00:00+99:00",
            "٢٠٢٦-01-31",
            " 2026-01-31",
            None,
            1_769_860_800,
            True,
            [],
            "2026-01-31T12:00:00Z" * 9,
        ),
    ],
)
def test_what_is_no_time_is_refused_with_an_example_of_one(at: object) -> None:
    with pytest.raises(
        ValidationError, match=r"^at: expected a time of the years 1970 to 9998, such as 2026-01-31T12:00:00Z"
    ):
        Once.parse(at, zone=BERLIN)


def test_it_says_what_it_does() -> None:
    assert Once.parse("2026-01-31T12:00:00", zone=BERLIN).describe() == "Once at 2026-01-31 12:00:00+01:00"
