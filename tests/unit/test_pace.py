"""How many payloads a lane leases at once."""

from __future__ import annotations

import pytest

from workers.pace import AIM_SECONDS, LIMIT_SECONDS, STRICT_AIM_SECONDS, STRICT_LIMIT_SECONDS, Pace


def sizes(per_payload: float, steps: int) -> list[int]:
    """The sizes of ranges of which each payload takes so long."""
    pace = Pace()
    found = []
    for _ in range(steps):
        found.append(pace.size)
        pace.measured(payloads=pace.size, seconds=pace.size * per_payload)
    return found


class TestGrowth:
    def test_cheap_payloads_lead_from_one_fivefold_to_five_hundred(self) -> None:
        assert sizes(0.0, 6) == [1, 5, 25, 125, 500, 500]

    @pytest.mark.parametrize("per_payload", [0.0001, 0.001, 0.01, 0.05, 0.1])
    def test_a_range_holds_about_200_ms_of_work_and_never_250(self, per_payload: float) -> None:
        size = sizes(per_payload, 10)[-1]
        assert size * per_payload <= AIM_SECONDS < LIMIT_SECONDS
        assert size == 500 or (size + 1) * per_payload > AIM_SECONDS * 0.99

    @pytest.mark.parametrize("per_payload", [0.201, 1.0, 3600.0])
    def test_an_expensive_payload_is_always_on_its_own(self, per_payload: float) -> None:
        assert set(sizes(per_payload, 5)) == {1}

    def test_of_a_strict_lane_it_holds_about_250_ms_of_work(self) -> None:
        pace = Pace(aim_seconds=STRICT_AIM_SECONDS)
        for _ in range(10):
            pace.measured(payloads=pace.size, seconds=pace.size * 0.05)
        assert 0.2 <= pace.size * 0.05 <= STRICT_AIM_SECONDS < 0.3 < STRICT_LIMIT_SECONDS < 1


class TestChange:
    def test_payloads_that_become_slow_shrink_the_range_at_once(self) -> None:
        pace = Pace()
        for _ in range(4):
            pace.measured(payloads=pace.size, seconds=0.0)
        assert pace.size == 500
        pace.measured(payloads=3, seconds=0.9)
        assert pace.size == 1

    def test_a_range_of_which_nothing_was_executed_says_nothing(self) -> None:
        pace = Pace()
        pace.measured(payloads=1, seconds=0.0)
        pace.measured(payloads=0, seconds=9.0)
        assert pace.size == 5


class TestTheEndOfARun:
    def pace(self, per_payload: float) -> Pace:
        pace = Pace()
        for _ in range(5):
            pace.measured(payloads=pace.size, seconds=pace.size * per_payload)
        return pace

    def test_a_lane_leaves_the_others_their_share_of_what_is_left(self) -> None:
        pace = self.pace(0.05)
        assert pace.size == 4
        assert [pace.take(left=left, lanes=5) for left in (1000, 40, 30, 20, 9, 0)] == [4, 4, 3, 2, 1, 1]

    def test_what_takes_milliseconds_needs_no_such_care(self) -> None:
        pace = self.pace(0.0001)
        assert pace.size == 500
        assert [pace.take(left=left, lanes=5) for left in (10_000, 1000, 100)] == [500, 200, 200]
