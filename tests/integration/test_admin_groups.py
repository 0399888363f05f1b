"""Concurrency groups in the admin."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from django.contrib.contenttypes.models import ContentType
from django.test import Client

from jobs import dispatch, hotpath
from jobs.models import ConcurrencyGroup, Job, Role, Run, Workspace
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


class TestGroups:
    def test_one_is_added_and_changed_through_the_service(self, editor: Client, workspace: Workspace) -> None:
        typed = {"workspace": workspace.pk, "name": "api.example.com", "limit": "5"}
        rate = '{"count": 60, "period": "1m"}'
        assert editor.post("/admin/jobs/concurrencygroup/add/", typed | {"rate": rate}).status_code == 302
        group = ConcurrencyGroup.objects.get()
        assert (group.limit, group.rate_interval_ms) == (5, 1000)
        address = f"/admin/jobs/concurrencygroup/{group.pk}/change/"
        assert "&quot;count&quot;: 60" in editor.get(address).content.decode()
        assert editor.post(address, {"limit": "", "rate": rate}).status_code == 302
        group.refresh_from_db()
        assert (group.name, group.limit, group.rate_interval_ms) == ("api.example.com", None, 1000)

    @pytest.mark.parametrize(
        ("typed", "errors"),
        [
            ({"name": "no spaces"}, {"name"}),
            ({"name": ""}, {"name"}),
            ({"name": "taken"}, {"name"}),
            ({"name": "a", "limit": "0"}, {"limit"}),
            ({"name": "a", "rate": '{"count": 5}'}, {"rate"}),
            ({"name": "a", "rate": "{"}, {"rate"}),
        ],
    )
    def test_what_is_wrong_is_told_on_its_field(
        self, editor: Client, workspace: Workspace, typed: dict[str, str], errors: set[str]
    ) -> None:
        ConcurrencyGroup.objects.create(workspace=workspace, name="taken")
        response = editor.post("/admin/jobs/concurrencygroup/add/", {"workspace": workspace.pk} | typed)
        assert set(response.context["adminform"].form.errors) == errors
        assert ConcurrencyGroup.objects.count() == 1

    def test_one_that_is_used_is_not_deleted(self, editor: Client, workspace: Workspace, job: Job) -> None:
        group = ConcurrencyGroup.objects.create(workspace=workspace, name="host", limit=1)
        run = make_run(job, "q", group=group)
        address = f"/admin/jobs/concurrencygroup/{group.pk}/delete/"
        # Or the deletion that is refused would make it, and undo it, and Django would remember it.
        ContentType.objects.get_for_model(ConcurrencyGroup)
        page = editor.post(address, {"post": "yes"}, follow=True).content.decode()
        assert "Not deleted: 1 active run(s) count against the group host" in page
        Run.objects.filter(pk=run.pk).update(group=None)
        editor.post(address, {"post": "yes"})
        assert not ConcurrencyGroup.objects.exists()

    def test_an_operator_reads_them(self, operator: Client, workspace: Workspace) -> None:
        group = ConcurrencyGroup.objects.create(workspace=workspace, name="host", limit=1)
        page = operator.get(f"/admin/jobs/concurrencygroup/{group.pk}/change/").content.decode()
        assert "_save" not in page
        operator.post(f"/admin/jobs/concurrencygroup/{group.pk}/change/", {"limit": "9"})
        assert ConcurrencyGroup.objects.get().limit == 1
