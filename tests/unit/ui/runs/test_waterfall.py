"""When each attempt ran, as bars."""

from __future__ import annotations

import datetime as dt

from jobs.models import Attempt, Payload
from jobs.selectors.payloads import PayloadView
from jobs.states import PayloadState
from ui.runs.waterfall import LEAST_PERCENT, waterfall

NOW = dt.datetime(2026, 11, 21, 12, tzinfo=dt.UTC)


def at(seconds: float) -> dt.datetime:
    return NOW + dt.timedelta(seconds=seconds)


def attempt(number: int, begins: float, ends: float, state: str = "failed") -> Attempt:
    return Attempt(number=number, state=state, started_at=at(begins), ended_at=at(ends), worker="w1")


def view(state: PayloadState, begins: float | None = None, ends: float | None = None, *failed: Attempt) -> PayloadView:
    payload = Payload(position=0, state=state, ended_at=None if ends is None else at(ends))
    started_at = None if begins is None else at(begins)
    return PayloadView(payload, state, len(failed) + (ends is not None), started_at, failed_attempts=list(failed))


class TestWaterfall:
    def test_bars_lie_on_one_axis_from_the_first_start_to_the_last_end(self) -> None:
        found = waterfall([view(PayloadState.SUCCEEDED, 0, 2), view(PayloadState.SUCCEEDED, 5, 10)], now=at(60))
        assert found is not None
        assert found.span == dt.timedelta(seconds=10)
        assert [(bar.left, bar.width) for line in found.lines for bar in line.bars] == [
            ("0.00", "20.00"),
            ("50.00", "50.00"),
        ]

    def test_failed_attempts_come_before_the_one_that_succeeded(self) -> None:
        found = waterfall([view(PayloadState.SUCCEEDED, 3, 4, attempt(1, 0, 1), attempt(2, 1, 2))], now=at(60))
        assert found is not None
        [line] = found.lines
        assert [(bar.number, bar.state, bar.worker) for bar in line.bars] == [
            (1, "failed", "w1"),
            (2, "failed", "w1"),
            (3, "succeeded", ""),
        ]

    def test_a_failed_payload_is_its_attempts_alone(self) -> None:
        found = waterfall([view(PayloadState.FAILED, 0, 1, attempt(1, 0, 1))], now=at(60))
        assert found is not None
        assert [bar.state for bar in found.lines[0].bars] == ["failed"]

    def test_what_runs_reaches_until_now(self) -> None:
        found = waterfall([view(PayloadState.RUNNING, 0)], now=at(8))
        assert found is not None
        assert (found.ends_at, found.lines[0].bars[0].ended_at) == (at(8), None)

    def test_an_instant_can_be_seen_and_stays_on_the_axis(self) -> None:
        found = waterfall([view(PayloadState.SUCCEEDED, 0, 100), view(PayloadState.SUCCEEDED, 100, 100)], now=at(100))
        assert found is not None
        bar = found.lines[1].bars[0]
        assert (bar.left, bar.width) == (f"{100 - LEAST_PERCENT:.2f}", f"{LEAST_PERCENT:.2f}")

    def test_payloads_that_have_not_begun_have_no_line(self) -> None:
        found = waterfall([view(PayloadState.QUEUED), view(PayloadState.SUCCEEDED, 0, 1)], now=NOW)
        assert found is not None
        assert len(found.lines) == 1

    def test_nothing_begun_is_no_waterfall(self) -> None:
        assert waterfall([view(PayloadState.QUEUED)], now=NOW) is None
