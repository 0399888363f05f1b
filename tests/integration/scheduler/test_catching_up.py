"""Beats that were away: each misfire policy, with a row for each fire time, however many there are."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from typing import Any

import pytest

from scheduler.models import Fire, Schedule
from scheduler.services import firing
from scheduler.services.controls import pause_schedule, resume_schedule
from tests.integration.scheduler.makers import (
    ALL,
    HOUR,
    MINUTE,
    NINE,
    SECOND,
    beat,
    cron,
    decided,
    edit,
    fresh,
    runs_of,
    standing,
    told,
)

pytestmark = [pytest.mark.engine, pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("scripted")]

EACH_SECOND = cron("* * * * * ?")
EVERY_QUARTER = {"type": "every", "every": "15m"}


def after_an_hour(**parts: Any) -> list[str]:
    """What becomes of the hourly quarters from 09:15 to 10:00, when beats come back at 10:00:30."""
    schedule = standing(cron("*/15 * * * *"), **{**ALL, **parts})
    beat(NINE + HOUR + 30 * SECOND)
    assert len(runs_of(schedule)) == sum(each.endswith("fired") for each in told(schedule))
    assert fresh(schedule).next_fire_at == NINE + HOUR + 15 * MINUTE
    return told(schedule)


class TestAfterAnHour:
    def test_skip_runs_what_is_not_late(self) -> None:
        assert after_an_hour(misfire={"policy": "skip"}) == [
            "09:15 skipped misfire",
            "09:30 skipped misfire",
            "09:45 skipped misfire",
            "10:00 fired",
        ]

    def test_skip_without_grace_runs_nothing(self) -> None:
        assert [each.split()[-1] for each in after_an_hour(misfire={"policy": "skip", "grace": 0})] == ["misfire"] * 4

    def test_latest_runs_the_last(self) -> None:
        assert after_an_hour(misfire={"policy": "latest", "grace": 0})[2:] == ["09:45 skipped misfire", "10:00 fired"]

    def test_all_runs_them_oldest_first(self) -> None:
        assert after_an_hour(misfire={"policy": "all"}) == ["09:15 fired", "09:30 fired", "09:45 fired", "10:00 fired"]

    def test_all_runs_the_newest_so_many(self) -> None:
        assert after_an_hour(misfire={"policy": "all", "most": 2})[1:] == [
            "09:30 skipped misfire",
            "09:45 fired",
            "10:00 fired",
        ]

    def test_what_is_older_than_the_window_is_given_up(self) -> None:
        assert after_an_hour(misfire={"policy": "all", "window": "40m"})[:2] == [
            "09:15 skipped catch_up_window",
            "09:30 fired",
        ]

    def test_the_overlap_policy_judges_what_is_left(self) -> None:
        told_of_it = after_an_hour(misfire={"policy": "all"}, overlap="buffer_one")
        assert told_of_it == ["09:15 fired", "09:30 buffered", "09:45 skipped overlap", "10:00 skipped overlap"]

    def test_it_is_said_how_late_it_came_up(self) -> None:
        after_an_hour(misfire={"policy": "latest"})
        first = Fire.objects.earliest("fire_at")
        assert first.detail == "it came up 45 m 30 s late, and a later one runs in its place"


class TestMoreThanAThousand:
    """An hour and a second of a schedule that fires each second."""

    NOW = NINE + HOUR

    def decided(self, **parts: Any) -> Counter[str]:
        schedule = standing(EACH_SECOND, **{**ALL, **parts})
        beat(self.NOW)
        assert fresh(schedule).next_fire_at == self.NOW + SECOND
        assert fresh(schedule).decided_until == self.NOW
        times = list(Fire.objects.filter(schedule=schedule).order_by("fire_at").values_list("fire_at", flat=True))
        assert times == [NINE + number * SECOND for number in range(1, 3601)]
        assert len(runs_of(schedule)) == Fire.objects.filter(schedule=schedule, state="fired").count()
        return Counter(each.partition(" ")[2] for each in told(schedule))

    def test_latest_runs_one_of_those_that_are_late(self) -> None:
        assert self.decided(misfire={"policy": "latest", "grace": 0}) == {"skipped misfire": 3599, "fired": 1}
        assert Fire.objects.get(state="fired").fire_at == self.NOW

    def test_all_runs_as_many_as_it_may_and_the_newest(self) -> None:
        assert self.decided(misfire={"policy": "all", "most": 30}) == {"skipped misfire": 3539, "fired": 61}
        assert Fire.objects.filter(state="fired").earliest("fire_at").fire_at == self.NOW - 60 * SECOND

    def test_all_runs_as_many_as_it_may_of_those_that_are_all_late(self) -> None:
        assert self.decided(misfire={"policy": "all", "most": 1000, "grace": 0}) == {
            "skipped misfire": 2600,
            "fired": 1000,
        }

    def test_skip_runs_what_is_not_late(self) -> None:
        assert self.decided(misfire={"policy": "skip"}) == {"skipped misfire": 3539, "fired": 61}

    def test_with_the_last_of_them_excluded_latest_runs_the_last_before(self) -> None:
        exclusions = [{"kind": "daily", "from": "09:40", "to": "10:01"}]
        counted = self.decided(misfire={"policy": "latest", "grace": 0}, exclusions=exclusions)
        assert counted == {"skipped misfire": 2398, "skipped excluded": 1201, "fired": 1}
        assert Fire.objects.get(state="fired").fire_at == NINE + 2399 * SECOND

    def test_actions_are_counted_over_all_of_them(self) -> None:
        schedule = standing(EACH_SECOND, actions=1500, misfire={"grace": "2h"}, **ALL)
        beat(self.NOW)
        assert len(runs_of(schedule)) == 1500
        assert fresh(schedule).state == "ended"

    def test_each_pass_decides_a_thousand_and_leaves_the_rest_due(self) -> None:
        schedule = standing(EACH_SECOND, **ALL)
        assert firing.fire_due(now=self.NOW) == 1
        now = fresh(schedule)
        assert Fire.objects.filter(schedule=schedule).count() == 1000
        assert now.decided_until == NINE + 1000 * SECOND
        assert now.next_run_at == NINE + 1001 * SECOND


class TestAScheduleThatIsChangedWhileBeatsAreAway:
    """By the real clock: they were away since a while before now."""

    @pytest.fixture
    def hour_ago(self) -> dt.datetime:
        return dt.datetime.now(dt.UTC).replace(minute=0, second=0, microsecond=0) - HOUR

    def test_what_it_owed_is_judged_by_how_late_it_is(self, hour_ago: dt.datetime) -> None:
        schedule = standing(cron("*/15 * * * *"), at=hour_ago - SECOND, misfire={"policy": "latest", "grace": 0}, **ALL)
        schedule = edit(schedule, notes="now with notes")
        owed = [each.partition(" ")[2] for each in told(schedule)]
        assert len(owed) >= 4
        assert owed == ["skipped misfire"] * (len(owed) - 1) + ["waiting"]
        beat()
        assert [each.partition(" ")[2] for each in told(schedule)] == ["skipped misfire"] * (len(owed) - 1) + ["fired"]
        assert runs_of(schedule)[0].trigger == "schedule"

    def test_what_is_older_than_its_window_is_given_up(self, hour_ago: dt.datetime) -> None:
        schedule = standing(
            cron("0 * * * *"), at=hour_ago - 48 * HOUR, misfire={"policy": "all", "window": "5h"}, **ALL
        )
        schedule = edit(schedule, notes="now with notes")
        owed = [each.partition(" ")[2] for each in told(schedule)]
        assert 48 <= len(owed) <= 50
        assert 4 <= owed.count("waiting") <= 6
        assert set(owed[:40]) == {"skipped catch_up_window"}

    def test_a_former_policy_gives_up_what_it_has_and_the_new_one_what_comes(self, hour_ago: dt.datetime) -> None:
        schedule = standing(cron("*/15 * * * *"), at=hour_ago - SECOND, misfire={"policy": "skip", "grace": 0}, **ALL)
        schedule = edit(schedule, misfire={"policy": "all"})
        beat()
        assert {each.partition(" ")[2] for each in told(schedule)} == {"skipped misfire"}

    def test_what_comes_up_after_the_change_runs_in_place_of_what_came_up_before(self) -> None:
        """The change is made while beats are still away: what waits, and what comes up since, are judged together."""
        quarter = dt.timedelta(minutes=15)
        now = dt.datetime.now(dt.UTC)
        schedule = standing(EVERY_QUARTER, at=now - HOUR, misfire={"policy": "latest", "grace": 0})
        schedule = edit(schedule, notes="now with notes")
        assert [each.partition(" ")[2] for each in told(schedule)][-1] == "waiting"
        beat(now + 4 * quarter)
        decided = [each.partition(" ")[2] for each in told(schedule)]
        assert decided[-1] == "fired"
        assert set(decided[:-1]) == {"skipped misfire"}

    def test_no_more_run_than_the_policy_lets(self) -> None:
        now = dt.datetime.now(dt.UTC)
        misfire = {"policy": "all", "most": 3, "grace": 0}
        schedule = edit(standing(EVERY_QUARTER, at=now - HOUR, misfire=misfire, **ALL), notes="x")
        beat(now + HOUR)
        assert [each.partition(" ")[2] for each in told(schedule)].count("fired") == 3

    def test_the_newest_are_kept_and_the_others_have_their_rows(self, hour_ago: dt.datetime) -> None:
        misfire = {"policy": "all", "most": 1000}
        schedule = edit(standing(EACH_SECOND, at=hour_ago, misfire=misfire, **ALL), notes="x")
        counted = Counter(each.partition(" ")[2] for each in told(schedule))
        assert counted["waiting"] == 1000
        assert counted["skipped misfire"] >= 2600
        newest = Fire.objects.filter(schedule=schedule).latest("fire_at")
        assert newest.state == "waiting"
        assert fresh(schedule).decided_until >= newest.fire_at

    def test_what_somebody_asked_to_skip_or_is_excluded_stays_so(self, hour_ago: dt.datetime) -> None:
        schedule = standing(cron("0 * * * *"), at=hour_ago - SECOND)
        schedule.skips = [hour_ago.isoformat()]
        schedule.save()
        edit(schedule, notes="x")
        assert told(schedule)[0].endswith("skipped asked")

    def test_its_excluded_times_have_their_rows(self, hour_ago: dt.datetime) -> None:
        day = [{"kind": "dates", "dates": [f"{hour_ago:%Y-%m-%d}"]}]
        schedule = standing(cron("0 * * * *"), at=hour_ago - SECOND, exclusions=day)
        edit(schedule, notes="x")
        assert told(schedule)[0].endswith("skipped excluded")

    def test_a_time_that_waits_for_its_jitter_is_not_lost(self) -> None:
        now = dt.datetime.now(dt.UTC)
        minute = now.replace(second=0, microsecond=0)
        once = {"type": "once", "at": minute.isoformat()}
        schedule = standing(once, at=minute - SECOND, jitter="300d")
        run_at = fresh(schedule).next_run_at
        assert run_at is not None
        assert run_at > now
        schedule = edit(schedule, notes="x")
        beat()
        assert [each.partition(" ")[2] for each in told(schedule)] == ["waiting"]
        beat(run_at)
        assert [each.partition(" ")[2] for each in told(schedule)] == ["fired"]


class TestAScheduleThatRested:
    """What it has let pass has its rows, with who paused it."""

    def test_because_it_was_paused(self) -> None:
        now = dt.datetime.now(dt.UTC)
        schedule = standing(EVERY_QUARTER, at=now - HOUR)
        pause_schedule(schedule=schedule, actor="olga", note="disk full")
        at = fresh(schedule).decided_until
        Schedule.objects.filter(pk=schedule.pk).update(decided_until=at - HOUR)
        kept = Fire.objects.filter(schedule=schedule).count()
        resume_schedule(schedule=fresh(schedule), actor="olga")
        rested = Fire.objects.filter(schedule=schedule).order_by("fire_at")
        assert rested.count() == kept == 4, "what it had owed when it was paused has its rows already"
        assert set(rested.values_list("state", "reason", "detail")) == {
            ("skipped", "paused", "paused by olga: disk full")
        }
        beat()
        assert runs_of(schedule) == []

    def test_and_was_changed_meanwhile_by_its_former_definition(self) -> None:
        now = dt.datetime.now(dt.UTC)
        schedule = standing(EVERY_QUARTER, at=now)
        pause_schedule(schedule=schedule, actor="olga")
        Schedule.objects.filter(pk=schedule.pk).update(decided_until=now - HOUR)
        edit(schedule, triggers=[cron("0 0 1 1 *")])
        assert decided(schedule) == ["skipped paused"] * 4

    def test_because_it_was_disabled(self) -> None:
        now = dt.datetime.now(dt.UTC)
        schedule = edit(standing(EVERY_QUARTER, at=now), enabled=False)
        Schedule.objects.filter(pk=schedule.pk).update(decided_until=now - HOUR)
        edit(schedule, enabled=True)
        rested = Fire.objects.filter(schedule=schedule)
        assert (
            list(rested.values_list("state", "reason", "detail"))
            == [("skipped", "paused", "the schedule was disabled")] * 4
        )
        assert fresh(schedule).state == "active"

    def test_of_very_many_the_newest(self) -> None:
        now = dt.datetime.now(dt.UTC)
        schedule = standing(EACH_SECOND, at=now)
        pause_schedule(schedule=schedule, actor="olga")
        Schedule.objects.filter(pk=schedule.pk).update(decided_until=now - 5 * HOUR)
        resume_schedule(schedule=fresh(schedule), actor="olga")
        rested = Fire.objects.filter(schedule=schedule)
        assert rested.count() == 10_000
        assert now - rested.latest("fire_at").fire_at < 5 * SECOND
