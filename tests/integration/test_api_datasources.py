"""Validating, previewing, emptying and resetting datasources through the API. The worker here is a function."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from typing import Any

import pytest
from django.utils import timezone

from jobs import hotpath
from jobs.models import DatasourceOperation, Job, RejectedRow, Role, Workspace
from jobs.services import operations
from tests.integration.datasources import ROWS, Worker, make_datasource, parameters, record_a_load, worker_at
from tests.integration.people import Api, make_user, make_workspace
from tests.integration.run_rows import make_run
from workers import sweep

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def worker(monkeypatch: pytest.MonkeyPatch) -> Iterator[Worker]:
    yield worker_at(monkeypatch)
    hotpath.close()


@pytest.fixture
def workspace() -> Workspace:
    return make_workspace()


@pytest.fixture
def editor(workspace: Workspace) -> Api:
    return Api(make_user("eve", workspace=workspace, role=Role.EDITOR))


@pytest.fixture
def operator(workspace: Workspace) -> Api:
    return Api(make_user("olga", workspace=workspace, role=Role.OPERATOR))


@pytest.fixture
def viewer(workspace: Workspace) -> Api:
    return Api(make_user("vera", workspace=workspace, role=Role.VIEWER))


@pytest.fixture
def job(workspace: Workspace) -> Job:
    return make_datasource(workspace)


def fields(response: Any) -> list[str]:
    """The fields that a 400 names."""
    assert response.status_code == 400, response.json()
    return [error["field"] for error in response.json()["errors"]]


class TestWithAnIdempotencyKey:
    def test_a_worker_is_asked_once_and_the_answer_waits_for_it_each_time(self, editor: Api, worker: Worker) -> None:
        worker.answer = lambda operation: {"result": {"valid": True}}
        body = {"parameters": parameters()}
        answers = [editor.post("datasources/validate/", body, Idempotency_Key="k") for _ in range(2)]
        assert [(answer.status_code, answer.json()["result"]) for answer in answers] == [(200, {"valid": True})] * 2
        assert len({answer.json()["id"] for answer in answers}) == len(worker.seen) == 1

    def test_what_was_erased_since_is_answered_as_it_began(self, editor: Api, worker: Worker) -> None:
        body = {"parameters": parameters()}
        editor.post("datasources/validate/", body, Idempotency_Key="k")
        DatasourceOperation.objects.all().delete()
        again = editor.post("datasources/validate/", body, Idempotency_Key="k")
        assert (again.status_code, again.json()["state"]) == (202, "waiting")


class TestValidating:
    def test_parameters_that_are_wrong_are_told_by_field_and_no_worker_is_asked(
        self, editor: Api, worker: Worker
    ) -> None:
        wrong = parameters() | {"write": "overwrite"}
        response = editor.post("datasources/validate/", {"parameters": wrong})
        assert response.status_code == 200
        told = response.json()
        assert (told["id"], told["operation"], told["state"]) == (None, "validate", "done")
        assert told["result"]["valid"] is False
        assert [error["field"] for error in told["result"]["errors"]] == ["parameters.write"]
        assert worker.seen == []
        assert not DatasourceOperation.objects.exists()

    def test_the_access_is_tried_by_a_worker(self, editor: Api, worker: Worker) -> None:
        found = {"valid": False, "source": {"ok": True}, "destination": {"ok": False, "message": "no", "code": "files"}}
        worker.answer = lambda operation: {"result": found}
        response = editor.post("datasources/validate/", {"parameters": parameters()})
        assert (response.status_code, response.json()["state"]) == (200, "done")
        assert response.json()["result"] == found
        assert [(seen.verb, seen.parameters, seen.job_key) for seen in worker.seen] == [("validate", parameters(), "")]

    def test_without_verify_access_only_the_parameters_are_looked_at(self, editor: Api, worker: Worker) -> None:
        response = editor.post("datasources/validate/", {"parameters": parameters(), "verify_access": False})
        assert (response.status_code, response.json()["state"]) == (200, "done")
        assert response.json()["result"] == {"valid": True, "errors": []}
        assert worker.seen == []

    def test_nothing_is_saved(self, editor: Api, worker: Worker) -> None:
        editor.post("datasources/validate/", {"parameters": parameters()})
        assert not Job.objects.exists()

    def test_a_saved_one_is_validated_by_its_name(self, operator: Api, worker: Worker, job: Job) -> None:
        response = operator.post("datasources/flights/validate/", {})
        assert response.json()["datasource"] == "flights"
        assert [(seen.job_key, seen.stream) for seen in worker.seen] == [("datasource:flights", "flights")]

    def test_a_body_that_is_no_question_names_its_fields(self, editor: Api, worker: Worker) -> None:
        assert fields(editor.post("datasources/validate/", {"verify_access": "yes"})) == ["parameters", "verify_access"]


class TestPreviewing:
    def test_the_first_rows_come_with_their_columns(self, editor: Api, worker: Worker) -> None:
        response = editor.post("datasources/preview/", {"parameters": parameters(), "rows": 3})
        assert (response.status_code, response.json()["result"]) == (200, ROWS)
        assert [(seen.verb, seen.rows) for seen in worker.seen] == [("preview", 3)]

    @pytest.mark.parametrize("rows", [0, 101, "3"])
    def test_rows_are_1_to_100(self, editor: Api, worker: Worker, rows: object) -> None:
        assert fields(editor.post("datasources/preview/", {"parameters": parameters(), "rows": rows})) == ["rows"]

    def test_parameters_that_are_wrong_are_refused(self, editor: Api, worker: Worker) -> None:
        refused = editor.post("datasources/preview/", {"parameters": parameters(path="x.doc")})
        assert fields(refused) == ["parameters.source.format"]

    def test_a_saved_one_is_previewed_by_its_name(self, operator: Api, worker: Worker, job: Job) -> None:
        response = operator.post("datasources/flights/preview/", {})
        assert (response.json()["result"], worker.seen[0].rows) == (ROWS, 10)

    def test_of_several_payloads_one_must_be_named(self, operator: Api, worker: Worker, workspace: Workspace) -> None:
        payloads = [{"kind": "datasource", "parameters": parameters(path=f"{name}.csv")} for name in ("one", "two")]
        make_datasource(workspace, "both", *payloads)
        refused = operator.post("datasources/both/preview/", {})
        assert fields(refused) == ["payload"]
        assert "has 2 payloads" in refused.json()["errors"][0]["message"]
        assert fields(operator.post("datasources/both/preview/", {"payload": 2})) == ["payload"]
        operator.post("datasources/both/preview/", {"payload": 1})
        assert [(seen.stream, seen.parameters["source"]["path"]) for seen in worker.seen] == [("payload 1", "two.csv")]

    def test_what_went_wrong_is_the_answer(self, editor: Api, worker: Worker) -> None:
        worker.answer = lambda operation: {"error": {"message": "there is no file", "code": "file_missing"}}
        answer = editor.post("datasources/preview/", {"parameters": parameters()}).json()
        assert (answer["state"], answer["result"], answer["error"]["code"]) == ("failed", None, "file_missing")

    def test_there_is_no_datasource_of_another_name(self, operator: Api, worker: Worker, job: Job) -> None:
        assert operator.post("datasources/trains/preview/", {}).status_code == 404


class TestWaiting:
    def test_without_a_worker_the_answer_is_where_to_ask_again(self, editor: Api, worker: Worker) -> None:
        worker.answer = None
        response = editor.post("datasources/preview/?wait=0", {"parameters": parameters()})
        assert (response.status_code, response.json()["state"]) == (202, "waiting")
        address = response.headers["Location"].partition("/workspaces/acme/")[2]
        assert editor.get(address, wait=0).json()["state"] == "waiting"
        worker.answer = lambda operation: {"result": ROWS}
        worker(response.json()["id"])
        assert editor.get(address, wait=0).json()["result"] == ROWS

    def test_a_message_that_was_lost_is_sent_again(
        self, editor: Api, worker: Worker, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(operations, "PUBLISH_AGAIN_SECONDS", 0)
        worker.lost = 1
        assert editor.post("datasources/preview/", {"parameters": parameters()}).json()["state"] == "done"
        assert len(worker.seen) == 1

    def test_one_that_no_worker_took_in_time_has_expired(self, editor: Api, worker: Worker) -> None:
        worker.answer = None
        asked = editor.post("datasources/preview/?wait=0", {"parameters": parameters()}).json()
        DatasourceOperation.objects.update(expires_at=timezone.now() - dt.timedelta(minutes=1))
        response = editor.get(f"datasources/operations/{asked['id']}/", wait=0)
        assert (response.status_code, response.json()["state"]) == (200, "expired")
        worker.answer = lambda operation: {"result": ROWS}
        worker(asked["id"])
        assert worker.seen == []

    def test_another_workspaces_is_not_there(self, editor: Api, worker: Worker) -> None:
        asked = editor.post("datasources/preview/", {"parameters": parameters()}).json()
        other = Api(make_user("otto", workspace=make_workspace("other"), role=Role.OWNER), workspace="other")
        assert other.get(f"datasources/operations/{asked['id']}/").status_code == 404

    @pytest.mark.parametrize("wait", ["31", "-1", "soon"])
    def test_nobody_waits_longer_than_half_a_minute(self, editor: Api, worker: Worker, wait: str) -> None:
        refused = editor.post(f"datasources/preview/?wait={wait}", {"parameters": parameters()})
        assert fields(refused) == ["wait"]
        assert not DatasourceOperation.objects.exists()

    def test_answers_are_not_kept_for_long(self, editor: Api, worker: Worker) -> None:
        first = editor.post("datasources/preview/", {"parameters": parameters()}).json()
        DatasourceOperation.objects.update(expires_at=timezone.now() - dt.timedelta(minutes=61))
        editor.post("datasources/preview/", {"parameters": parameters()})
        assert editor.get(f"datasources/operations/{first['id']}/").status_code == 404
        sweep.sweep_once()
        assert DatasourceOperation.objects.count() == 1


class TestDeletingOutput:
    def test_it_takes_the_state_with_it(self, editor: Api, worker: Worker, job: Job) -> None:
        record_a_load(job)
        worker.answer = lambda operation: {"result": {"output": "flights", "rows": 20000}}
        response = editor.send("DELETE", "datasources/flights/output/")
        assert (response.status_code, response.json()["result"]["rows"]) == (200, 20000)
        assert [stream["cursor"] for stream in editor.get("datasources/flights/state/").json()["streams"]] == [None]
        assert [(seen.verb, seen.stream) for seen in worker.seen] == [("delete_output", "flights")]

    def test_when_it_fails_the_state_stays(self, editor: Api, worker: Worker, job: Job) -> None:
        record_a_load(job)
        worker.answer = lambda operation: {"error": {"message": "no", "code": "destination"}}
        assert editor.send("DELETE", "datasources/flights/output/").json()["state"] == "failed"
        assert editor.get("datasources/flights/state/").json()["streams"][0]["cursor"] == "2001-01-05"

    def test_it_waits_for_active_runs(self, editor: Api, worker: Worker, job: Job) -> None:
        make_run(job, "q")
        response = editor.send("DELETE", "datasources/flights/output/")
        assert (response.status_code, "then delete its output" in response.json()["detail"]) == (409, True)
        assert worker.seen == []

    def test_it_takes_an_editor(self, operator: Api, worker: Worker, job: Job) -> None:
        assert operator.send("DELETE", "datasources/flights/output/").status_code == 403
        assert worker.seen == []


class TestState:
    def test_it_tells_each_stream_and_is_reset(self, viewer: Api, editor: Api, worker: Worker, job: Job) -> None:
        assert viewer.get("datasources/flights/state/").json() == {"streams": []}
        record_a_load(job)
        shown = viewer.get("datasources/flights/state/").json()["streams"]
        assert [(stream["stream"], stream["cursor"]) for stream in shown] == [("flights", "2001-01-05")]
        response = editor.send("DELETE", "datasources/flights/state/")
        assert (response.status_code, response.json()["streams"][0]["cursor"]) == (200, None)

    def test_a_stream_that_is_none_is_refused(self, editor: Api, worker: Worker, job: Job) -> None:
        assert fields(editor.send("DELETE", "datasources/flights/state/?stream=x")) == ["stream"]

    def test_resetting_waits_for_active_runs(self, editor: Api, worker: Worker, job: Job) -> None:
        make_run(job, "q")
        assert editor.send("DELETE", "datasources/flights/state/").status_code == 409


class TestRejectedRows:
    def test_they_come_in_pages_with_their_reasons(self, operator: Api, worker: Worker, job: Job) -> None:
        run = make_run(job, "s")
        for number in (3, 8):
            RejectedRow.objects.create(run=run, position=0, number=number, reason="expected a date", row={"day": "x"})
        RejectedRow.objects.create(run=run, position=1, number=1, reason="another payload's")
        first = operator.get(f"runs/{run.pk}/payloads/0/rejected/", limit=1).json()
        assert [(row["number"], row["reason"], row["row"]) for row in first["results"]] == [
            (3, "expected a date", {"day": "x"})
        ]
        address = first["next"].partition("/workspaces/acme/")[2]
        assert [row["number"] for row in operator.get(address).json()["results"]] == [8]


class TestWhoMay:
    @pytest.mark.parametrize("address", ["datasources/flights/validate/", "datasources/flights/preview/"])
    def test_looking_at_a_saved_one_takes_an_operator(
        self, viewer: Api, worker: Worker, job: Job, address: str
    ) -> None:
        assert viewer.post(address, {}).status_code == 403
        assert worker.seen == []

    @pytest.mark.parametrize("address", ["datasources/validate/", "datasources/preview/"])
    def test_looking_at_any_parameters_takes_an_editor(self, operator: Api, worker: Worker, address: str) -> None:
        assert operator.post(address, {"parameters": parameters()}).status_code == 403
        assert worker.seen == []

    def test_resetting_takes_an_editor_and_rows_an_operator(
        self, viewer: Api, operator: Api, editor: Api, worker: Worker, job: Job
    ) -> None:
        assert operator.send("DELETE", "datasources/flights/state/").status_code == 403
        run = make_run(job, "s")
        assert viewer.get(f"runs/{run.pk}/payloads/0/rejected/").status_code == 403
        asked = editor.post("datasources/preview/", {"parameters": parameters()}).json()
        assert viewer.get(f"datasources/operations/{asked['id']}/").status_code == 403
