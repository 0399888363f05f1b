"""Terminating the selected runs in the admin, and listing those that have not ended."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from django.test import Client

from jobs import dispatch, hotpath
from jobs.models import BulkAction, Job, Role, Run, Workspace
from jobs.states import RunState
from tests.integration.people import make_job, make_user, make_workspace
from tests.integration.run_rows import make_run

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _broker_that_listens(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(dispatch, "publish", lambda messages: None)
    yield
    hotpath.close()


@pytest.fixture
def workspace() -> Workspace:
    return make_workspace()


@pytest.fixture
def job(workspace: Workspace) -> Job:
    return make_job(workspace, payloads=2)


def staff(workspace: Workspace, role: Role) -> Client:
    client = Client()
    client.force_login(make_user(f"the-{role.value}", workspace=workspace, role=role, is_staff=True))
    return client


@pytest.fixture
def operator(workspace: Workspace) -> Client:
    return staff(workspace, Role.OPERATOR)


@pytest.fixture
def editor(workspace: Workspace) -> Client:
    return staff(workspace, Role.EDITOR)


class TestTheListOfRuns:
    def terminate(self, client: Client, runs: list[Run], **more: str) -> Any:
        selected = {"action": "terminate_selected", "_selected_action": [run.pk for run in runs]}
        return client.post("/admin/jobs/run/", selected | more, follow=True)

    def test_terminating_the_selected_asks_first_and_is_a_bulk_action(self, operator: Client, job: Job) -> None:
        runs = [make_run(job, "q"), make_run(job, "s")]
        other = make_run(job, "q")
        asked = self.terminate(operator, runs)
        assert "This terminates the 2 run(s)" in asked.content.decode()
        assert not BulkAction.objects.exists()
        hidden = dict(asked.context["hidden"])
        assert (hidden["action"], hidden["confirmed"]) == ("terminate_selected", "yes")
        page = self.terminate(operator, runs, confirmed="yes", note="wrong data").content.decode()
        action = BulkAction.objects.get()
        assert (action.note, action.actor, action.changed, action.unchanged) == ("wrong data", "the-operator", 1, 1)
        assert f"/admin/jobs/bulkaction/{action.pk}/change/" in page
        other.refresh_from_db()
        assert (other.state, Run.objects.get(pk=runs[0].pk).state) == (RunState.RUNNING, RunState.CANCELLING)
        assert "2 / 2" in operator.get(f"/admin/jobs/bulkaction/{action.pk}/change/").content.decode()

    def test_only_where_one_is_an_operator(self, workspace: Workspace, job: Job) -> None:
        person = make_user("mia", workspace=workspace, role=Role.OPERATOR, is_staff=True)
        theirs = make_workspace("theirs")
        theirs.memberships.create(user=person, role=Role.VIEWER)
        runs = [make_run(job, "q"), make_run(make_job(theirs), "q")]
        client = Client()
        client.force_login(person)
        page = self.terminate(client, runs, confirmed="yes").content.decode()
        assert "Not terminated: runs in theirs" in page
        assert list(Run.objects.order_by("pk").values_list("state", flat=True)) == ["cancelling", "running"]

    def test_a_viewer_is_not_offered_it(self, workspace: Workspace, job: Job) -> None:
        run, viewer = make_run(job, "q"), staff(workspace, Role.VIEWER)
        assert "terminate_selected" not in viewer.get("/admin/jobs/run/").content.decode()
        self.terminate(viewer, [run], confirmed="yes")
        run.refresh_from_db()
        assert run.state == RunState.RUNNING

    def test_those_that_have_not_ended_can_be_listed(self, operator: Client, job: Job) -> None:
        active, over = make_run(job, "q", state=RunState.CANCELLING), make_run(job, "s")
        shown = {
            value: [run.pk for run in operator.get("/admin/jobs/run/", {"ended": value}).context["cl"].result_list]
            for value in ("no", "yes")
        }
        assert shown == {"no": [active.pk], "yes": [over.pk]}
        assert "◌" in operator.get("/admin/jobs/run/").content.decode()
