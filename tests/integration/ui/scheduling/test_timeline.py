"""The timeline of the last 24 hours."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from django.test import Client

from jobs.models import Job, Workspace
from jobs.selectors.timelines import runs_between
from jobs.states import RunState
from tests.integration.people import NOW, make_job
from tests.integration.run_rows import make_ended_run, make_run
from tests.integration.ui.scheduling.reading import BASE, PART, main, words

pytestmark = pytest.mark.django_db
PAGE = f"{BASE}timeline/"
DAY = dt.timedelta(days=1)


def hours(count: float) -> dt.datetime:
    return NOW + dt.timedelta(hours=count)


def ran(job: Job, begun: dt.datetime, minutes: float = 30, states: str = "s") -> int:
    ended = begun + dt.timedelta(minutes=minutes)
    return int(make_ended_run(job, states, created_at=begun, started_at=begun, ended_at=ended).pk)


class TestRunsBetween:
    def found(self, workspace: Workspace, limit: int = 10) -> list[int]:
        return [each.id for each in runs_between(workspace=workspace, start=NOW - DAY, end=NOW, limit=limit)]

    def test_those_that_were_there_are_found_in_order(self, workspace: Workspace) -> None:
        job = make_job(workspace)
        late, early = ran(job, hours(-1)), ran(job, hours(-20))
        across = ran(job, hours(-24.2), minutes=60)
        going = make_run(job, created_at=hours(-3), started_at=hours(-3)).pk
        old = make_run(job, created_at=hours(-300), started_at=hours(-300)).pk
        for begun in (hours(-26), hours(0.5)):
            ran(job, begun)
        assert self.found(workspace) == [old, across, early, going, late]

    def test_the_newest_are_kept(self, workspace: Workspace) -> None:
        job = make_job(workspace)
        newest = [ran(job, hours(-number)) for number in range(1, 5)][:2]
        assert self.found(workspace, limit=2) == newest[::-1]

    def test_those_of_others_are_not(self, workspace: Workspace) -> None:
        ran(make_job(Workspace.objects.create(slug="other", name="Other")), hours(-1))
        assert self.found(workspace) == []


class TestPage:
    def test_a_job_whose_runs_overlap_says_how_many(self, viewer: Client, workspace: Workspace) -> None:
        now = dt.datetime.now(dt.UTC)
        job = make_job(workspace)
        first = ran(job, now - dt.timedelta(hours=3), minutes=90)
        ran(job, now - dt.timedelta(hours=2), minutes=30, states="f")
        answer = viewer.get(PAGE)
        assert "task:ping 2 1 failed 2 1 h 30 m" in words(answer)
        assert f"/ui/w/acme/runs/{first}/" in main(answer)
        (track,) = answer.context["drawn"].tracks
        assert track.lanes == 2

    def test_it_goes_back_and_forth_and_never_beyond_now(self, viewer: Client, workspace: Workspace) -> None:
        ran(make_job(workspace), NOW - dt.timedelta(hours=5))
        told = viewer.get(PAGE, {"until": NOW.isoformat()})
        assert "task:ping" in words(told)
        assert "12 h later" in words(told)
        assert "12 h later" not in words(viewer.get(PAGE))
        for until in ("x", "9999-01-01T00:00:00Z", "2026-01-01", "0001-01-01T00:00:00Z"):
            assert viewer.get(PAGE, {"until": until}).context["is_now"]

    def test_what_is_live_comes_by_itself(self, viewer: Client, workspace: Workspace) -> None:
        part = viewer.get(PAGE, headers=PART | {"HX-Target": "timeline"}).content.decode()
        assert "Nothing ran in these 24 hours" in part
        assert "<html" not in part

    def test_strangers_do_not_see_it(self, stranger: Client, workspace: Workspace) -> None:
        assert stranger.get(PAGE).status_code == 404

    @pytest.mark.parametrize("count", [1, 30])
    def test_it_takes_the_same_number_of_queries_whatever_ran(
        self, viewer: Client, workspace: Workspace, django_assert_num_queries: Any, count: int
    ) -> None:
        viewer.get(PAGE)
        job, now = make_job(workspace), dt.datetime.now(dt.UTC)
        for number in range(count):
            ran(job, now - dt.timedelta(minutes=20 + number))
        make_run(job, state=RunState.RUNNING, created_at=now, started_at=now)
        with django_assert_num_queries(6):
            viewer.get(PAGE)
