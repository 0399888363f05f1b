"""``?wait=``: what starts a run answers with its end, if that comes soon."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from django.db import connection
from django.db.models import F

from jobs import claims, dispatch, hotpath
from jobs.models import Job, Payload, Role, Run, Workspace
from jobs.states import RunState
from tests.integration.people import NOW, Api, make_job, make_user, make_workspace
from tests.integration.run_rows import make_ended_run

pytestmark = pytest.mark.django_db(transaction=True)

TRIGGER = "jobs/task:ping/trigger/"


def end_all() -> None:
    """Let all runs have succeeded."""
    Run.objects.filter(ended_at=None).update(state=RunState.SUCCEEDED, succeeded=F("total"), ended_at=NOW, wake_at=None)


@pytest.fixture(autouse=True)
def worker(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Ends all runs before somebody asks for the second time whether they have ended."""
    monkeypatch.setattr(dispatch, "publish", lambda messages: None)
    look, looks = claims.ended_runs, iter([False])

    def ended(*, run_ids: list[int]) -> list[int]:
        if next(looks, True):
            end_all()
            connection.close()
        return look(run_ids=run_ids)

    monkeypatch.setattr(claims, "ended_runs", ended)
    yield
    hotpath.close()


@pytest.fixture
def workspace() -> Workspace:
    return make_workspace()


@pytest.fixture
def job(workspace: Workspace) -> Job:
    return make_job(workspace, schedules=[{"triggers": [{"type": "cron", "expression": "0 0 3 * * ?"}]}])


@pytest.fixture
def api(workspace: Workspace, job: Job) -> Api:
    return Api(make_user("olga", workspace=workspace, role=Role.OPERATOR))


@pytest.mark.parametrize("start", [TRIGGER, "runs/{run}/rerun/", "jobs/task:ping/schedules/default/run-now/"])
def test_the_run_that_has_ended_is_the_answer(api: Api, job: Job, start: str) -> None:
    response = api.post(start.format(run=make_ended_run(job, "s").pk) + "?wait=30")
    newest = Run.objects.latest("pk")
    assert (response.status_code, response.json()["id"], response.json()["state"]) == (200, newest.pk, "succeeded")
    assert response.headers["Location"].endswith(f"/runs/{newest.pk}/")


@pytest.mark.parametrize("query", ["", "?wait=0"])
def test_nobody_waits_unasked(api: Api, query: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("jobs.api.awaiting.wait_for_run", None)
    response = api.post(TRIGGER + query)
    assert (response.status_code, response.json()["state"]) == (202, "pending")


def test_a_run_that_goes_on_is_accepted_as_ever(api: Api, settings: Any) -> None:
    settings.JOBS_API_WAITERS = 0  # As when the time is over: it is not known to have ended.
    assert api.post(TRIGGER + "?wait=30").status_code == 202


@pytest.mark.parametrize("query", ["wait=61", "wait=-1", "wait=soon", "wait=1&wait=2", "waits=1", "limit=5"])
def test_a_wait_that_cannot_be_is_refused_before_anything_starts(api: Api, query: str) -> None:
    assert api.post(f"{TRIGGER}?{query}").status_code == 400
    assert not Run.objects.exists()


def test_a_run_that_has_ended_by_then_is_not_waited_for(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dispatch, "publish", lambda messages: end_all())
    monkeypatch.setattr("jobs.api.awaiting.wait_for_run", None)
    assert api.post(TRIGGER + "?wait=30").status_code == 200


def test_who_asks_again_with_its_key_waits_for_the_same_run(api: Api) -> None:
    first = api.post(TRIGGER, Idempotency_Key="k")
    again = api.post(TRIGGER + "?wait=30", Idempotency_Key="k")
    assert (again.status_code, again.json()["id"], again.json()["state"]) == (200, first.json()["id"], "succeeded")
    assert again.headers["Idempotent-Replayed"] == "true"


def test_a_run_that_a_cleanup_erased_meanwhile_is_answered_as_it_began(
    api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    def erase(**_: Any) -> bool:
        Payload.objects.all().delete()
        Run.objects.all().delete()
        return True

    monkeypatch.setattr("jobs.api.awaiting.wait_for_run", erase)
    response = api.post(TRIGGER + "?wait=30")
    assert (response.status_code, Run.objects.count()) == (202, 0)
