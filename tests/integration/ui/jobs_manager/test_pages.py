"""The pages of jobs: what they show, to whom they offer what, and how many queries that takes."""

from __future__ import annotations

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from jobs.models import Job, Origin, Role, Run, Workspace
from jobs.services.control import pause_job
from jobs.states import JobState
from tests.integration.people import make_job, make_user, make_workspace, signed_in
from tests.integration.run_rows import make_ended_run, make_run

pytestmark = pytest.mark.django_db


@pytest.fixture
def workspace() -> Workspace:
    return make_workspace()


@pytest.fixture
def job(workspace: Workspace) -> Job:
    return make_job(workspace, "task:ping", description="says that it is there", tags=["nightly"])


def browser(workspace: Workspace, role: Role = Role.EDITOR) -> Client:
    return signed_in(make_user(f"some-{role}", workspace=workspace, role=role))


def text(client: Client, path: str) -> str:
    """What the page says; it must be there."""
    answer = client.get(f"/ui/w/acme/{path}")
    assert answer.status_code == 200, answer.status_code
    return answer.content.decode()


def queries(client: Client, path: str) -> int:
    """How many it takes once the session knows the workspace."""
    text(client, path)
    with CaptureQueriesContext(connection) as found:
        text(client, path)
    return len(found)


class TestTheList:
    def test_it_shows_a_job_with_its_last_runs(self, workspace: Workspace, job: Job) -> None:
        make_ended_run(job, "ss")
        run = make_ended_run(job, "sf")
        page = text(browser(workspace), "jobs/")
        assert "says that it is there" in page
        assert f"/ui/w/acme/runs/{run.pk}/" in page
        assert page.count("1 of 2 payloads failed") == 1
        assert "50 %" in page

    @pytest.mark.parametrize(
        ("query", "is_there"),
        [
            ("search=pin", True),
            ("search=there", True),
            ("search=ASK:PI", True),
            ("search=ask", False),
            ("search=park:pi", False),
            ("search=IGHTL", True),
            ("search=else", False),
            ("type=task", True),
            ("type=spark", False),
            ("state=paused", False),
            ("tag=nightly", True),
            ("tag=daily", False),
            ("last=failed", True),
            ("last=succeeded", False),
            ("after=task:a", True),
            ("after=task:z", False),
            ("after=nonsense", True),
        ],
    )
    def test_filters_of_the_address_choose(self, workspace: Workspace, job: Job, query: str, is_there: bool) -> None:
        make_ended_run(job, "sf")
        assert ("/jobs/task:ping/" in text(browser(workspace), f"jobs/?{query}")) is is_there

    def test_an_empty_one_says_what_to_do_first(self, workspace: Workspace) -> None:
        page = text(browser(workspace), "jobs/")
        assert "There are no jobs yet" in page
        assert "/jobs/new/" in page

    def test_datasources_have_a_list_of_their_own(self, workspace: Workspace, job: Job) -> None:
        assert "task:ping" not in text(browser(workspace), "datasources/")

    def test_its_queries_do_not_grow_with_its_jobs(self, workspace: Workspace, job: Job) -> None:
        client = browser(workspace)
        make_ended_run(job, "s")
        few = queries(client, "jobs/")
        for number in range(30):
            for _ in range(3):
                make_ended_run(make_job(workspace, f"task:n{number}"), "sf")
        assert queries(client, "jobs/") == few

    def test_another_workspaces_jobs_are_not_there(self, workspace: Workspace) -> None:
        make_job(make_workspace("globex"), "task:theirs")
        assert "task:theirs" not in text(browser(workspace), "jobs/")


class TestAJob:
    def test_it_shows_what_it_does_and_how_it_is_doing(self, workspace: Workspace, job: Job) -> None:
        run = make_ended_run(job, "s")
        page = text(browser(workspace), "jobs/task:ping/")
        assert f"/ui/w/acme/runs/{run.pk}/" in page
        assert "nightly" in page

    @pytest.mark.parametrize(
        ("state", "verb", "told"),
        [
            (JobState.DRAFT, "activate", "It is a draft: neither people nor schedules can run it"),
            (JobState.ARCHIVED, "activate", "It is archived: it is kept for its history"),
            (JobState.PAUSED, "resume", "PAUSED"),
        ],
    )
    def test_one_that_cannot_be_run_says_why_and_offers_the_way_back(
        self, workspace: Workspace, job: Job, state: JobState, verb: str, told: str
    ) -> None:
        Job.objects.filter(pk=job.pk).update(state=state)
        page, button = "jobs/task:ping/", f'<a class="button " href="/ui/w/acme/jobs/task:ping/do/{verb}/"'
        shown = text(browser(workspace), page)
        assert told in shown
        assert button in shown
        assert "/jobs/task:ping/run/" not in shown
        assert button not in text(browser(workspace, Role.VIEWER), page)

    def test_its_queries_do_not_grow_with_its_runs(self, workspace: Workspace, job: Job) -> None:
        client = browser(workspace)
        make_ended_run(job, "s")
        few = queries(client, "jobs/task:ping/")
        for _ in range(30):
            make_ended_run(job, "sf")
        assert queries(client, "jobs/task:ping/") == few

    @pytest.mark.parametrize("path", ["", "edit/", "run/", "do/pause/", "terminate/", "delete/", "release/", "export/"])
    def test_another_workspaces_job_is_not_there(self, workspace: Workspace, path: str) -> None:
        make_job(make_workspace("globex"), "task:theirs")
        assert browser(workspace).get(f"/ui/w/acme/jobs/task:theirs/{path}").status_code == 404

    def test_it_can_be_had_as_a_manifest(self, workspace: Workspace, job: Job) -> None:
        answer = browser(workspace, Role.VIEWER).get("/ui/w/acme/jobs/task:ping/export/")
        assert "task:ping" in answer.content.decode()
        assert 'filename="task-ping.yaml"' in answer.headers["Content-Disposition"]


class TestRoles:
    FORGED = {
        "run/": Role.OPERATOR,
        "do/pause/": Role.OPERATOR,
        "do/archive/": Role.EDITOR,
        "delete/": Role.EDITOR,
        "release/": Role.EDITOR,
        "edit/": Role.EDITOR,
    }

    @pytest.mark.parametrize("role", [Role.VIEWER, Role.OPERATOR])
    @pytest.mark.parametrize("path", FORGED)
    def test_what_a_role_may_not_do_is_refused(self, workspace: Workspace, job: Job, path: str, role: Role) -> None:
        client, address = browser(workspace, role), f"/ui/w/acme/jobs/task:ping/{path}"
        refused = role.rank < self.FORGED[path].rank
        assert (client.get(address).status_code == 403) is refused
        if refused:
            assert client.post(address, {}).status_code == 403
            job.refresh_from_db()
            assert (job.state, job.version, Run.objects.count()) == (JobState.ACTIVE, 1, 0)

    def test_a_viewer_is_offered_nothing(self, workspace: Workspace, job: Job) -> None:
        page = text(browser(workspace, Role.VIEWER), "jobs/")
        for path in ("run/", "do/", "edit/", "delete/", "/new/"):
            assert f"task:ping/{path}" not in page
        assert "/jobs/new/" not in page


class TestActions:
    def test_run_leads_to_the_run(self, workspace: Workspace, job: Job) -> None:
        client = browser(workspace, Role.OPERATOR)
        assert "starts a run" in text(client, "jobs/task:ping/run/")
        answer = client.post("/ui/w/acme/jobs/task:ping/run/", {"parameters": '{"day": 1}', "comment": "once"})
        run = Run.objects.get()
        assert (run.parameters, run.comment, run.actor) == ({"day": 1}, "once", "some-operator")
        assert answer.headers["Location"] == f"/ui/w/acme/runs/{run.pk}/"

    def test_run_and_download_leads_to_the_results(self, workspace: Workspace, job: Job) -> None:
        client = browser(workspace, Role.OPERATOR)
        answer = client.post("/ui/w/acme/jobs/task:ping/run/", {"afterwards": "download"})
        assert answer.headers["Location"].endswith("?then=download")

    @pytest.mark.parametrize("typed", ["[", "[1]", '"x"'])
    def test_parameters_that_are_none_are_refused_beside_the_field(
        self, workspace: Workspace, job: Job, typed: str
    ) -> None:
        answer = browser(workspace, Role.OPERATOR).post("/ui/w/acme/jobs/task:ping/run/", {"parameters": typed})
        assert answer.status_code == 422
        assert "id_parameters_error" in answer.content.decode()
        assert not Run.objects.exists()

    def test_a_paused_job_is_not_run(self, workspace: Workspace, job: Job) -> None:
        pause_job(job=job, actor="ada")
        client = browser(workspace, Role.OPERATOR)
        assert "only an active job can be run" in text(client, "jobs/task:ping/run/")
        assert client.post("/ui/w/acme/jobs/task:ping/run/", {}).status_code == 422
        assert not Run.objects.exists()

    def test_pausing_keeps_the_note_and_resuming_lets_it_go_on(self, workspace: Workspace, job: Job) -> None:
        client = browser(workspace, Role.OPERATOR)
        client.post("/ui/w/acme/jobs/task:ping/do/pause/", {"note": "partner is down"})
        job.refresh_from_db()
        assert job.state == JobState.PAUSED
        assert "partner is down" in text(client, "jobs/task:ping/")
        client.post("/ui/w/acme/jobs/task:ping/do/resume/", {})
        job.refresh_from_db()
        assert job.state == JobState.ACTIVE

    def test_what_follows_another_job_says_so(self, workspace: Workspace, job: Job) -> None:
        make_job(workspace, "task:then", schedules=[{"triggers": [{"type": "job", "jobs": ["task:ping"]}]}])
        client = browser(workspace, Role.VIEWER)
        assert "after task:ping" in text(client, "jobs/")
        assert "after task:ping" in text(client, "jobs/task:then/")

    def test_one_that_a_file_keeps_is_neither_edited_nor_deleted(self, workspace: Workspace, job: Job) -> None:
        client = browser(workspace)
        assert "task:ping/edit/" in text(client, "jobs/")
        Origin.objects.create(
            workspace=workspace, kind="job", name="task:ping", source="etl", path="jobs.yaml", digest="0" * 64
        )
        for page in (text(client, "jobs/"), text(client, "jobs/task:ping/")):
            assert "task:ping/edit/" not in page
            assert "task:ping/delete/" not in page
            assert "from=task%3Aping" in page or "from=task:ping" in page

    def test_what_is_terminated_is_the_run_that_was_seen(self, workspace: Workspace, job: Job) -> None:
        run = make_run(job, "qq", snapshot={})
        page = text(browser(workspace, Role.OPERATOR), "jobs/")
        assert f"/ui/w/acme/runs/{run.pk}/do/terminate/" in page
        assert "task:ping/terminate/" not in page

    def test_deleting_keeps_the_runs(self, workspace: Workspace, job: Job) -> None:
        make_ended_run(job, "s")
        answer = browser(workspace).post("/ui/w/acme/jobs/task:ping/delete/")
        assert answer.headers["Location"] == "/ui/w/acme/jobs/"
        assert (Job.objects.count(), Run.objects.count()) == (0, 1)

    def test_a_job_that_runs_is_not_deleted_and_says_why(self, workspace: Workspace, job: Job) -> None:
        make_run(job, "q")
        answer = browser(workspace).post("/ui/w/acme/jobs/task:ping/delete/")
        assert answer.status_code == 422
        assert Job.objects.exists()

    def test_one_that_is_kept_in_a_file_is_released(self, workspace: Workspace, job: Job) -> None:
        Origin.objects.create(
            workspace=workspace, kind="job", name="task:ping", source="jobs", path="jobs.yaml", digest="0" * 64
        )
        client = browser(workspace)
        assert "jobs.yaml" in text(client, "jobs/task:ping/")
        assert client.get("/ui/w/acme/jobs/task:ping/edit/").status_code == 302
        client.post("/ui/w/acme/jobs/task:ping/release/", {"note": "ours now"})
        assert not Origin.objects.exists()
