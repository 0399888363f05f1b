"""What is done to many jobs from their list."""

from __future__ import annotations

import pytest
from django.test import Client

from jobs.models import BulkAction, Job, Role, Run, Workspace
from jobs.states import JobState
from tests.integration.people import make_job, make_user, make_workspace, signed_in
from tests.integration.run_rows import make_run

pytestmark = pytest.mark.django_db

BULK = "/ui/w/acme/jobs/bulk/"


@pytest.fixture
def workspace() -> Workspace:
    return make_workspace()


@pytest.fixture(autouse=True)
def some_jobs(workspace: Workspace) -> list[Job]:
    return [make_job(workspace, f"task:{name}", tags=[name]) for name in ("one", "two", "three")]


def browser(workspace: Workspace, role: Role = Role.OPERATOR) -> Client:
    return signed_in(make_user(f"some-{role}", workspace=workspace, role=role))


def states() -> dict[str, str]:
    return dict(Job.objects.values_list("name", "state"))


class TestAsking:
    def test_it_names_the_jobs_and_says_what_becomes_of_them(self, workspace: Workspace) -> None:
        page = browser(workspace).get(f"{BULK}?action=pause&key=task:one&key=task:two").content.decode()
        assert "Pause: 2 jobs" in page
        assert "task:one" in page
        assert "owe nothing while they are paused" in page
        assert "task:three" not in page

    @pytest.mark.parametrize("query", ["", "&key=task:unknown", "&all=1"])
    def test_a_choice_that_is_none_changes_nothing(self, workspace: Workspace, query: str) -> None:
        answer = browser(workspace).post(f"{BULK}?action=pause{query}", {})
        assert answer.status_code == 422
        assert set(states().values()) == {JobState.ACTIVE}
        assert not BulkAction.objects.exists()

    def test_what_cannot_be_done_to_many_is_not_there(self, workspace: Workspace) -> None:
        assert browser(workspace).get(f"{BULK}?action=rename&key=task:one").status_code == 404

    def test_a_viewer_is_offered_none_of_it_and_is_refused(self, workspace: Workspace) -> None:
        client = browser(workspace, Role.VIEWER)
        assert 'name="key"' not in client.get("/ui/w/acme/jobs/").content.decode()
        assert client.post(f"{BULK}?action=pause&key=task:one", {}).status_code == 403
        assert states()["one"] == JobState.ACTIVE


class TestDoing:
    def test_those_that_are_ticked_are_paused_with_the_note_and_the_progress_is_shown(
        self, workspace: Workspace
    ) -> None:
        client = browser(workspace)
        answer = client.post(f"{BULK}?action=pause&key=task:one&key=task:two", {"note": "stocktaking"})
        assert states() == {"one": JobState.PAUSED, "two": JobState.PAUSED, "three": JobState.ACTIVE}
        action = BulkAction.objects.get()
        assert (action.note, action.actor) == ("stocktaking", "some-operator")
        assert answer.headers["Location"] == f"{BULK}{action.pk}/"
        page = client.get(answer.headers["Location"]).content.decode()
        assert "stocktaking" in page
        assert "data-poll" not in page  # it is over

    def test_all_that_fit_the_filters_are_meant_where_that_is_said(self, workspace: Workspace) -> None:
        browser(workspace).post(f"{BULK}?action=pause&all=1&tag=two&key=task:one", {})
        assert states() == {"one": JobState.ACTIVE, "two": JobState.PAUSED, "three": JobState.ACTIVE}

    def test_they_are_run_with_parameters(self, workspace: Workspace) -> None:
        browser(workspace).post(f"{BULK}?action=trigger&key=task:one&key=task:two", {"parameters": '{"day": 1}'})
        assert [run.parameters for run in Run.objects.all()] == [{"day": 1}, {"day": 1}]

    def test_all_runs_of_ticked_jobs_are_terminated_and_the_others_go_on(self, workspace: Workspace) -> None:
        runs = {job.name: [make_run(job, "qq"), make_run(job, "q")] for job in Job.objects.all()}
        browser(workspace).post(f"{BULK}?action=terminate&key=task:one&key=task:two", {"note": "wrong data"})
        left = set(Run.objects.exclude(state__in=("cancelling", "cancelled")).values_list("pk", flat=True))
        assert left == {run.pk for run in runs["three"]}
        assert set(states().values()) == {JobState.ACTIVE}

    def test_ticked_jobs_are_deleted_except_those_that_are_at_work(self, workspace: Workspace) -> None:
        run = make_run(Job.objects.get(name="two"), "q")
        client = browser(workspace, Role.EDITOR)
        page = client.get(f"{BULK}?action=delete&key=task:one&key=task:two").content.decode()
        assert "Their runs are kept" in page
        assert "button danger" in page
        done = client.post(f"{BULK}?action=delete&key=task:one&key=task:two", {})
        assert set(states()) == {"two", "three"}
        assert "has 1 active run(s)" in client.get(done.headers["Location"]).content.decode()
        assert Run.objects.get().pk == run.pk

    def test_an_operator_deletes_nothing(self, workspace: Workspace) -> None:
        client = browser(workspace)
        page = client.get("/ui/w/acme/jobs/").content.decode()
        assert 'value="terminate"' in page
        assert 'value="delete"' not in page
        for method in (client.get, client.post):
            assert method(f"{BULK}?action=delete&key=task:one").status_code == 403
        assert "one" in states()

    def test_another_workspaces_action_is_not_there(self, workspace: Workspace) -> None:
        client = browser(workspace)
        theirs = BulkAction.objects.create(workspace=make_workspace("globex"), selection={}, upto=0, total=0)
        assert client.get(f"{BULK}{theirs.pk}/").status_code == 404
