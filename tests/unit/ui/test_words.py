"""Times, durations and numbers in words."""

from __future__ import annotations

import datetime as dt

import pytest

from ui import words

NOW = dt.datetime(2026, 11, 21, 12, tzinfo=dt.UTC)


@pytest.mark.parametrize(
    ("ms", "told"),
    [
        (None, words.NOTHING),
        (0, "0 ms"),
        (340.4, "340 ms"),
        (1_000, "1 s"),
        (1_249, "1.2 s"),
        (59_940, "59.9 s"),
        (59_999, "1 m"),
        (72_000, "1 m 12 s"),
        (3_600_000, "1 h"),
        (11_100_000, "3 h 5 m"),
        (187_200_000, "2 d 4 h"),
    ],
)
def test_durations_have_two_units_at_most(ms: float | None, told: str) -> None:
    assert words.duration(ms) == told


@pytest.mark.parametrize(
    ("seconds", "told"),
    [
        (0, "now"),
        (-4, "now"),
        (-59, "59 s ago"),
        (-60, "1 min ago"),
        (-3_599, "59 min ago"),
        (7_200, "in 2 h"),
        (86_400 * 8, "in 8 d"),
    ],
)
def test_instants_are_told_from_now(seconds: float, told: str) -> None:
    assert words.relative(NOW + dt.timedelta(seconds=seconds), now=NOW) == told


@pytest.mark.parametrize(
    ("share", "told"),
    [(None, words.NOTHING), (0, "0 %"), (0.0001, "1 %"), (0.97, "97 %"), (0.9999, "99 %"), (1, "100 %")],
)
def test_all_and_nothing_are_said_of_all_and_nothing_alone(share: float | None, told: str) -> None:
    assert words.percent(share) == told


def test_numbers_have_their_thousands_apart() -> None:
    assert [words.number(value) for value in (1_234_567, 0, None)] == ["1,234,567", "0", words.NOTHING]
