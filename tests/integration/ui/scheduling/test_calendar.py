"""The calendar of past and coming fires."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from django.test import Client

from jobs.models import Workspace
from scheduler.models import Schedule
from scheduler.selectors import calendars
from scheduler.selectors.calendars import Count, calendar
from scheduler.services.controls import pause_schedule
from tests.integration.people import NOW
from tests.integration.schedule_rows import make_fire, make_schedule, make_skip
from tests.integration.ui.scheduling.reading import BASE, words

pytestmark = pytest.mark.django_db
PAGE = f"{BASE}calendar/"
DAILY: dict[str, Any] = {"triggers": [{"type": "cron", "expression": "0 9 * * *"}], "timezone": "UTC"}
DAYS = [NOW.replace(hour=0) + dt.timedelta(days=day) for day in range(-2, 4)]


def placed(schedule: Schedule) -> Schedule:
    """As if it had been made at NOW."""
    Schedule.objects.filter(pk=schedule.pk).update(anchor_at=NOW, decided_until=NOW)
    return schedule


def shown(counts: Any) -> list[tuple[int, int, int]]:
    return [(count.fired, count.skipped, count.coming) for count in counts]


class TestCounting:
    def test_past_and_coming_stand_in_their_days(self, workspace: Workspace) -> None:
        schedule = placed(make_schedule(workspace, **DAILY))
        make_fire(schedule, -27)
        make_skip(schedule, -3)
        found = calendar(workspace=workspace, edges=DAYS, now=NOW)
        assert [shown(each) for each in found.stretches] == [[], [(1, 0, 0)], [(0, 1, 0)], [(0, 0, 1)], [(0, 0, 1)]]
        assert found.stretches[3][0].first == NOW.replace(hour=9) + dt.timedelta(days=1)
        assert (found.left_out, found.estimated) == (0, [])

    def test_a_fire_on_an_edge_is_of_the_stretch_that_begins_there(self, workspace: Workspace) -> None:
        midnight = placed(
            make_schedule(workspace, triggers=[{"type": "cron", "expression": "0 0 * * *"}], timezone="UTC")
        )
        make_fire(midnight, -12)
        found = calendar(workspace=workspace, edges=DAYS, now=NOW)
        assert [shown(each) for each in found.stretches] == [[], [], [(1, 0, 0)], [(0, 0, 1)], [(0, 0, 1)]]

    def test_what_is_excluded_paused_or_another_jobs_is_not_to_come(self, workspace: Workspace) -> None:
        placed(make_schedule(workspace, "task:a", **DAILY, exclusions=[{"kind": "dates", "dates": ["2026-11-22"]}]))
        paused = placed(make_schedule(workspace, "task:b", **DAILY))
        paused.refresh_from_db()
        pause_schedule(schedule=paused, actor="ann")
        make_schedule(workspace, "task:c", **DAILY)
        found = calendar(workspace=workspace, edges=DAYS, now=NOW, job_key="task:a")
        assert [shown(each) for each in found.stretches] == [[], [], [], [], [(0, 0, 1)]]
        both = calendar(workspace=workspace, edges=DAYS, now=NOW)
        assert "task:b" not in {count.schedule.job.key for each in both.stretches for count in each}

    def test_one_with_few_actions_left_fires_no_more_than_these(self, workspace: Workspace) -> None:
        placed(make_schedule(workspace, **DAILY, actions=1))
        found = calendar(workspace=workspace, edges=DAYS, now=NOW)
        assert sum(count.coming for each in found.stretches for count in each) == 1
        assert found.estimated == []

    def test_very_many_are_estimated_and_it_says_so(self, workspace: Workspace, monkeypatch: Any) -> None:
        monkeypatch.setattr(calendars, "FIRE_TIMES", 60)
        placed(make_schedule(workspace, triggers=[{"type": "every", "every": "60s"}]))
        found = calendar(workspace=workspace, edges=DAYS, now=NOW)
        assert found.estimated == ["schedule default of task:ping"]
        (whole_day,) = found.stretches[4]
        assert 1400 <= whole_day.coming <= 1440

    def test_more_schedules_than_it_holds_are_told(self, workspace: Workspace, monkeypatch: Any) -> None:
        monkeypatch.setattr(calendars, "MOST_SCHEDULES", 2)
        for number in range(3):
            placed(make_schedule(workspace, f"task:t{number}", **DAILY))
        assert calendar(workspace=workspace, edges=DAYS, now=NOW).left_out == 1

    def test_other_workspaces_are_not_in_it(self, workspace: Workspace, other: Workspace) -> None:
        placed(make_schedule(other, **DAILY))
        assert not any(calendar(workspace=workspace, edges=DAYS, now=NOW).stretches)

    def test_a_document_that_cannot_be_read_is_passed_over(self, workspace: Workspace) -> None:
        schedule = placed(make_schedule(workspace, **DAILY))
        Schedule.objects.update(document=schedule.document | {"timezone": "Atlantis"})
        assert not any(calendar(workspace=workspace, edges=DAYS, now=NOW).stretches)


class TestPage:
    @pytest.mark.parametrize("span", ["month", "week", "day"])
    def test_each_span_shows_what_comes(self, viewer: Client, workspace: Workspace, span: str) -> None:
        make_schedule(workspace, triggers=[{"type": "every", "every": "1h"}])
        tomorrow = (dt.datetime.now(dt.UTC) + dt.timedelta(days=1)).date()
        answer = viewer.get(PAGE, {"span": span, "day": tomorrow.isoformat()})
        told = words(answer)
        assert "ping" in told
        cells = {cell.day: cell for cell in answer.context["cells"]}
        assert tomorrow in cells
        assert sum(cell.fires for cell in answer.context["cells"] if cell.day == tomorrow) == 24

    def test_it_is_on_the_readers_clock_or_on_the_one_of_the_address(
        self, viewer: Client, workspace: Workspace
    ) -> None:
        viewer.cookies["ui_zone"] = "Asia/Tokyo"
        assert "On the clock of Asia/Tokyo." in words(viewer.get(PAGE))
        assert "On the clock of America/New_York." in words(viewer.get(PAGE, {"zone": "America/New_York"}))

    def test_a_cell_that_is_full_leads_to_its_day(self, viewer: Client, workspace: Workspace) -> None:
        for number in range(6):
            make_schedule(workspace, f"task:t{number}", **DAILY)
        assert "and 2 more" in words(viewer.get(PAGE))

    def test_an_empty_one_says_so(self, viewer: Client, workspace: Workspace) -> None:
        assert "Nothing fires here" in words(viewer.get(PAGE))

    @pytest.mark.parametrize("query", ["span=x&day=y&zone=z&job=w", "day=0001-01-01", "day=9999-12-31", "job=%00"])
    def test_forged_addresses_break_nothing(self, viewer: Client, schedule: Schedule, query: str) -> None:
        assert viewer.get(f"{PAGE}?{query}").status_code == 200

    def test_strangers_do_not_see_it(self, stranger: Client, schedule: Schedule) -> None:
        assert stranger.get(PAGE).status_code == 404

    @pytest.mark.parametrize("count", [1, 12])
    def test_it_takes_the_same_number_of_queries_whatever_there_is(
        self, viewer: Client, workspace: Workspace, django_assert_num_queries: Any, count: int
    ) -> None:
        viewer.get(PAGE)
        for number in range(count):
            make_fire(make_schedule(workspace, f"task:t{number}", **DAILY))
        with django_assert_num_queries(7):
            viewer.get(PAGE)


@pytest.fixture
def other() -> Workspace:
    """Another workspace."""
    return Workspace.objects.create(slug="other", name="Other")


def test_what_waits_counts_too() -> None:
    assert Count(Schedule(), fired=1, skipped=2, pending=3, coming=4).total == 10
