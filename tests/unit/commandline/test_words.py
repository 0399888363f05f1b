"""Spans, moments and sizes."""

from __future__ import annotations

import datetime as dt

import pytest

from commandline.parameters import read_since
from commandline.words import moment, read_moment, read_span, size, span, took


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(0.254, "0.25 s"), (12.34, "12.3 s"), (125, "2 min 5 s"), (3600, "1 h 0 min"), (3 * 86400 + 7300, "3 d 2 h")],
)
def test_a_span_is_shown_in_its_two_largest_units(seconds: float, words: str) -> None:
    assert span(seconds) == words


@pytest.mark.parametrize(
    ("text", "seconds"), [("90", 90), ("500ms", 0.5), ("30s", 30), ("10m", 600), ("1.5h", 5400), ("2 d", 172800)]
)
def test_a_span_is_read(text: str, seconds: float) -> None:
    assert read_span(text) == seconds


@pytest.mark.parametrize("text", ["", "-1", "1w", "1h30m", "nan", "1e3", "9" * 400])
def test_what_is_no_span_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="expected a span"):
        read_span(text)


def test_since_is_an_instant_or_how_long_ago() -> None:
    assert read_since("10m") == 600.0
    assert read_since("2026-11-21T13:00:00+01:00") == dt.datetime(2026, 11, 21, 12, tzinfo=dt.UTC)
    with pytest.raises(ValueError, match="expected an instant"):
        read_since("lately")


def test_moments_are_shown_in_utc_to_the_second() -> None:
    assert (moment("2026-11-21T13:00:00.123+01:00"), moment(None)) == ("2026-11-21 12:00:00Z", "")
    assert read_moment("2026-11-21T12:00").tzinfo is dt.UTC


def test_what_has_not_ended_took_no_time_yet() -> None:
    begun = {"started_at": "2026-11-21T12:00:00Z", "ended_at": None}
    assert (took(begun), took(begun | {"ended_at": "2026-11-21T12:00:01.5Z"})) == ("", "1.50 s")


@pytest.mark.parametrize(
    ("count", "words"), [(None, ""), (0, "0 B"), (1536, "1.5 KiB"), (20971520, "20.0 MiB"), (2**42, "4.0 TiB")]
)
def test_sizes_are_in_powers_of_1024(count: int | None, words: str) -> None:
    assert size(count) == words
