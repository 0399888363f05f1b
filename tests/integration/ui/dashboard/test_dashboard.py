"""The dashboard: what it tells, whom, and at what cost."""

from __future__ import annotations

import datetime as dt
import re
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from jobs.models import Role, Workspace
from jobs.states import RunState
from scheduler.states import Reason
from tests.integration.people import make_job, make_user, make_workspace, signed_in
from tests.integration.run_rows import make_ended_run, make_run
from tests.integration.schedule_rows import make_fire, make_schedule, put_due
from ui.dashboard.figures import board

pytestmark = pytest.mark.django_db

NOW = dt.datetime(2026, 11, 21, 12, 30, tzinfo=dt.UTC)
HOUR = dt.timedelta(hours=1)


def ended(job: Any, state: RunState, *, hours_ago: float, seconds: float = 2) -> Any:
    at = NOW - hours_ago * HOUR
    times = {"created_at": at, "started_at": at - seconds * HOUR / 3600, "ended_at": at}
    return make_ended_run(job, "f" if state == RunState.FAILED else "s", state=state, **times)


class TestFailures:
    def test_those_of_a_day_are_counted_and_older_ones_are_not(self, workspace: Workspace) -> None:
        job = make_job(workspace)
        ended(job, RunState.FAILED, hours_ago=2)
        ended(job, RunState.FAILED, hours_ago=30)
        assert board(workspace=workspace, now=NOW).failures.count == 1

    def test_a_job_that_has_succeeded_since_fails_no_more(self, workspace: Workspace) -> None:
        mended, broken = make_job(workspace, "task:mended"), make_job(workspace, "task:broken")
        ended(mended, RunState.FAILED, hours_ago=3)
        ended(mended, RunState.SUCCEEDED, hours_ago=2)
        ended(broken, RunState.FAILED, hours_ago=1)
        failures = board(workspace=workspace, now=NOW).failures
        assert (failures.count, failures.still) == (2, 1)


class TestWaiting:
    @pytest.mark.parametrize(("minutes", "long"), [(4, False), (6, True)])
    def test_somebody_should_look_when_a_run_waits_long(self, workspace: Workspace, minutes: int, long: bool) -> None:
        at = NOW - dt.timedelta(minutes=minutes)
        make_run(make_job(workspace), "q", state=RunState.PENDING, started_at=None, created_at=at)
        found = board(workspace=workspace, now=NOW)
        assert (found.standing.queued, found.waits_long) == (1, long)


class TestLateness:
    def test_what_nobody_dealt_with_and_what_was_given_up_are_both_late(self, workspace: Workspace) -> None:
        overdue, missed = make_schedule(workspace, "task:a"), make_schedule(workspace, "task:b")
        put_due(overdue, NOW - dt.timedelta(minutes=1))
        put_due(missed, NOW + HOUR)
        make_fire(missed, state="skipped", reason=Reason.MISFIRE, run_id=None, decided_at=NOW - HOUR)
        make_fire(missed, -1, state="skipped", reason=Reason.ASKED, run_id=None, decided_at=NOW - HOUR)
        lateness = board(workspace=workspace, now=NOW).lateness
        assert (lateness.overdue, lateness.missed) == (1, 1)

    def test_some_seconds_are_not_late(self, workspace: Workspace) -> None:
        put_due(make_schedule(workspace), NOW - dt.timedelta(seconds=5))
        assert board(workspace=workspace, now=NOW).lateness.count == 0


class TestCharts:
    def test_the_week_has_an_hour_each_and_the_day_its_last_ones(self, workspace: Workspace) -> None:
        found = board(workspace=workspace, now=NOW)
        assert (len(found.week), len(found.day)) == (168, 24)
        assert found.week[-1].key == "2026-11-21T12:00:00+00:00"
        assert found.day[0].key == "2026-11-20T13:00:00+00:00"

    def test_all_runs_of_the_week_are_in_it_rolled_up_or_not(self, workspace: Workspace) -> None:
        job = make_job(workspace)
        for hours in (1, 5, 50, 160):
            ended(job, RunState.SUCCEEDED, hours_ago=hours)
        assert sum(hour.runs for hour in board(workspace=workspace, now=NOW).week) == 4

    def test_the_slowest_come_first_and_who_never_failed_is_not_failing(self, workspace: Workspace) -> None:
        slow, quick = make_job(workspace, "task:slow"), make_job(workspace, "task:quick")
        ended(slow, RunState.SUCCEEDED, hours_ago=1, seconds=90)
        ended(quick, RunState.FAILED, hours_ago=1, seconds=1)
        found = board(workspace=workspace, now=NOW)
        assert [job.key for job in found.slowest] == ["task:slow", "task:quick"]
        assert [job.key for job in found.failing] == ["task:quick"]


class TestPage:
    def test_only_what_is_of_the_workspace_is_told(self, workspace: Workspace) -> None:
        other = make_workspace("other")
        ended(make_job(other, "task:hidden"), RunState.FAILED, hours_ago=1)
        put_due(make_schedule(other, "task:secret"), NOW)
        page = signed_in(make_user("vera", workspace=workspace, role=Role.VIEWER)).get("/ui/w/acme/").content.decode()
        assert "task:hidden" not in page
        assert "task:secret" not in page

    @pytest.mark.parametrize("path", ["/ui/w/acme/", "/ui/w/acme/dashboard/figures/"])
    def test_each_role_sees_it_and_a_stranger_and_nobody_do_not(
        self, workspace: Workspace, path: str, client: Any
    ) -> None:
        for role in Role:
            member = signed_in(make_user(role, workspace=workspace, role=role))
            assert member.get(path).status_code == 200, role
            assert member.post(path).status_code in (403, 405), role
        assert signed_in(make_user("sue")).get(path).status_code == 404
        assert client.get(path).headers["Location"] == f"/ui/login/?next={path}"

    def test_what_is_live_comes_without_the_frame(self, workspace: Workspace) -> None:
        member = signed_in(make_user("vera", workspace=workspace, role=Role.VIEWER))
        page = member.get("/ui/w/acme/dashboard/figures/").content.decode()
        assert "running now" in page
        assert "<html" not in page

    def test_it_takes_as_many_queries_whatever_there_is(self, workspace: Workspace) -> None:
        member = signed_in(make_user("vera", workspace=workspace, role=Role.VIEWER))
        member.get("/ui/w/acme/")
        few = self._queries(member)
        now = dt.datetime.now(dt.UTC)
        for n in range(8):
            job = make_job(workspace, f"task:n{n}", schedules=[])
            make_schedule(workspace, f"task:s{n}")
            for m in range(3):
                at = now - (n + m) * HOUR
                times = {"created_at": at, "started_at": at, "ended_at": at}
                make_ended_run(job, "f", **times)
            make_run(job, "sq")
        assert self._queries(member) == few
        assert few < 25

    def _queries(self, member: Any) -> int:
        with CaptureQueriesContext(connection) as captured:
            assert member.get("/ui/w/acme/").status_code == 200
        return len(captured)

    def test_it_is_told_in_the_readers_language(self, workspace: Workspace) -> None:
        member = signed_in(make_user("vera", workspace=workspace, role=Role.VIEWER))
        page = member.get("/ui/w/acme/", headers={"Accept-Language": "de-AT, en;q=0.5"}).content.decode()
        assert '<html lang="de"' in page
        assert "laufen jetzt" in page
        member.cookies["django_language"] = "en"
        assert "running now" in member.get("/ui/w/acme/", headers={"Accept-Language": "de"}).content.decode()


def test_a_page_has_neither_script_nor_style_in_it(workspace: Workspace) -> None:
    member = signed_in(make_user("vera", workspace=workspace, role=Role.VIEWER))
    answer = member.get("/ui/w/acme/")
    page = answer.content.decode()
    assert "unsafe" not in answer.headers["Content-Security-Policy"]
    assert re.findall(r"<script(?![^>]* src=)|<style|\sstyle=|\son\w+=|javascript:", page) == []
    assert re.findall(r'(?:src|href)="(?:https?:)?//', page) == []
