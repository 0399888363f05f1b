"""What is asked for a version is done to that version alone, also when another writer is at work at the same moment."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from django.db import connections, transaction

from jobs import dispatch, hotpath
from jobs.models import Event, Job, Role, Run
from jobs.services.jobs import save_job
from scheduler.models import Schedule
from tests.integration.engine.makers import in_thread, until_somebody_waits
from tests.integration.people import Api, make_user, make_workspace
from tests.integration.run_rows import make_run
from tests.integration.schedule_rows import make_schedule

pytestmark = pytest.mark.django_db(transaction=True)

ONE = "jobs/task:ping/schedules/default/"


@pytest.fixture(autouse=True)
def unsent(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Nothing is published."""
    monkeypatch.setattr(dispatch, "publish", lambda messages: None)
    yield
    hotpath.close()


@pytest.fixture
def schedule() -> Schedule:
    return make_schedule(make_workspace())


@pytest.fixture
def api(schedule: Schedule) -> Api:
    return Api(make_user("eve", workspace=schedule.workspace, role=Role.EDITOR))


def during_an_edit(job: Job, call: Any) -> Any:
    """The answer to a call that came while another writer had changed the job, and had not committed yet."""

    def and_disconnect() -> Any:
        try:
            return call()
        finally:
            connections.close_all()

    with transaction.atomic():
        document = {name: getattr(job, name) for name in ("key", "payload", "schedules")}
        save_job(workspace=job.workspace, document=document | {"description": "new"}, actor="ann")
        answer = in_thread(and_disconnect)
        until_somebody_waits()
    return answer()


@pytest.mark.parametrize("verb", ["pause", "resume", "run-now", "skip-next"])
def test_a_schedule_is_not_touched(api: Api, schedule: Schedule, verb: str) -> None:
    late = during_an_edit(schedule.job, lambda: api.post(f"{ONE}{verb}/", If_Match='"1"'))
    assert (late.status_code, late.json()["type"]) == (412, "/problems/precondition-failed/")
    assert (Schedule.objects.get().state, Schedule.objects.get().skips, Run.objects.count()) == ("active", [], 0)
    assert Job.objects.get().version == 2


def test_nor_whom_it_acts_as(api: Api, schedule: Schedule) -> None:
    before = schedule.principal_id
    late = during_an_edit(schedule.job, lambda: api.send("PUT", f"{ONE}principal/", {}, If_Match='"1"'))
    assert (late.status_code, Event.objects.filter(kind="schedule.taken_over").count()) == (412, 0)
    assert Schedule.objects.get().principal_id == before


@pytest.mark.parametrize("verb", ["pause", "terminate"])
def test_a_run_is_not_touched(api: Api, schedule: Schedule, verb: str) -> None:
    run = make_run(schedule.job, "q")
    late = during_an_edit(schedule.job, lambda: api.post(f"runs/{run.pk}/{verb}/", If_Match='"1"'))
    assert late.status_code == 412
    assert Run.objects.get().state == run.state


def test_a_job_is_not_touched(api: Api, schedule: Schedule) -> None:
    late = during_an_edit(schedule.job, lambda: api.post("jobs/task:ping/pause/", If_Match='"1"'))
    assert (late.status_code, Job.objects.get().state) == (412, "active")


class TestExpectedUpdatedAt:
    """ATLAS sends it with each of its words for schedules."""

    STALE = {"expected_updated_at": "2026-01-01T00:00:00Z"}

    @pytest.mark.parametrize("verb", ["pause", "resume", "run-now", "skip-next"])
    def test_guards_each_word_on_a_schedule(self, api: Api, schedule: Schedule, verb: str) -> None:
        stale = api.post(f"{ONE}{verb}/", self.STALE)
        assert (stale.status_code, stale.json()["type"]) == (409, "/problems/out-of-date/")
        assert (Schedule.objects.get().state, Run.objects.count()) == ("active", 0)
        seen = {"expected_updated_at": api.get(ONE).json()["updated_at"]}
        assert api.post(f"{ONE}{verb}/", seen).status_code in (200, 202)

    @pytest.mark.parametrize("word", ["schedule/pause", "schedule/run-now", "run-now", "pause", "schedule/resume"])
    def test_guards_each_word_on_a_job(self, api: Api, schedule: Schedule, word: str) -> None:
        stale = api.post(f"jobs/task:ping/{word}/", self.STALE)
        assert (stale.status_code, stale.json()["type"]) == (409, "/problems/out-of-date/")
        assert (Job.objects.get().state, Run.objects.count()) == ("active", 0)
        seen = {"expected_updated_at": api.get("jobs/task:ping/").json()["updated_at"]}
        assert api.post(f"jobs/task:ping/{word}/", seen).status_code in (200, 202)
