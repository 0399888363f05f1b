"""The pages of workers: what they show to whom, what may be done, and how many queries that takes."""

from __future__ import annotations

import datetime as dt

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from jobs.models import Role, WorkerProcess, Workspace
from tests.integration.people import make_job, make_user, make_workspace, signed_in
from tests.integration.processes import hold, make_process
from tests.integration.run_rows import make_run

pytestmark = pytest.mark.django_db
NOW = dt.datetime(2026, 11, 23, 3, tzinfo=dt.UTC)


@pytest.fixture
def workspace() -> Workspace:
    return make_workspace()


@pytest.fixture
def viewer(workspace: Workspace) -> Client:
    return signed_in(make_user("vera", workspace=workspace, role=Role.VIEWER))


@pytest.fixture
def root(workspace: Workspace) -> Client:
    return signed_in(make_user("root", is_superuser=True))


def text(client: Client, path: str = "") -> str:
    answer = client.get(f"/ui/w/acme/workers/{path}")
    assert answer.status_code == 200, answer.status_code
    return answer.content.decode()


class TestList:
    def test_each_is_shown_with_how_it_stands(self, viewer: Client) -> None:
        make_process("h1:41")
        make_process("h1:42", ago=20)
        make_process("h2:43", draining_since=NOW, draining_by="ada")
        make_process("h2:44", kind="beat", queues=[], slots=0)
        page = text(viewer)
        assert [page.count(f"<span>{word}</span>") for word in ("ALIVE", "SILENT", "DRAINING")] == [2, 1, 1]
        assert "by ada" in page
        assert "171.7\xa0MB" in page
        assert "beat 0.1.0" in page

    def test_it_names_the_runs_that_each_holds(self, viewer: Client, workspace: Workspace) -> None:
        process = make_process()
        run = make_run(make_job(workspace, "task:fetch"), "qqq")
        hold(run)
        page = text(viewer)
        assert f'href="/ui/w/acme/runs/{run.pk}/"' in page
        assert f"task:fetch / {run.pk}" in page
        assert "2 payloads" in page
        assert f"task:fetch / {run.pk}" in text(viewer, f"{process.pk}/")

    def test_of_other_workspaces_it_names_nothing(self, viewer: Client) -> None:
        process = make_process()
        theirs = make_run(make_job(make_workspace("globex"), "task:secret-plan"), "qq")
        hold(theirs)
        for path in ("", f"{process.pk}/"):
            page = text(viewer, path)
            assert "secret-plan" not in page
            assert f"/runs/{theirs.pk}/" not in page
            assert "1 lane of other workspaces" in page

    def test_a_lane_whose_lease_has_ended_is_held_by_nobody(self, viewer: Client, workspace: Workspace) -> None:
        make_process()
        hold(make_run(make_job(workspace, "task:fetch"), "q"), ends_in=-1)
        assert "task:fetch" not in text(viewer)

    def test_what_a_forked_child_holds_counts_for_its_worker(self, viewer: Client, workspace: Workspace) -> None:
        make_process(children=["h1:99"])
        hold(make_run(make_job(workspace, "task:fetch"), "q"), "h1:99")
        assert "task:fetch" in text(viewer)

    @pytest.mark.parametrize(
        ("query", "names"),
        [
            ("state=silent", {"h1:42"}),
            ("state=draining", {"h2:43"}),
            ("state=alive", {"h1:41", "h2:44"}),
            ("kind=beat", {"h2:44"}),
            ("queue=spark", {"h1:41"}),
            ("search=H2", {"h2:43", "h2:44"}),
            ("search=worker-41", {"h1:41"}),
            ("state=nonsense", set()),
        ],
    )
    def test_filters(self, viewer: Client, query: str, names: set[str]) -> None:
        make_process("h1:41", queues=["spark"])
        make_process("h1:42", ago=20)
        make_process("h2:43", draining_since=NOW)
        make_process("h2:44", kind="beat", queues=[], slots=0)
        page = text(viewer, f"?{query}")
        assert {name for name in ("h1:41", "h1:42", "h2:43", "h2:44") if f"{name} ·" in page} == names

    def test_it_says_from_which_queues_nobody_takes_anything(self, viewer: Client) -> None:
        make_process(queues=["default", "http", "datasource", "sinks"])
        make_process("h1:42", queues=["spark"], draining_since=NOW)
        assert "<code>spark</code>" in text(viewer)
        WorkerProcess.objects.update(draining_since=None)
        assert "No worker takes work from" not in text(viewer)

    def test_an_empty_one_says_how_to_begin(self, viewer: Client) -> None:
        page = text(viewer)
        assert "make up" in page
        assert "celery -A jobsproject beat" in page

    def test_pages_go_by_name(self, viewer: Client) -> None:
        for number in range(10, 62):
            make_process(f"h1:{number}")
        first = text(viewer)
        assert "after=h1%3A59" in first
        assert "h1:60 ·" not in first
        assert "h1:60 ·" in text(viewer, "?after=h1:59")

    def test_the_number_of_queries_does_not_grow(self, viewer: Client, workspace: Workspace) -> None:
        job = make_job(workspace, "task:fetch")
        make_process("h1:1")
        hold(make_run(job, "q"), "h1:1")
        text(viewer)
        with CaptureQueriesContext(
            connection,
        ) as few:
            text(viewer)
        for number in range(2, 12):
            make_process(f"h1:{number}")
            for _ in range(3):
                hold(make_run(job, "qq"), f"h1:{number}")
        with CaptureQueriesContext(connection) as many:
            text(viewer)
        assert len(many) == len(few) <= 9


class TestPage:
    def test_each_lane_is_named_with_its_payload(self, viewer: Client, workspace: Workspace) -> None:
        process = make_process()
        run = make_run(make_job(workspace, "task:fetch"), "sqq")
        hold(run, low=1, high=3)
        page = text(viewer, f"{process.pk}/")
        assert f'href="/ui/w/acme/runs/{run.pk}/payloads/1/">n1</a>' in page

    def test_who_has_ended_while_one_looks_is_said_to_have(self, viewer: Client) -> None:
        answer = viewer.get("/ui/w/acme/workers/7/", headers={"HX-Request": "true", "HX-Target": "worker-lanes"})
        assert "It has ended." in answer.content.decode()
        assert viewer.get("/ui/w/acme/workers/7/").status_code == 404

    def test_the_number_of_queries_does_not_grow(self, viewer: Client, workspace: Workspace) -> None:
        process, job = make_process(), make_job(workspace, "task:fetch")
        hold(make_run(job, "q"))
        text(viewer, f"{process.pk}/")
        with CaptureQueriesContext(connection) as few:
            text(viewer, f"{process.pk}/")
        for _ in range(20):
            hold(make_run(job, "qq"))
        with CaptureQueriesContext(connection) as many:
            text(viewer, f"{process.pk}/")
        assert len(many) == len(few)

    def test_a_stranger_sees_nothing(self) -> None:
        process = make_process()
        make_workspace("acme")
        stranger = signed_in(make_user("sam", workspace=make_workspace("globex"), role=Role.OWNER))
        for path in ("", f"{process.pk}/", f"{process.pk}/drain/"):
            assert stranger.get(f"/ui/w/acme/workers/{path}").status_code == 404


class TestDraining:
    def test_a_superuser_is_asked_and_has_it_drain(self, root: Client) -> None:
        process = make_process()
        assert f"/workers/{process.pk}/drain/" in text(root)
        page = text(root, f"{process.pk}/drain/")
        assert "takes nothing new within seconds" in page
        assert root.post(f"/ui/w/acme/workers/{process.pk}/drain/").status_code == 302
        process.refresh_from_db()
        assert process.draining_by == "root"
        assert root.post(f"/ui/w/acme/workers/{process.pk}/resume/").status_code == 302
        process.refresh_from_db()
        assert process.draining_since is None

    @pytest.mark.parametrize("role", list(Role))
    def test_no_role_in_a_workspace_suffices(self, workspace: Workspace, role: Role) -> None:
        process = make_process()
        client = signed_in(make_user("ada", workspace=workspace, role=role))
        assert "/drain/" not in text(client)
        assert "/drain/" not in text(client, f"{process.pk}/")
        assert client.get(f"/ui/w/acme/workers/{process.pk}/drain/").status_code == 403
        assert client.post(f"/ui/w/acme/workers/{process.pk}/drain/").status_code == 403
        WorkerProcess.objects.update(draining_since=NOW, draining_by="root")
        assert client.post(f"/ui/w/acme/workers/{process.pk}/resume/").status_code == 403
        process.refresh_from_db()
        assert process.draining_since == NOW

    def test_what_does_not_fit_is_refused(self, root: Client) -> None:
        beat = make_process("h1:1", kind="beat")
        idle = make_process("h1:2")
        assert "it takes no work" in text(root, f"{beat.pk}/drain/")
        assert "does not drain" in text(root, f"{idle.pk}/resume/")
        root.post(f"/ui/w/acme/workers/{beat.pk}/drain/")
        assert not WorkerProcess.objects.filter(draining_since__isnull=False).exists()
