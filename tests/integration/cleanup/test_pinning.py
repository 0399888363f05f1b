"""Pinning a run: in the API, in the admin, and by command."""

from __future__ import annotations

import io
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.test import Client

from jobs.models import Event, Job, Pin, Role, Run, Workspace
from tests.integration.people import Api, make_job, make_user, make_workspace
from tests.integration.run_rows import make_ended_run

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def api(workspace: Workspace) -> Api:
    return Api(make_user("olga", workspace=workspace, role=Role.OPERATOR))


@pytest.fixture
def run(job: Job) -> Run:
    return make_ended_run(job)


def events(run: Run) -> list[tuple[str, str, Any]]:
    return list(Event.objects.filter(run=run).order_by("pk").values_list("kind", "actor", "data"))


class TestApi:
    def test_a_run_is_pinned_with_who_when_and_why(self, api: Api, run: Run) -> None:
        answer = api.post(f"runs/{run.pk}/pin/", {"note": "for the audit"})
        assert (answer.status_code, answer.json()["changed"]) == (200, True)
        pin = Pin.objects.get(run=run)
        assert answer.json()["pin"] == {
            "actor": "olga",
            "at": pin.at.isoformat().replace("+00:00", "Z"),
            "note": "for the audit",
        }
        assert events(run) == [("run.pinned", "olga", {"note": "for the audit"})]

    def test_pinning_again_changes_nothing(self, api: Api, run: Run) -> None:
        api.post(f"runs/{run.pk}/pin/", {"note": "first"})
        again = api.post(f"runs/{run.pk}/pin/", {"note": "second"}).json()
        assert (again["changed"], again["pin"]["note"]) == (False, "first")
        assert len(events(run)) == 1

    def test_it_is_unpinned_and_may_grow_old_again(self, api: Api, run: Run) -> None:
        api.post(f"runs/{run.pk}/pin/")
        first, second = (api.send("DELETE", f"runs/{run.pk}/pin/").json() for _ in range(2))
        assert (first["changed"], first["pin"]) == (True, None)
        assert second["changed"] is False
        assert [kind for kind, _, _ in events(run)] == ["run.pinned", "run.unpinned"]

    def test_the_list_shows_it(self, api: Api, run: Run) -> None:
        api.post(f"runs/{run.pk}/pin/")
        (listed,) = api.get("runs/").json()["results"]
        assert listed["pin"]["actor"] == "olga"

    @pytest.mark.parametrize("method", ["POST", "DELETE"])
    def test_it_takes_an_operator_of_its_workspace(self, workspace: Workspace, run: Run, method: str) -> None:
        viewer = Api(make_user("vera", workspace=workspace, role=Role.VIEWER))
        make_workspace("other")
        stranger = Api(make_user("otto"), workspace="acme")
        assert viewer.send(method, f"runs/{run.pk}/pin/").status_code == 403
        assert stranger.send(method, f"runs/{run.pk}/pin/").status_code == 404
        assert events(run) == []

    def test_a_run_of_another_workspace_is_not_there(self, api: Api) -> None:
        theirs = make_ended_run(make_job(make_workspace("other")))
        assert api.post(f"runs/{theirs.pk}/pin/").status_code == 404
        assert not Pin.objects.exists()

    def test_unfit_notes_are_refused(self, api: Api, run: Run) -> None:
        answer = api.post(f"runs/{run.pk}/pin/", {"note": 1})
        assert [error["field"] for error in answer.json()["errors"]] == ["note"]
        assert not Pin.objects.exists()


class TestAdmin:
    @pytest.fixture
    def operator(self, workspace: Workspace) -> Client:
        client = Client()
        client.force_login(make_user("olga", workspace=workspace, role=Role.OPERATOR, is_staff=True))
        return client

    def test_a_run_is_pinned_and_the_page_says_so(self, operator: Client, run: Run) -> None:
        page = operator.post(f"/admin/jobs/run/{run.pk}/do/pin/", {"note": "keep <it>"}, follow=True).content.decode()
        assert f"Run {run.pk} is pinned." in page
        assert "pinned by olga" in page
        assert "keep &lt;it&gt;" in page
        assert "/do/unpin/" in page
        assert "/do/pin/" not in page

    def test_the_list_shows_the_pinned_ones_alone_when_asked(self, operator: Client, run: Run, job: Job) -> None:
        make_ended_run(job)
        Pin.objects.create(run=run)
        shown = {
            pinned: operator.get("/admin/jobs/run/", {"pinned": pinned} if pinned else {}).context["cl"].result_count
            for pinned in ("", "yes")
        }
        assert shown == {"": 2, "yes": 1}

    def test_it_is_unpinned(self, operator: Client, run: Run) -> None:
        Pin.objects.create(run=run)
        page = operator.post(f"/admin/jobs/run/{run.pk}/do/unpin/", {}, follow=True).content.decode()
        assert f"Run {run.pk} is not pinned." in page
        assert not Pin.objects.exists()


class TestCommand:
    def test_it_pins_and_unpins(self, run: Run) -> None:
        assert command("pin", "acme", run.pk, "--note", "x") == f"run {run.pk}: pinned\n"
        assert command("pin", "acme", run.pk) == f"run {run.pk}: pinned already, nothing was changed\n"
        assert Pin.objects.get().note == "x"
        assert command("pin", "acme", run.pk, "--remove") == f"run {run.pk}: not pinned\n"
        assert not Pin.objects.exists()

    def test_a_run_that_is_not_there_is_said(self, workspace: Workspace) -> None:
        with pytest.raises(CommandError, match="no run 7"):
            command("pin", "acme", 7)


def command(*arguments: object) -> str:
    out = io.StringIO()
    call_command(*map(str, arguments), stdout=out)
    return out.getvalue()
