"""Statuses and Retry-After: the whole table."""

import datetime as dt

import pytest

from jobs.http.statuses import Verdict, classify, parse_ranges, retry_after_seconds

NOW = dt.datetime(2026, 1, 1, 12, 0, 0, tzinfo=dt.UTC)
RETRIED = {408, 425, 429, *range(500, 600)}


@pytest.mark.parametrize("status", range(100, 600))
def test_every_status_has_one_meaning_by_default(status: int) -> None:
    expected = Verdict.AGAIN if status in RETRIED else Verdict.FINAL
    assert classify(status) is (Verdict.SUCCEEDED if 200 <= status < 300 else expected)


@pytest.mark.parametrize(
    ("status", "expected", "again", "final", "verdict"),
    [
        (404, ["404"], [], [], Verdict.SUCCEEDED),
        (200, ["404"], [], [], Verdict.FINAL),
        (503, ["5xx"], ["5xx"], ["5xx"], Verdict.SUCCEEDED),
        (404, ["2xx"], ["404"], [], Verdict.AGAIN),
        (503, ["2xx"], [], ["503"], Verdict.FINAL),
        (503, ["2xx"], ["503"], ["5xx"], Verdict.FINAL),
        (200, ["201"], ["200"], [], Verdict.AGAIN),
    ],
)
def test_the_payloads_own_words_win(
    status: int, expected: list[str], again: list[str], final: list[str], verdict: Verdict
) -> None:
    assert (
        classify(status, expected=parse_ranges(expected), again=parse_ranges(again), final=parse_ranges(final))
        is verdict
    )


@pytest.mark.parametrize(
    ("written", "ranges"),
    [
        (200, ((200, 200),)),
        ("2XX", ((200, 299),)),
        (["200-204", "404", 5 * 100], ((200, 204), (404, 404), (500, 500))),
        ([], ()),
    ],
)
def test_ranges_are_read(written: object, ranges: object) -> None:
    assert parse_ranges(written) == ranges


@pytest.mark.parametrize(
    "written", ["xx", "2x", "0xx", "٢xx", "99", 600, None, [None], {"a": 1}, 200.0, "200-", "-204"]
)
def test_other_things_are_refused(written: object) -> None:
    with pytest.raises(ValueError, match="expected status codes such as 200"):
        parse_ranges(written)


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        ("120", 120),
        (" 0 ", 0),
        ("Thu, 01 Jan 2026 12:00:30 GMT", 30),
        ("Thu, 01 Jan 2026 11:00:00 GMT", 0),
        ("Thu, 01 Jan 2026 12:00:30 -0000", 30),
        ("Thursday, 01-Jan-26 12:00:30 GMT", 30),
        ("-1", None),
        ("1.5", None),
        ("9" * 50, None),
        ("soon", None),
        ("Thu, 99 Jan 2026 12:00:30 GMT", None),
        ("", None),
        (None, None),
        ("Mon, 01 Jan 99999999999999999999 00:00:00 GMT", None),
        ("Sat, 21 Nov 2026 12:00:00 +99999999999999999999", None),
    ],
)
def test_retry_after_is_seconds_or_a_date(header: str | None, seconds: float | None) -> None:
    assert retry_after_seconds(header, now=NOW) == seconds
