"""What schedules are about to do and what they missed, for a first look at a workspace."""

from __future__ import annotations

import datetime as dt

import pytest
from pytest_django import DjangoAssertNumQueries

from jobs.models import Workspace
from scheduler.selectors.schedules import next_runs
from scheduler.selectors.standing import missed, next_due
from scheduler.states import Reason
from tests.integration.people import NOW, make_job, make_workspace
from tests.integration.schedule_rows import make_fire, make_schedule, make_skip, put_due

pytestmark = pytest.mark.django_db

HOUR = dt.timedelta(hours=1)


@pytest.fixture
def workspace() -> Workspace:
    return make_workspace()


class TestNextDue:
    def test_the_next_comes_first_and_what_is_overdue_is_not_among_them(self, workspace: Workspace) -> None:
        for key, hours in (("task:later", 2), ("task:soon", 1), ("task:overdue", -1)):
            put_due(make_schedule(workspace, key), NOW + hours * HOUR)
        put_due(make_schedule(make_workspace("other"), "task:theirs"), NOW + HOUR)
        found = next_due(workspace=workspace, now=NOW, limit=10)
        assert [(each.job_key, each.run_at) for each in found] == [
            ("task:soon", NOW + HOUR),
            ("task:later", NOW + 2 * HOUR),
        ]
        assert [each.job_key for each in next_due(workspace=workspace, now=NOW, limit=1)] == ["task:soon"]

    def test_a_job_tells_the_next_of_its_schedules(
        self, workspace: Workspace, django_assert_num_queries: DjangoAssertNumQueries
    ) -> None:
        scheduled, plain = make_schedule(workspace), make_job(workspace, "task:plain")
        put_due(scheduled, NOW)
        with django_assert_num_queries(1):
            assert next_runs([scheduled.job_id, plain.pk]) == {scheduled.job_id: {"next_run_at": NOW}}


class TestMissed:
    def test_only_what_nobody_meant_to_leave_out_is_told_the_newest_first(self, workspace: Workspace) -> None:
        schedule = make_schedule(workspace)
        for hour, reason in enumerate(Reason):
            make_skip(schedule, -1 - hour / 100, reason, "why")
        make_fire(schedule, -0.5)
        make_skip(schedule, -30, Reason.MISFIRE)
        make_skip(make_schedule(make_workspace("other"), "task:theirs"), -0.1, Reason.MISFIRE)
        found = missed(workspace=workspace, since=NOW - 24 * HOUR, limit=10)
        assert {each.reason for each in found} == {"overlap", "misfire", "catch_up_window"}
        assert [each.decided_at for each in found] == sorted((each.decided_at for each in found), reverse=True)
        assert {(each.schedule_id, each.job_key, each.detail) for each in found} == {(schedule.pk, "task:ping", "why")}
        assert len(missed(workspace=workspace, since=NOW - 24 * HOUR, limit=2)) == 2
