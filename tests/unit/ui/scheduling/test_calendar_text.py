"""A field of a calendar in one line."""

from __future__ import annotations

from typing import Any

import pytest

from ui.scheduling.calendar_text import read_calendar_field, write_calendar_field


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("9", 9),
        ("*", "*"),
        ("MONDAY", "MONDAY"),
        ("9-17", {"start": 9, "end": 17}),
        ("MONDAY-FRIDAY", {"start": "MONDAY", "end": "FRIDAY"}),
        ("0-59/15", {"start": 0, "end": 59, "step": 15}),
        ("9/2", {"start": 9, "step": 2}),
        ("1, WED, 5-7", [1, "WED", {"start": 5, "end": 7}]),
    ],
)
def test_what_is_read_is_written_again(text: str, value: Any) -> None:
    assert read_calendar_field(text) == value
    assert write_calendar_field(value) == text


@pytest.mark.parametrize("text", ["-5", "1--2", "?", "L", "*/5", "1-", "9" * 20])
def test_what_is_not_understood_stays_for_the_engine_to_refuse(text: str) -> None:
    assert read_calendar_field(text) == text


def test_a_list_with_a_gap_is_refused_by_the_engine_too() -> None:
    assert read_calendar_field("1,,2") == [1, "", 2]
