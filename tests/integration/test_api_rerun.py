"""Idempotent triggers, reruns, replays and the chain of a run through the API."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from jobs import dispatch, hotpath
from jobs.models import Job, KeptAnswer, Payload, Role, Run, Workspace
from jobs.states import RunState, Trigger
from tests.integration.people import Api, make_job, make_user, make_workspace
from tests.integration.run_rows import NOW, make_ended_run, make_run

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def sent(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[Any]]:
    """What was published."""
    messages: list[Any] = []
    monkeypatch.setattr(dispatch, "publish", messages.extend)
    yield messages
    hotpath.close()


@pytest.fixture
def workspace() -> Workspace:
    return make_workspace()


@pytest.fixture
def job(workspace: Workspace) -> Job:
    return make_job(workspace, payloads=2)


@pytest.fixture
def api(workspace: Workspace) -> Api:
    return Api(make_user("olga", workspace=workspace, role=Role.OPERATOR))


def fields(response: Any) -> list[str]:
    """The fields that a 400 names."""
    assert response.status_code == 400, response.json()
    return [error["field"] for error in response.json()["errors"]]


class TestIdempotencyKey:
    def test_the_second_call_answers_with_the_run_that_exists(self, api: Api, job: Job) -> None:
        body = {"parameters": {"day": 1}, "idempotency_key": "monday"}
        first = api.post("jobs/task:ping/trigger/", body)
        second = api.post("jobs/task:ping/trigger/", body)
        assert (first.status_code, second.status_code) == (202, 200)
        assert first.json()["idempotency_key"] == "monday"
        assert second.json()["id"] == first.json()["id"]
        assert second.headers["Location"] == first.headers["Location"]
        assert Run.objects.count() == 1

    def test_other_parameters_are_refused(self, api: Api, job: Job) -> None:
        key = {"idempotency_key": "monday"}
        api.post("jobs/task:ping/trigger/", {"parameters": {"day": 1}, **key})
        response = api.post("jobs/task:ping/trigger/", {"parameters": {"day": 2}, **key})
        assert (response.status_code, "other parameters" in response.json()["detail"]) == (422, True)
        assert Run.objects.count() == 1

    def test_other_keys_and_none_make_other_runs(self, api: Api, job: Job) -> None:
        for headers in ({"Idempotency_Key": "a"}, {"Idempotency_Key": "b"}, {}, {}):
            assert api.post("jobs/task:ping/trigger/", **headers).status_code == 202
        assert Run.objects.count() == 4

    def test_that_of_the_header_is_the_callers_and_no_runs(self, api: Api, job: Job) -> None:
        first = api.post("jobs/task:ping/trigger/", Idempotency_Key="a")
        assert first.json()["idempotency_key"] is None
        assert api.post("jobs/task:ping/trigger/", {"idempotency_key": "a"}).json()["id"] != first.json()["id"]
        assert api.post("jobs/task:ping/trigger/", Idempotency_Key="a").json()["id"] == first.json()["id"]
        KeptAnswer.objects.all().delete()  # A day later: the header is forgotten, the body's is not.
        assert api.post("jobs/task:ping/trigger/", Idempotency_Key="a").json()["id"] != first.json()["id"]
        assert api.post("jobs/task:ping/trigger/", {"idempotency_key": "a"}).status_code == 200

    @pytest.mark.parametrize("key", ["x" * 256, "  ", ""])
    def test_a_header_that_is_no_key_is_refused_by_name(self, api: Api, job: Job, key: str) -> None:
        assert fields(api.post("jobs/task:ping/trigger/", Idempotency_Key=key)) == ["Idempotency-Key"]
        assert not Run.objects.exists()

    def test_the_longest_key_is_taken(self, api: Api, job: Job) -> None:
        assert api.post("jobs/task:ping/trigger/", Idempotency_Key="x" * 255).status_code == 202


class TestRerun:
    def test_all_of_it_is_a_new_run_that_names_the_old_one(self, api: Api, job: Job) -> None:
        old = make_ended_run(job, parameters={"day": 1})
        response = api.post(f"runs/{old.pk}/rerun/", {"comment": "once more"})
        assert response.status_code == 202
        answer = response.json()
        assert response.headers["Location"].endswith(f"/runs/{answer['id']}/")
        assert (answer["trigger"], answer["origin"], answer["state"]) == ("rerun", old.pk, "pending")
        assert (answer["comment"], answer["actor"], answer["parameters"]) == ("once more", "olga", {"day": 1})
        assert answer["counts"]["total"] == 2

    def test_only_what_failed_on_the_snapshot_with_other_parameters(self, api: Api, job: Job) -> None:
        old = make_ended_run(job, "sfc", parameters={"day": 1})
        body = {"which": "failed", "definition": "snapshot", "parameters": {"day": 2}}
        answer = api.post(f"runs/{old.pk}/rerun/", body).json()
        assert (answer["parameters"], answer["counts"]["total"]) == ({"day": 2}, 2)
        assert list(Payload.objects.filter(run=answer["id"]).order_by("position").values_list("name", flat=True)) == [
            "n1",
            "n2",
        ]

    def test_one_that_has_not_ended_is_a_conflict(self, api: Api, job: Job) -> None:
        response = api.post(f"runs/{make_run(job, 'q').pk}/rerun/")
        assert (response.status_code, "is running" in response.json()["detail"]) == (409, True)
        assert Run.objects.count() == 1

    @pytest.mark.parametrize("verb", ["rerun", "replay"])
    def test_a_time_that_is_not_the_jobs_any_more_is_a_conflict(self, api: Api, job: Job, verb: str) -> None:
        old = make_ended_run(job)
        seen = api.get("jobs/task:ping/").json()["updated_at"]
        assert api.post(f"runs/{old.pk}/{verb}/", {"expected_updated_at": NOW.isoformat()}).status_code == 409
        assert Run.objects.count() == 1
        assert api.post(f"runs/{old.pk}/{verb}/", {"expected_updated_at": seen}).status_code == 202

    @pytest.mark.parametrize("verb", ["rerun", "replay"])
    def test_if_match_guards_it(self, api: Api, job: Job, verb: str) -> None:
        old = make_ended_run(job)
        assert api.post(f"runs/{old.pk}/{verb}/", If_Match='"2"').status_code == 412
        assert Run.objects.count() == 1
        assert api.post(f"runs/{old.pk}/{verb}/", If_Match='"1"').status_code == 202

    @pytest.mark.parametrize(
        ("body", "field"),
        [
            ({"which": "some"}, "which"),
            ({"definition": "old"}, "definition"),
            ({"parameters": []}, "parameters"),
            ({"comment": "x" * 2001}, "comment"),
            ({"expected_updated_at": "soon"}, "expected_updated_at"),
            ({"force": True}, "force"),
        ],
    )
    def test_unfit_bodies_are_refused_by_field(self, api: Api, job: Job, body: object, field: str) -> None:
        assert fields(api.post(f"runs/{make_ended_run(job).pk}/rerun/", body)) == [field]
        assert Run.objects.count() == 1


class TestReplay:
    @pytest.mark.django_db(transaction=True)
    def test_the_stored_results_are_a_run_of_its_own_kind_that_has_ended(self, api: Api, job: Job) -> None:
        old = make_ended_run(job, "ss")
        Payload.objects.filter(run=old, position=1).update(result={"rows": 3})
        response = api.post(f"runs/{old.pk}/replay/", {"comment": "the sink was down"})
        assert response.status_code == 202
        answer = response.json()
        assert (answer["trigger"], answer["origin"], answer["state"]) == ("replay", old.pk, "succeeded")
        assert Payload.objects.get(run=answer["id"], position=1).result == {"rows": 3}

    def test_a_replay_cannot_be_replayed(self, api: Api, job: Job) -> None:
        old = make_ended_run(job)
        again = make_ended_run(job, trigger=Trigger.REPLAY, origin=old)
        response = api.post(f"runs/{again.pk}/replay/")
        assert (response.status_code, "is a replay" in response.json()["detail"]) == (409, True)

    def test_what_is_meant_for_a_rerun_is_refused(self, api: Api, job: Job) -> None:
        assert fields(api.post(f"runs/{make_ended_run(job).pk}/replay/", {"which": "failed"})) == ["which"]


class TestChain:
    def test_it_shows_what_the_run_came_from_and_what_came_of_it(self, api: Api, job: Job) -> None:
        first = make_ended_run(job)
        run = make_ended_run(job, trigger=Trigger.RERUN, origin=first, comment="again", actor="ann")
        later = make_ended_run(job, trigger=Trigger.RERUN, origin=run)
        replayed = make_ended_run(job, trigger=Trigger.REPLAY, origin=run)
        started = make_ended_run(job, trigger=Trigger.JOB, origin=run)
        answer = api.get(f"runs/{run.pk}/chain/").json()
        assert answer["run"] | {"created_at": None} == {
            "id": run.pk,
            "job": "task:ping",
            "state": "failed",
            "trigger": "rerun",
            "scheduled_for": None,
            "origin": first.pk,
            "actor": "ann",
            "comment": "again",
            "created_at": None,
            "started_at": "2026-11-21T12:00:00Z",
            "ended_at": "2026-11-21T12:00:00Z",
        }
        ids = {name: [each["id"] for each in answer[name]] for name in ("ancestors", "started", "reruns", "replays")}
        assert ids == {
            "ancestors": [first.pk],
            "started": [started.pk],
            "reruns": [later.pk],
            "replays": [replayed.pk],
        }
        assert answer["more"] == []

    def test_another_workspaces_is_not_there(self, api: Api) -> None:
        theirs = make_ended_run(make_job(make_workspace("other")))
        assert api.get(f"runs/{theirs.pk}/chain/").status_code == 404
        assert Run.objects.get().state == RunState.FAILED
