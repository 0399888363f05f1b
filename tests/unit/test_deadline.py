"""An attempt's time is its timeout, may be extended by a full timeout, and never goes beyond the ceiling."""

from __future__ import annotations

import pytest

from tests.integration.engine.scripted import Clock
from workers import deadline
from workers.deadline import CEILING_SECONDS, Deadline


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(deadline, "time", clock)
    return clock


class TestDeadline:
    def test_begins_with_the_whole_timeout_and_runs_out(self, clock: Clock) -> None:
        timer = Deadline(10)
        assert timer.remaining() == 10
        clock.now += 10
        assert timer.remaining() == 0
        clock.now += 5
        assert timer.remaining() == -5

    def test_extending_gives_a_full_timeout_from_now(self, clock: Clock) -> None:
        timer = Deadline(10)
        clock.now += 7
        assert timer.extend()
        assert timer.remaining() == 10

    def test_extending_goes_no_further_than_the_ceiling(self, clock: Clock) -> None:
        timer = Deadline(10, 15)
        clock.now += 8
        assert timer.extend()
        assert timer.remaining() == 7
        clock.now += 5
        assert not timer.extend()
        assert timer.remaining() == 2

    def test_a_timeout_beyond_the_ceiling_holds_and_is_not_extended(self, clock: Clock) -> None:
        timer = Deadline(20, 5)
        clock.now += 3
        assert not timer.extend()
        assert timer.remaining() == 17

    def test_extending_after_the_end_counts_when_nobody_has_looked_meanwhile(self, clock: Clock) -> None:
        timer = Deadline(10)
        clock.now += 12
        assert timer.extend()
        assert timer.remaining() == 10

    def test_six_hours_are_the_ceiling_unless_the_job_says_otherwise(self, clock: Clock) -> None:
        assert CEILING_SECONDS == 6 * 3600
        timer = Deadline(3600)
        clock.now += 5.5 * 3600
        timer.extend()
        assert timer.remaining() == 1800


class TestWhatIsSaidWhenItIsOver:
    def test_of_a_timeout(self, clock: Clock) -> None:
        assert Deadline(1.5).missed() == "took longer than its 1.5 s"

    def test_of_one_that_was_extended(self, clock: Clock) -> None:
        timer = Deadline(10)
        clock.now += 1
        timer.extend()
        assert timer.missed() == "took longer than the 10 s that it had since it last extended its time"

    def test_of_the_ceiling(self, clock: Clock) -> None:
        timer = Deadline(10, 15)
        clock.now += 8
        timer.extend()
        assert timer.missed() == "took longer than 15 s, beyond which its job lets no payload extend its time"


class TestGoingOn:
    """The timer of an attempt that goes on elsewhere: at each look it says what is left of the whole."""

    def test_it_has_what_was_left_and_no_more(self, clock: Clock) -> None:
        timer = Deadline(60, 100, used_seconds=45, remaining_seconds=15)
        assert timer.remaining() == 15

    def test_over_it_says_how_long_the_whole_was(self, clock: Clock) -> None:
        timer = Deadline(60, 100, used_seconds=61, remaining_seconds=-1)
        assert timer.remaining() < 0
        assert timer.missed() == "took longer than its 60 s"

    def test_one_that_was_extended_before_says_so(self, clock: Clock) -> None:
        timer = Deadline(60, 1000, used_seconds=200, remaining_seconds=-1)
        assert "since it last extended its time" in timer.missed()

    def test_the_ceiling_counts_from_the_beginning(self, clock: Clock) -> None:
        timer = Deadline(60, 100, used_seconds=59, remaining_seconds=1)
        assert timer.extend()
        assert timer.remaining() == 41
