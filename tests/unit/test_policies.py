"""What is owed: each policy, and each reason for which a fire time is skipped."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest

from scheduler.definition import Definition, Due, compile_schedule
from scheduler.policies import MOST_BUFFERED, TOGETHER, Situation, Verdict, decide
from scheduler.states import FireState, Overlap, Reason

NINE = dt.datetime(2026, 1, 5, 9, tzinfo=dt.UTC)
MINUTE = dt.timedelta(minutes=1)
SECOND = dt.timedelta(seconds=1)
POLICIES = list(Overlap)


def definition(**parts: Any) -> Definition:
    """Each minute, under these policies; all overlap unless that is said."""
    document = {"triggers": [{"type": "cron", "expression": "* * * * *"}], "overlap": "allow_all", **parts}
    return compile_schedule(document=document, anchor=NINE, key="1", default_zone="UTC")


def dues(count: int, *, excluded: dict[int, str] | None = None, jitter: dt.timedelta = 0 * SECOND) -> list[Due]:
    """So many fire times from nine o'clock, a minute apart."""
    return [Due(NINE + at * MINUTE, NINE + at * MINUTE + jitter, (excluded or {}).get(at)) for at in range(count)]


def decided(
    owed: list[Due], *, now: dt.datetime | None = None, situation: dict[str, Any] | None = None, **parts: Any
) -> Verdict:
    """The verdict at the last fire time, unless another moment is given."""
    now = now or owed[-1].run_at
    return decide(definition=definition(**parts), owed=owed, situation=Situation(now=now, **(situation or {})))


def told(verdict: Verdict) -> list[str]:
    """Each decision as its state, and the reason if there is one."""
    return [" ".join([each.state, each.reason or ""]).strip() for each in verdict.decisions]


def details(verdict: Verdict) -> list[str]:
    return [each.detail for each in verdict.decisions]


class TestOnTime:
    def test_a_fire_time_fires(self) -> None:
        verdict = decided(dues(1), overlap="skip")
        assert told(verdict) == ["fired"]
        assert not verdict.stops_others
        assert not verdict.drops_buffered

    def test_decisions_come_in_the_order_of_their_times(self) -> None:
        owed = dues(4, excluded={1: "a holiday"})
        assert [each.due for each in decided(owed, misfire={"grace": "1h"}).decisions] == owed

    def test_nothing_owed_is_nothing_decided(self) -> None:
        assert decide(definition=definition(), owed=[], situation=Situation(now=NINE)).decisions == []


class TestForbidden:
    def test_an_excluded_time_says_why(self) -> None:
        verdict = decided(dues(1, excluded={0: "a holiday: Epiphany"}))
        assert told(verdict) == ["skipped excluded"]
        assert details(verdict) == ["a holiday: Epiphany"]

    def test_a_time_that_somebody_asked_to_skip_is_skipped_and_no_other(self) -> None:
        verdict = decided(dues(3), misfire={"grace": "1h"}, situation={"skips": {NINE + MINUTE}})
        assert told(verdict) == ["fired", "skipped asked", "fired"]

    def test_a_job_that_is_not_active_owes_nothing(self) -> None:
        verdict = decided(dues(1), situation={"job_inactive": "task:a was paused"})
        assert told(verdict) == ["skipped job_inactive"]
        assert details(verdict) == ["task:a was paused"]

    def test_what_is_forbidden_uses_up_no_action_and_overlaps_with_nothing(self) -> None:
        verdict = decided(
            dues(2, excluded={0: "x"}), overlap="skip", situation={"actions_left": 1}, misfire={"grace": "1h"}
        )
        assert told(verdict) == ["skipped excluded", "fired"]


class TestLate:
    NOW = NINE + 10 * MINUTE

    def test_within_its_grace_it_is_not_late(self) -> None:
        verdict = decided(dues(1), now=NINE + 60 * SECOND, misfire={"policy": "skip", "grace": "60s"})
        assert told(verdict) == ["fired"]

    def test_a_moment_later_it_is(self) -> None:
        verdict = decided(dues(1), now=NINE + 61 * SECOND, misfire={"policy": "skip", "grace": "60s"})
        assert told(verdict) == ["skipped misfire"]
        assert details(verdict) == ["it came up 1 m 1 s late"]

    def test_its_jitter_is_no_lateness(self) -> None:
        owed = dues(1, jitter=50 * SECOND)
        assert told(decided(owed, now=NINE + 110 * SECOND, misfire={"policy": "skip"})) == ["fired"]

    def test_skip_gives_up_the_late_ones_and_runs_those_that_are_not(self) -> None:
        verdict = decided(dues(11), now=self.NOW, misfire={"policy": "skip", "grace": "3m"})
        assert told(verdict) == ["skipped misfire"] * 7 + ["fired"] * 4

    def test_latest_runs_the_last_of_them(self) -> None:
        verdict = decided(dues(3), now=self.NOW, misfire={"policy": "latest"})
        assert told(verdict) == ["skipped misfire", "skipped misfire", "fired"]
        assert details(verdict)[0] == "it came up 10 m 0 s late, and a later one runs in its place"

    def test_latest_runs_none_of_them_when_one_that_is_not_late_runs(self) -> None:
        verdict = decided(dues(11), now=self.NOW, misfire={"policy": "latest"})
        assert told(verdict) == ["skipped misfire"] * 9 + ["fired"] * 2

    def test_latest_runs_none_of_them_when_others_follow(self) -> None:
        verdict = decided(dues(3), now=self.NOW, misfire={"policy": "latest"}, situation={"following": 1})
        assert told(verdict) == ["skipped misfire"] * 3

    def test_all_runs_the_newest_of_them(self) -> None:
        verdict = decided(dues(5), now=self.NOW, misfire={"policy": "all", "most": 2})
        assert told(verdict) == ["skipped misfire"] * 3 + ["fired"] * 2
        assert details(verdict)[2] == "it came up 8 m 0 s late, and only the last 2 run"

    def test_all_counts_those_that_follow(self) -> None:
        verdict = decided(dues(5), now=self.NOW, misfire={"policy": "all", "most": 3}, situation={"following": 1})
        assert told(verdict) == ["skipped misfire"] * 3 + ["fired"] * 2

    def test_what_is_skipped_for_another_reason_takes_nobodys_place(self) -> None:
        owed = dues(3, excluded={2: "a holiday"})
        verdict = decided(owed, now=self.NOW, misfire={"policy": "latest"})
        assert told(verdict) == ["skipped misfire", "fired", "skipped excluded"]

    def test_beyond_the_window_it_is_given_up_whatever_the_policy(self) -> None:
        verdict = decided(dues(3), now=self.NOW, misfire={"policy": "all", "window": "9m"})
        assert told(verdict) == ["skipped catch_up_window", "fired", "fired"]
        assert details(verdict)[0] == "it came up 10 m 0 s late, and the window is 9 m 0 s"

    def test_exactly_the_window_is_not_beyond_it(self) -> None:
        assert told(decided(dues(1), now=self.NOW, misfire={"policy": "all", "window": "10m"})) == ["fired"]

    def test_the_reason_is_the_exclusion_before_the_lateness(self) -> None:
        verdict = decided(dues(1, excluded={0: "x"}), now=self.NOW, misfire={"window": "1m"})
        assert told(verdict) == ["skipped excluded"]


class TestOverlap:
    def test_skip_waits_for_no_former_run(self) -> None:
        verdict = decided(dues(1), overlap="skip", situation={"active": 1})
        assert told(verdict) == ["skipped overlap"]
        assert details(verdict) == ["its former run had not ended"]

    def test_of_several_owed_at_once_skip_runs_the_first(self) -> None:
        verdict = decided(dues(3), overlap="skip", misfire={"grace": "1h"})
        assert told(verdict) == ["fired", "skipped overlap", "skipped overlap"]
        assert details(verdict)[1:] == [TOGETHER] * 2

    def test_behind_a_run_of_before_the_reason_is_that_run(self) -> None:
        verdict = decided(dues(2), overlap="skip", misfire={"grace": "1h"}, situation={"active": 1})
        assert details(verdict) == ["its former run had not ended"] * 2

    def test_buffer_one_keeps_one(self) -> None:
        verdict = decided(dues(2), overlap="buffer_one", situation={"active": 1})
        assert told(verdict) == ["buffered", "skipped overlap"]
        assert details(verdict)[1] == "its former run had not ended, and another waited for that already"

    def test_buffer_one_counts_what_is_buffered(self) -> None:
        assert told(decided(dues(1), overlap="buffer_one", situation={"active": 1, "buffered": 1})) == [
            "skipped overlap"
        ]

    def test_buffer_one_runs_the_first_when_nothing_is_active(self) -> None:
        verdict = decided(dues(3), overlap="buffer_one", misfire={"grace": "1h"})
        assert told(verdict) == ["fired", "buffered", "skipped overlap"]

    def test_buffer_all_keeps_all(self) -> None:
        assert told(decided(dues(2), overlap="buffer_all", situation={"active": 1, "buffered": 7})) == ["buffered"] * 2

    def test_buffer_all_has_an_end(self) -> None:
        situation = {"active": 1, "buffered": MOST_BUFFERED - 1}
        verdict = decided(dues(2), overlap="buffer_all", situation=situation)
        assert told(verdict) == ["buffered", "skipped limit"]
        assert details(verdict)[1] == "1,000 others waited already"

    def test_cancel_other_stops_it_and_waits_for_its_end(self) -> None:
        verdict = decided(dues(1), overlap="cancel_other", situation={"active": 1, "buffered": 1})
        assert told(verdict) == ["buffered"]
        assert verdict.stops_others
        assert verdict.drops_buffered

    def test_terminate_other_stops_it_and_starts_at_once(self) -> None:
        verdict = decided(dues(1), overlap="terminate_other", situation={"active": 1})
        assert told(verdict) == ["fired"]
        assert verdict.stops_others
        assert not verdict.drops_buffered

    @pytest.mark.parametrize("policy", ["cancel_other", "terminate_other"])
    def test_of_several_owed_at_once_these_run_the_last(self, policy: str) -> None:
        verdict = decided(dues(3), overlap=policy, misfire={"grace": "1h"})
        assert told(verdict) == ["skipped overlap", "skipped overlap", "fired"]
        assert details(verdict)[0] == "the next fire time came up with it"
        assert not verdict.stops_others

    def test_allow_all_starts_beside_others(self) -> None:
        verdict = decided(dues(2), overlap="allow_all", situation={"active": 5})
        assert told(verdict) == ["fired", "fired"]
        assert not verdict.stops_others

    @pytest.mark.parametrize("policy", POLICIES)
    def test_without_a_former_run_each_policy_fires(self, policy: Overlap) -> None:
        verdict = decided(dues(1), overlap=policy)
        assert told(verdict) == ["fired"]
        assert not verdict.stops_others

    def test_a_late_one_that_is_given_up_overlaps_with_nothing(self) -> None:
        verdict = decided(dues(2), now=NINE + 10 * MINUTE, overlap="skip", misfire={"policy": "latest"})
        assert told(verdict) == ["skipped misfire", "fired"]

    def test_what_is_buffered_behind_a_run_that_has_ended_starts_and_leaves_its_place_to_the_next(self) -> None:
        ended = {"active": 0, "buffered": 1}
        assert told(decided(dues(2), overlap="buffer_one", situation=ended)) == ["buffered", "skipped overlap"]
        assert told(decided(dues(1), overlap="skip", situation=ended)) == ["skipped overlap"]
        most = {"active": 0, "buffered": MOST_BUFFERED}
        assert told(decided(dues(2), overlap="buffer_all", situation=most)) == ["buffered", "skipped limit"]

    @pytest.mark.parametrize("policy", ["skip", "buffer_one", "buffer_all", "cancel_other"])
    def test_nobody_overtakes_what_is_buffered(self, policy: str) -> None:
        assert told(decided(dues(1), overlap=policy, situation={"active": 0, "buffered": 1})) != ["fired"]


class TestActions:
    def test_what_fires_uses_them_up(self) -> None:
        verdict = decided(dues(3), misfire={"grace": "1h"}, situation={"actions_left": 2})
        assert told(verdict) == ["fired", "fired", "skipped limit"]
        assert details(verdict)[2] == "its actions are used up"

    def test_what_is_buffered_uses_them_up_too(self) -> None:
        verdict = decided(dues(2), overlap="buffer_all", situation={"actions_left": 1, "active": 1})
        assert told(verdict) == ["buffered", "skipped limit"]

    def test_what_is_skipped_does_not(self) -> None:
        verdict = decided(dues(2), now=NINE + 10 * MINUTE, misfire={"policy": "latest"}, situation={"actions_left": 1})
        assert told(verdict) == ["skipped misfire", "fired"]

    def test_nobody_is_stopped_for_a_fire_that_may_not_be(self) -> None:
        verdict = decided(dues(1), overlap="cancel_other", situation={"active": 1, "actions_left": 0})
        assert told(verdict) == ["skipped limit"]
        assert not verdict.stops_others


class TestEveryDecision:
    @pytest.mark.parametrize("policy", POLICIES)
    @pytest.mark.parametrize("misfire", ["skip", "latest", "all"])
    def test_has_a_reason_if_and_only_if_it_is_skipped(self, policy: Overlap, misfire: str) -> None:
        owed = dues(30, excluded={3: "x", 12: "y"})
        situation = {"active": 1, "actions_left": 4, "skips": {NINE}}
        verdict = decided(
            owed,
            now=NINE + 30 * MINUTE,
            overlap=policy,
            misfire={"policy": misfire, "window": "25m"},
            situation=situation,
        )
        assert len(verdict.decisions) == 30
        for each in verdict.decisions:
            assert (each.reason is not None) == (each.state == FireState.SKIPPED)
            assert each.reason is None or each.reason in Reason
            assert each.state != FireState.WAITING
