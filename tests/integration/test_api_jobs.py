"""The API's jobs: list, create, read, replace, delete, trigger."""

from __future__ import annotations

from typing import Any

import pytest
from pytest_django import DjangoAssertNumQueries

from jobs.models import Event, Job, Role, Run, Workspace
from jobs.states import JobState
from tests.integration.people import Api, make_job, make_user, make_workspace
from tests.integration.run_rows import make_run

pytestmark = pytest.mark.django_db

PING: dict[str, Any] = {"key": "task:ping", "payload": [{"kind": "noop", "name": "first"}]}


@pytest.fixture
def workspace() -> Workspace:
    return make_workspace()


@pytest.fixture
def api(workspace: Workspace) -> Api:
    return Api(make_user("eve", workspace=workspace, role=Role.EDITOR))


class TestCreate:
    def test_a_new_job_is_answered_with_its_document_and_what_is_known_about_it(self, api: Api) -> None:
        response = api.post("jobs/", PING)
        assert response.status_code == 201
        assert response.headers["ETag"] == '"1"'
        assert response.headers["Location"].endswith("/api/v1/workspaces/acme/jobs/task:ping/")
        answer = response.json()
        assert answer.pop("created_at")
        assert answer.pop("updated_at")
        assert answer == {
            "key": "task:ping",
            "description": "",
            "payload": [{"kind": "noop", "name": "first", "parameters": {}}],
            "configuration": {"retry": {}, "max_concurrent_requests": 5, "priority": 0},
            "sinks": [],
            "schedules": [],
            "tags": [],
            "metadata": {},
            "version": 1,
            "state": "active",
            "state_change": None,
            "resume_at": None,
            "last_run": None,
            "next_run_at": None,
            "origin": None,
        }

    def test_the_columns_that_the_engine_reads_follow_from_the_document(self, api: Api) -> None:
        api.post("jobs/", PING | {"configuration": {"max_concurrent_requests": 7, "priority": -3, "strict": True}})
        job = Job.objects.get()
        assert (job.queue, job.strict, job.max_lanes, job.priority) == ("default", True, 7, -3)

    def test_it_is_in_the_event_log_with_who_did_it(self, api: Api) -> None:
        api.post("jobs/", PING)
        event = Event.objects.get()
        assert (event.kind, event.actor, event.data) == ("job.created", "eve", {"key": "task:ping", "version": 1})

    def test_a_key_that_is_taken_is_a_conflict_and_the_job_stays_as_it_is(self, api: Api) -> None:
        api.post("jobs/", PING)
        response = api.post("jobs/", PING | {"description": "another"})
        assert response.status_code == 409
        assert response.json()["detail"] == "task:ping exists already"
        assert Job.objects.get().description == ""

    def test_the_same_key_in_another_workspace_is_another_job(self, api: Api) -> None:
        make_job(make_workspace("other"))
        assert api.post("jobs/", PING).status_code == 201

    def test_it_may_begin_as_a_draft_and_in_no_other_state(self, api: Api) -> None:
        answer = api.post("jobs/", {"key": "task:later", "payload": [], "state": "draft"})
        assert (answer.status_code, answer.json()["state"]) == (201, "draft")
        refused = api.post("jobs/", {"key": "task:never", "payload": [], "state": "paused"})
        assert refused.json()["errors"] == [{"field": "state", "message": "expected active or draft"}]


class TestRead:
    def test_a_job_has_its_last_run(self, api: Api, workspace: Workspace) -> None:
        job = make_job(workspace)
        make_run(job, "s")
        last = make_run(job, "sf")
        answer = api.get("jobs/task:ping/").json()
        assert answer["last_run"]["id"] == last.pk
        assert answer["last_run"]["counts"]["failed"] == 1

    def test_another_workspaces_job_is_not_there(self, api: Api) -> None:
        make_job(make_workspace("other"), "task:theirs")
        assert api.get("jobs/task:theirs/").status_code == 404

    def test_the_list_is_by_key_in_pages_without_the_payloads(self, api: Api, workspace: Workspace) -> None:
        for name in ("b", "a", "c"):
            make_job(workspace, f"task:{name}")
        make_job(make_workspace("other"), "task:theirs")
        first = api.get("jobs/", limit=2).json()
        assert [job["key"] for job in first["results"]] == ["task:a", "task:b"]
        assert "payload" not in first["results"][0]
        second = api.client.get(first["next"], headers=api.headers).json()
        assert [job["key"] for job in second["results"]] == ["task:c"]
        assert second["next"] is None

    @pytest.mark.parametrize("jobs", [1, 20])
    def test_a_list_of_any_length_takes_four_queries(
        self, api: Api, workspace: Workspace, jobs: int, django_assert_num_queries: DjangoAssertNumQueries
    ) -> None:
        for number in range(jobs):
            make_run(make_job(workspace, f"task:j{number}"), "s")
        with django_assert_num_queries(4):  # who calls, jobs, last runs, next runs
            assert len(api.get("jobs/").json()["results"]) == jobs


class TestReplace:
    def test_the_whole_job_is_replaced_and_its_version_counted(self, api: Api, workspace: Workspace) -> None:
        make_job(workspace, description="old", tags=["x"])
        response = api.send("PUT", "jobs/task:ping/", PING | {"description": "new"})
        assert response.status_code == 200
        assert response.headers["ETag"] == '"2"'
        answer = response.json()
        assert (answer["description"], answer["tags"], answer["version"]) == ("new", [], 2)
        assert Event.objects.filter(kind="job.updated", actor="eve").count() == 1

    def test_saying_the_same_again_changes_nothing(self, api: Api, workspace: Workspace) -> None:
        before = make_job(workspace)
        answer = api.send(
            "PUT", "jobs/task:ping/", {"key": "task:ping", "payload": [{"kind": "noop", "name": "n0"}]}
        ).json()
        assert answer["version"] == 1
        assert Job.objects.get().updated_at == before.updated_at
        assert not Event.objects.filter(kind="job.updated").exists()

    def test_the_address_says_which_job_it_is(self, api: Api, workspace: Workspace) -> None:
        make_job(workspace)
        body = {name: value for name, value in PING.items() if name != "key"}
        response = api.send("PUT", "jobs/task:ping/", body | {"description": "new"})
        assert (response.status_code, response.json()["key"], response.json()["description"]) == (
            200,
            "task:ping",
            "new",
        )

    def test_an_answer_can_be_edited_and_sent_back(self, api: Api, workspace: Workspace) -> None:
        make_run(make_job(workspace), "s")
        answer = api.get("jobs/task:ping/").json()
        response = api.send("PUT", "jobs/task:ping/", answer | {"description": "edited"})
        assert (response.status_code, response.json()["description"]) == (200, "edited")

    @pytest.mark.parametrize("header", ['"1"', '"7", "1"', "*"])
    def test_if_match_lets_the_version_that_was_read_through(self, api: Api, workspace: Workspace, header: str) -> None:
        make_job(workspace)
        assert api.send("PUT", "jobs/task:ping/", PING, If_Match=header).status_code == 200

    @pytest.mark.parametrize("header", ['"2"', 'W/"1"', "1", "nonsense"])
    def test_if_match_refuses_any_other_and_says_which_it_is(self, api: Api, workspace: Workspace, header: str) -> None:
        make_job(workspace)
        response = api.send("PUT", "jobs/task:ping/", PING, If_Match=header)
        assert response.status_code == 412
        assert "task:ping has version 1" in response.json()["detail"]
        assert Job.objects.get().version == 1

    def test_a_stale_version_in_the_body_is_a_conflict(self, api: Api, workspace: Workspace) -> None:
        make_job(workspace)
        api.send("PUT", "jobs/task:ping/", PING | {"version": 1})
        response = api.send("PUT", "jobs/task:ping/", PING | {"version": 1, "description": "late"})
        assert response.status_code == 409
        assert "you have version 1" in response.json()["detail"]
        assert Job.objects.get().description == ""

    @pytest.mark.parametrize(
        ("part", "field"),
        [({"key": "task:pong"}, "key"), ({"state": "paused"}, "state"), ({"version": "1"}, "version")],
    )
    def test_what_a_put_cannot_change_is_refused_with_its_field(
        self, api: Api, workspace: Workspace, part: dict[str, object], field: str
    ) -> None:
        make_job(workspace)
        response = api.send("PUT", "jobs/task:ping/", PING | part)
        assert response.status_code == 400
        assert [error["field"] for error in response.json()["errors"]] == [field]

    def test_a_job_that_is_not_there_is_not_made(self, api: Api) -> None:
        assert api.send("PUT", "jobs/task:ping/", PING).status_code == 404
        assert not Job.objects.exists()


class TestDelete:
    def test_the_job_goes_and_its_runs_stay(self, api: Api, workspace: Workspace) -> None:
        run = make_run(make_job(workspace), "s")
        assert api.send("DELETE", "jobs/task:ping/").status_code == 204
        assert api.get("jobs/task:ping/").status_code == 404
        assert api.get(f"runs/{run.pk}/").json()["job"] == "task:ping"
        assert [each["id"] for each in api.get("runs/", job="task:ping").json()["results"]] == [run.pk]
        assert Event.objects.get(kind="job.deleted").actor == "eve"

    def test_an_active_run_forbids_it(self, api: Api, workspace: Workspace) -> None:
        make_run(make_job(workspace), "q")
        response = api.send("DELETE", "jobs/task:ping/")
        assert response.status_code == 409
        assert "1 active run" in response.json()["detail"]
        assert Job.objects.exists()


class TestTrigger:
    @pytest.fixture
    def operator(self, workspace: Workspace) -> Api:
        return Api(make_user("oscar", workspace=workspace, role=Role.OPERATOR))

    def test_a_run_is_accepted_with_its_parameters_and_comment(self, operator: Api, workspace: Workspace) -> None:
        make_job(workspace, payloads=3)
        response = operator.post("jobs/task:ping/trigger/", {"parameters": {"day": "monday"}, "comment": "by hand"})
        assert response.status_code == 202
        answer = response.json()
        assert response.headers["Location"].endswith(f"/runs/{answer['id']}/")
        assert (answer["job"], answer["state"], answer["trigger"], answer["actor"]) == (
            "task:ping",
            "pending",
            "api",
            "oscar",
        )
        assert (answer["parameters"], answer["comment"]) == ({"day": "monday"}, "by hand")
        assert answer["counts"] == {"total": 3, "queued": 3, "running": 0, "succeeded": 0, "failed": 0, "cancelled": 0}

    def test_no_body_is_needed(self, operator: Api, workspace: Workspace) -> None:
        make_job(workspace)
        assert operator.post("jobs/task:ping/trigger/").status_code == 202

    def test_a_paused_job_is_a_conflict(self, operator: Api, workspace: Workspace) -> None:
        make_job(workspace)
        Job.objects.update(state=JobState.PAUSED)
        response = operator.post("jobs/task:ping/trigger/")
        assert response.status_code == 409
        assert "paused" in response.json()["detail"]
        assert not Run.objects.exists()

    @pytest.mark.parametrize(
        ("body", "field"),
        [
            ({"params": {}}, "params"),
            ({"parameters": 1}, "parameters"),
            ({"parameters": {"a": "\x00"}}, "parameters.a"),
            ({"comment": "x" * 2001}, "comment"),
            ([], ""),
        ],
    )
    def test_unknown_and_unfit_parts_are_refused(
        self, operator: Api, workspace: Workspace, body: object, field: str
    ) -> None:
        make_job(workspace)
        response = operator.post("jobs/task:ping/trigger/", body)
        assert response.status_code == 400
        assert [error["field"] for error in response.json()["errors"]] == [field]
        assert not Run.objects.exists()


def test_a_document_with_ten_thousand_payloads_is_saved_within_a_second(api: Api) -> None:
    payload = [
        {"kind": "noop", "name": f"n{i}", "parameters": {"i": i, "url": "http://example.com/"}} for i in range(10_000)
    ]
    response = api.post("jobs/", PING | {"payload": payload})
    assert response.status_code == 201
    assert len(Job.objects.get().payload) == 10_000


def test_triggering_a_large_job_does_not_read_its_payload_list(
    api: Api, workspace: Workspace, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    make_job(workspace, payloads=3)
    with django_assert_num_queries(4) as queries:  # who calls, job, start, run with its counts
        api.post("jobs/task:ping/trigger/")
    assert not any('"jobs_job"."payload"' in query["sql"] for query in queries.captured_queries)
