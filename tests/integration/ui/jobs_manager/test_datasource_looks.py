"""Datasources: what a worker is asked to do with them outside any run, on the form and for what is saved."""

from __future__ import annotations

import html
import json
from collections.abc import Iterator
from typing import Any

import pytest
from django.test import Client

from jobs import hotpath
from jobs.documents.datasources import check_parameters
from jobs.models import DatasourceOperation, Job, Role, Workspace
from tests.integration.datasources import ROWS, Worker, make_datasource, parameters, worker_at
from tests.integration.people import make_job, make_user, make_workspace, signed_in

UNREACHED: dict[str, Any] = {
    "valid": False,
    "source": {"ok": False, "message": "no such file"},
    "destination": {"ok": True},
}

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def worker(monkeypatch: pytest.MonkeyPatch) -> Iterator[Worker]:
    yield worker_at(monkeypatch)
    hotpath.close()


@pytest.fixture
def workspace() -> Workspace:
    return make_workspace()


@pytest.fixture
def job(workspace: Workspace) -> Job:
    return make_datasource(workspace)


def browser(workspace: Workspace, role: Role = Role.EDITOR) -> Client:
    return signed_in(make_user(f"some-{role}", workspace=workspace, role=role))


def address(job: Job, verb: str) -> str:
    return f"/ui/w/acme/jobs/{job.key}/datasource/{verb}/"


def typed(value: object) -> dict[str, str]:
    payload = [{"kind": "datasource", "parameters": value}]
    return {"view": "json", "payload": json.dumps(payload)}


class TestSaved:
    def test_each_verb_asks_first(self, workspace: Workspace, job: Job) -> None:
        page = browser(workspace).get(address(job, "delete-output")).content.decode()
        assert "are deleted, whoever put them there" in page
        assert not DatasourceOperation.objects.exists()

    @pytest.mark.parametrize("verb", ["validate", "preview", "state", "delete-output"])
    @pytest.mark.parametrize("role", [Role.VIEWER, Role.OPERATOR])
    def test_a_role_is_offered_what_it_may_and_refused_the_rest(
        self, workspace: Workspace, job: Job, verb: str, role: Role
    ) -> None:
        client = browser(workspace, role)
        may = role == Role.OPERATOR and verb in ("validate", "preview")
        assert (address(job, verb) in client.get("/ui/w/acme/datasources/").content.decode()) is may
        assert (client.get(address(job, verb)).status_code == 200) is may
        if not may:
            assert client.post(address(job, verb), {}).status_code == 403
            assert not DatasourceOperation.objects.exists()

    def test_a_task_is_no_datasource(self, workspace: Workspace) -> None:
        assert browser(workspace).get(address(make_job(workspace, "task:ping"), "validate")).status_code == 404

    def test_its_list_offers_them(self, workspace: Workspace, job: Job) -> None:
        page = browser(workspace).get("/ui/w/acme/datasources/").content.decode()
        assert address(job, "preview") in page

    def test_validating_tells_what_the_worker_found(self, workspace: Workspace, job: Job, worker: Worker) -> None:
        worker.answer = lambda operation: {"result": UNREACHED}
        page = browser(workspace).post(address(job, "validate"), {"payload": "0"}).content.decode()
        assert "It is not valid." in page
        assert "source: no such file" in page

    def test_a_preview_shows_rows_under_columns_with_types(
        self, workspace: Workspace, job: Job, worker: Worker
    ) -> None:
        page = browser(workspace).post(address(job, "preview"), {"payload": "0", "rows": "5"}).content.decode()
        assert DatasourceOperation.objects.get().rows == 5
        columns: Any = ROWS["columns"]
        for column in columns:
            assert f'{column["name"]}<small class="muted">{column["type"]}</small>' in page

    @pytest.mark.parametrize("rows", ["0", "x", "100000"])
    def test_a_number_of_rows_that_is_none_is_refused_beside_it(
        self, workspace: Workspace, job: Job, rows: str
    ) -> None:
        answer = browser(workspace).post(address(job, "preview"), {"payload": "0", "rows": rows})
        assert answer.status_code == 422
        assert "id_rows_error" in answer.content.decode()
        assert not DatasourceOperation.objects.exists()


class TestItsPage:
    def test_its_payload_is_json_and_no_python(self, workspace: Workspace, job: Job) -> None:
        page = html.unescape(browser(workspace, Role.VIEWER).get(f"/ui/w/acme/jobs/{job.key}/").content.decode())
        assert 'source: {"path": "flights.csv"}' in page
        assert '"table": "flights"' in page
        assert "{'" not in page

    def test_what_is_secret_is_not_in_it(self, workspace: Workspace) -> None:
        payload = {
            "kind": "http",
            "parameters": {"url": "https://a.example", "headers": {"Authorization": "Bearer abc123"}},
        }
        make_job(workspace, "task:call", payload=[payload])
        page = browser(workspace, Role.VIEWER).get("/ui/w/acme/jobs/task:call/").content.decode()
        assert "abc123" not in page
        assert "https://a.example" in page


class TestOnTheForm:
    LOOK = "/ui/w/acme/jobs/form/datasource/validate/"

    def test_what_is_not_saved_is_validated(self, workspace: Workspace, worker: Worker) -> None:
        worker.answer = lambda operation: {"result": UNREACHED}
        page = browser(workspace).post(self.LOOK, typed(parameters())).content.decode()
        assert "source: no such file" in page
        assert worker.seen[0].parameters == parameters()
        assert not Job.objects.exists()

    @pytest.mark.parametrize("value", [{}, {"source": 1}])
    def test_what_is_wrong_is_told_without_a_worker(self, workspace: Workspace, value: object) -> None:
        page = browser(workspace).post(self.LOOK, typed(value)).content.decode()
        assert "It is not valid." in page
        assert not DatasourceOperation.objects.exists()

    def test_unreadable_json_is_told(self, workspace: Workspace) -> None:
        page = browser(workspace).post(self.LOOK, {"view": "json", "payload": "["}).content.decode()
        assert "mend it first" in page

    def test_the_schema_is_inferred_in_words_that_the_source_takes(self, workspace: Workspace, worker: Worker) -> None:
        columns = [
            {"name": "day", "type": "DATE"},
            {"name": "paid", "type": "DECIMAL(10,2)"},
            {"name": "place", "type": "STRUCT(x DOUBLE)"},
            {"name": "raw", "type": "BLOB"},
        ]
        worker.answer = lambda operation: {"result": {"columns": columns, "rows": [], "cut": False}}
        look = self.LOOK.replace("validate", "infer")
        page = html.unescape(browser(workspace).post(look, typed(parameters())).content.decode())
        assert 'data-take-types="{"day": "date", "paid": "numeric(10,2)", "place": "json"}"' in page
        assert page.count("stays inferred") == 1
        types = {"day": "date", "paid": "numeric(10,2)", "place": "json"}
        check_parameters(parameters() | {"source": parameters()["source"] | {"types": types}})

    def test_a_source_that_cannot_be_read_has_no_schema(self, workspace: Workspace, worker: Worker) -> None:
        worker.answer = lambda operation: {"error": {"message": "no such file", "code": "not_found"}}
        look = self.LOOK.replace("validate", "infer")
        page = browser(workspace).post(look, typed(parameters())).content.decode()
        assert "no such file" in page
        assert "data-take-types" not in page

    def test_it_takes_an_editor(self, workspace: Workspace) -> None:
        assert browser(workspace, Role.OPERATOR).post(self.LOOK, typed(parameters())).status_code == 403
        assert not DatasourceOperation.objects.exists()
