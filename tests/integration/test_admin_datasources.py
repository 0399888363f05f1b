"""Datasources in the admin: the buttons on the job's page, the pages behind them, and who may press them."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from django.test import Client

from jobs import hotpath
from jobs.admin.datasource_controls import DATASOURCE_VERBS
from jobs.models import Job, RejectedRow, Role, Workspace
from jobs.selectors.datasources import list_states
from tests.integration.datasources import Worker, make_datasource, parameters, record_a_load, worker_at
from tests.integration.people import make_job, make_user, make_workspace
from tests.integration.run_rows import make_run

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


def staff(workspace: Workspace, role: Role) -> Client:
    client = Client()
    client.force_login(make_user(f"the-{role.value}", workspace=workspace, role=role, is_staff=True))
    return client


@pytest.fixture
def editor(workspace: Workspace) -> Client:
    return staff(workspace, Role.EDITOR)


def address(job: Job, verb: str) -> str:
    return f"/admin/jobs/job/{job.pk}/datasource/{verb}/"


def press(client: Client, job: Job, verb: str, **typed: object) -> str:
    return client.post(address(job, verb), typed).content.decode()


class TestButtons:
    def test_an_editor_is_offered_all_and_an_operator_what_changes_nothing(
        self, workspace: Workspace, job: Job
    ) -> None:
        offered = {}
        for role in (Role.VIEWER, Role.OPERATOR, Role.EDITOR):
            page = staff(workspace, role).get(f"/admin/jobs/job/{job.pk}/change/").content.decode()
            offered[role] = [verb for verb in DATASOURCE_VERBS if address(job, verb) in page]
        assert offered == {
            Role.VIEWER: [],
            Role.OPERATOR: ["validate", "preview"],
            Role.EDITOR: ["validate", "preview", "state", "delete-output"],
        }

    @pytest.mark.parametrize("verb", DATASOURCE_VERBS)
    def test_what_is_not_offered_cannot_be_done(
        self, workspace: Workspace, worker: Worker, job: Job, verb: str
    ) -> None:
        assert staff(workspace, Role.VIEWER).post(address(job, verb), {"payload": 0, "rows": 3}).status_code == 404
        assert worker.seen == []

    def test_another_kind_of_job_has_none(self, workspace: Workspace, editor: Client) -> None:
        task = make_job(workspace)
        assert "/datasource/" not in editor.get(f"/admin/jobs/job/{task.pk}/change/").content.decode()
        assert editor.get(address(task, "preview")).status_code == 404

    def test_looking_at_the_page_does_nothing(self, editor: Client, worker: Worker, job: Job) -> None:
        for verb in DATASOURCE_VERBS:
            assert editor.get(address(job, verb)).status_code == 200
        assert worker.seen == []


class TestWhatTheyDo:
    def test_a_preview_is_a_table(self, editor: Client, worker: Worker, job: Job) -> None:
        worker.answer = lambda operation: {
            "result": {
                "columns": [{"name": "day", "type": "DATE"}, {"name": "n", "type": "BIGINT"}],
                "rows": [{"day": "<b>", "n": 7}, {"day": None, "n": None}],
                "cut": True,
            }
        }
        page = press(editor, job, "preview", payload=0, rows=2)
        assert "<td>&lt;b&gt;</td><td>7</td>" in page
        assert "<td></td><td></td>" in page
        assert "were left out" in page
        assert [(seen.verb, seen.rows, seen.actor) for seen in worker.seen] == [("preview", 2, "the-editor")]

    def test_a_validation_says_what_is_wrong(self, editor: Client, worker: Worker, job: Job) -> None:
        worker.answer = lambda operation: {"result": {"valid": False, "source": {"ok": False, "message": "no file"}}}
        page = press(editor, job, "validate", payload=0)
        assert '<li class="error">It is not valid.</li>' in page
        assert "<li>Source: no file</li>" in page
        assert "{" not in page.partition("It is not valid.")[2].partition("</ul>")[0]

    def test_a_validation_of_what_is_in_order_says_so(self, editor: Client, worker: Worker, job: Job) -> None:
        parts = {"source": {"ok": True}, "destination": {"ok": True}}
        worker.answer = lambda operation: {"result": {"valid": True, **parts}}
        page = press(editor, job, "validate", payload=0)
        assert '<li class="success">It is valid.</li>' in page
        assert "<li>Destination: in order</li>" in page

    def test_the_only_payload_is_not_asked_for(self, editor: Client, job: Job) -> None:
        assert "Payload:" not in editor.get(address(job, "validate")).content.decode()

    def test_what_went_wrong_is_told(self, editor: Client, worker: Worker, job: Job) -> None:
        worker.answer = lambda operation: {"error": {"message": "the disk is full", "code": "files"}}
        assert "the disk is full" in press(editor, job, "preview", payload=0, rows=2)

    def test_the_state_is_shown_and_reset(self, editor: Client, worker: Worker, job: Job) -> None:
        record_a_load(job)
        assert "2001-01-05" in editor.get(address(job, "state")).content.decode()
        assert "the next load begins at the beginning." in press(editor, job, "state", payload=0)
        assert [state.cursor for state in list_states(job=job)] == [None]

    def test_deleting_the_output_is_done_by_a_worker(self, editor: Client, worker: Worker, job: Job) -> None:
        record_a_load(job)
        worker.answer = lambda operation: {"result": {"output": "flights", "rows": 9}}
        assert "&quot;rows&quot;: 9" in press(editor, job, "delete-output", payload=0)
        assert [state.cursor for state in list_states(job=job)] == [None]

    @pytest.mark.parametrize("verb", ["state", "delete-output"])
    def test_while_a_run_is_active_nothing_is_done(self, editor: Client, worker: Worker, job: Job, verb: str) -> None:
        record_a_load(job)
        make_run(job, "q")
        assert "Nothing was done: datasource:flights has 1 active run(s)" in press(editor, job, verb, payload=0)
        assert [state.cursor for state in list_states(job=job)] == ["2001-01-05"]

    def test_of_several_payloads_one_is_chosen(self, workspace: Workspace, editor: Client, worker: Worker) -> None:
        payloads = [{"kind": "datasource", "name": name, "parameters": parameters()} for name in ("one", "two")]
        both = make_datasource(workspace, "both", *payloads)
        assert "two</option>" in editor.get(address(both, "preview")).content.decode()
        press(editor, both, "preview", payload=1, rows=1)
        press(editor, both, "preview", payload=2, rows=1)
        assert [seen.stream for seen in worker.seen] == ["two"]


class TestRejectedRows:
    def test_they_are_on_the_payloads_page_for_operators(self, workspace: Workspace, job: Job) -> None:
        run = make_run(job, "s")
        RejectedRow.objects.create(run=run, position=0, number=7, reason="expected a <date>", row={"day": "soon"})
        page = f"/admin/jobs/run/{run.pk}/payloads/0/"
        shown = staff(workspace, Role.OPERATOR).get(page).content.decode()
        assert "<td>7</td><td>expected a &lt;date&gt;</td>" in shown
        assert "soon" in shown
        assert "soon" not in staff(workspace, Role.VIEWER).get(page).content.decode()
