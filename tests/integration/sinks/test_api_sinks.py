"""Sinks in the API: by whom, under which conditions, and with which answers."""

from __future__ import annotations

from typing import Any

import pytest
from django.utils import timezone

from jobs import dispatch
from jobs.models import Role, Workspace
from sinks.models import Sink, Standing
from sinks.services.naming import save_sink
from tests.integration.people import Api, make_user, make_workspace
from tests.integration.sinks.makers import make_job
from tests.integration.sinks.obedient import Target
from workers.sink_checks import perform

LAKE = {"name": "lake", "kind": "obedient", "configuration": {"place": "here"}}


@pytest.fixture
def workspace(transactional_db: None, target: Target) -> Workspace:
    return make_workspace()


def caller(workspace: Workspace, role: Role) -> Api:
    return Api(make_user(role.value, workspace=workspace, role=role))


@pytest.fixture
def editor(workspace: Workspace) -> Api:
    return caller(workspace, Role.EDITOR)


@pytest.fixture
def lake(workspace: Workspace) -> Sink:
    return save_sink(workspace=workspace, document=LAKE, actor="ann")


class TestWriting:
    def test_a_sink_is_created_once(self, editor: Api) -> None:
        made = editor.post("sinks/", LAKE)
        assert (made.status_code, made["ETag"], made["Location"]) == (
            201,
            '"1"',
            "http://testserver/api/v1/workspaces/acme/sinks/lake/",
        )
        assert made.json()["standing"]["state"] == "ready"
        assert editor.post("sinks/", LAKE).status_code == 409

    def test_an_answer_that_was_edited_is_a_body(self, editor: Api, lake: Sink) -> None:
        body = editor.get("sinks/lake/").json() | {"description": "raw"}
        answer = editor.send("PUT", "sinks/lake/", body)
        assert (answer.status_code, answer.json()["version"], answer.json()["description"]) == (200, 2, "raw")

    def test_a_change_of_what_somebody_else_changed_is_refused(self, editor: Api, lake: Sink) -> None:
        body = editor.get("sinks/lake/").json()
        editor.send("PUT", "sinks/lake/", body | {"description": "first"})
        assert editor.send("PUT", "sinks/lake/", body | {"description": "second"}).status_code == 409
        assert editor.send("PUT", "sinks/lake/", LAKE, If_Match='"1"').status_code == 412
        assert editor.send("DELETE", "sinks/lake/", If_Match='"1"').status_code == 412
        assert Sink.objects.get().description == "first"
        assert editor.send("DELETE", "sinks/lake/", If_Match='"2"').status_code == 204

    def test_a_sink_cannot_be_renamed(self, editor: Api, lake: Sink) -> None:
        answer = editor.send("PUT", "sinks/lake/", LAKE | {"name": "sea"})
        assert (answer.status_code, answer.json()["errors"][0]["field"]) == (400, "name")

    def test_one_that_is_used_is_not_deleted(self, editor: Api, lake: Sink) -> None:
        make_job({"sink": "lake"})
        answer = editor.send("DELETE", "sinks/lake/")
        assert answer.status_code == 409
        assert "task:ping" in answer.json()["detail"]


class TestReading:
    def test_a_page_holds_the_named_sinks_by_name(self, editor: Api, workspace: Workspace, lake: Sink) -> None:
        save_sink(workspace=workspace, document=LAKE | {"name": "bay"}, actor="ann")
        make_job({"kind": "obedient"}, {"sink": "lake"})
        first = editor.get("sinks/", limit=1).json()
        assert [each["name"] for each in first["results"]] == ["bay"]
        second = editor.get("sinks/", limit=1, after="bay").json()
        assert [(each["name"], each["jobs"]) for each in second["results"]] == [("lake", ["task:ping"])]
        assert second["next"] is None

    def test_a_copy_is_an_entry_for_a_job(self, editor: Api, lake: Sink) -> None:
        assert editor.get("sinks/lake/prefill/").json() == LAKE

    def test_the_sinks_of_a_job_are_told_by_their_entries(self, editor: Api, lake: Sink) -> None:
        make_job({"kind": "obedient", "name": "own"}, {"sink": "lake"})
        found = editor.get("jobs/task:ping/sinks/").json()["results"]
        assert [(each["name"], each["sink"]) for each in found] == [("lake", "lake"), ("own", None)]


class TestEnabling:
    @pytest.mark.parametrize("path", ["sinks/lake/", "jobs/task:ping/sinks/lake/"])
    def test_a_disabled_sink_is_enabled(self, workspace: Workspace, lake: Sink, path: str) -> None:
        make_job({"sink": "lake"})
        Standing.objects.update(disabled_at=timezone.now(), disabled_reason="410 Gone")
        operator = caller(workspace, Role.OPERATOR)
        before = operator.get("sinks/lake/").json()["standing"]
        assert (before["state"], before["disabled_reason"]) == ("disabled", "410 Gone")
        first, second = operator.post(f"{path}enable/").json(), operator.post(f"{path}enable/").json()
        assert (first["changed"], first["standing"]["state"], second["changed"]) == (True, "ready", False)


class TestChecking:
    @pytest.fixture
    def worker(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(dispatch, "publish_sink_check", lambda check_id: perform(check_id=check_id))

    @pytest.mark.parametrize("path", ["sinks/lake/check/", "jobs/task:ping/sinks/lake/check/"])
    def test_a_saved_sink(self, workspace: Workspace, lake: Sink, worker: None, path: str) -> None:
        make_job({"sink": "lake"})
        answer = caller(workspace, Role.OPERATOR).post(path)
        assert (answer.status_code, answer.json()["state"], answer.json()["result"]) == (
            200,
            "done",
            {"message": "It obeys."},
        )

    def test_one_that_is_not_saved(self, editor: Api, worker: None) -> None:
        assert editor.post("check-sink/", {"kind": "obedient"}).json()["state"] == "done"
        assert editor.post("check-sink/", {"kind": "obedient", "configuration": {"x": 1}}).status_code == 400

    def test_while_no_worker_has_answered_there_is_an_address_to_ask_again(
        self, editor: Api, lake: Sink, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(dispatch, "publish_sink_check", lambda check_id: None)
        asked = editor.post("sinks/lake/check/?wait=0")
        assert (asked.status_code, asked.json()["state"]) == (202, "waiting")
        perform(check_id=asked.json()["id"])
        path = asked["Location"].partition("acme/")[2]
        assert editor.get(path).json()["state"] == "done"


@pytest.mark.parametrize(
    ("call", "needed"),
    [
        (("GET", "sinks/"), Role.VIEWER),
        (("POST", "sinks/"), Role.EDITOR),
        (("GET", "sinks/lake/"), Role.VIEWER),
        (("PUT", "sinks/lake/"), Role.EDITOR),
        (("DELETE", "sinks/lake/"), Role.EDITOR),
        (("GET", "sinks/lake/prefill/"), Role.VIEWER),
        (("POST", "sinks/lake/enable/"), Role.OPERATOR),
        (("POST", "sinks/lake/check/"), Role.OPERATOR),
        (("POST", "check-sink/"), Role.EDITOR),
        (("GET", "sink-checks/1/"), Role.OPERATOR),
        (("GET", "jobs/task:ping/sinks/"), Role.VIEWER),
        (("POST", "jobs/task:ping/sinks/lake/enable/"), Role.OPERATOR),
        (("POST", "jobs/task:ping/sinks/lake/check/"), Role.OPERATOR),
        (("GET", "deliveries/"), Role.VIEWER),
        (("GET", "deliveries/1/"), Role.VIEWER),
        (("POST", "deliveries/1/redeliver/"), Role.OPERATOR),
        (("POST", "deliveries/redeliver/"), Role.OPERATOR),
    ],
)
def test_each_takes_its_role_and_no_less(
    workspace: Workspace, lake: Sink, call: tuple[str, str], needed: Role, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(dispatch, "publish_sink_check", lambda check_id: perform(check_id=check_id))
    method, path = call
    body: dict[str, Any] | None = {} if method in ("POST", "PUT") else None
    for role in Role:
        answer = caller(workspace, role).send(method, path, body)
        assert (answer.status_code == 403) == (role.rank < needed.rank), (role, answer.status_code)
    stranger = Api(make_user("stranger"))
    assert stranger.send(method, path, body).status_code == 404


def test_what_another_workspace_has_is_not_found(workspace: Workspace, lake: Sink) -> None:
    other = make_workspace("other")
    stranger: Any = Api(make_user("eve", workspace=other, role=Role.OWNER), workspace="other")
    assert stranger.get("sinks/lake/").status_code == 404
