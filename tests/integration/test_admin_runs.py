"""Runs in the admin: to be read, not written."""

from __future__ import annotations

import re

import pytest
from django.test import Client
from pytest_django import DjangoAssertNumQueries

from jobs.models import Job, Role, Run, StoredFile, Workspace
from tests.integration.people import make_job, make_user, make_workspace, signed_in
from tests.integration.run_rows import make_attempt, make_event, make_lane, make_log_line, make_run, requeue

pytestmark = pytest.mark.django_db


@pytest.fixture
def workspace() -> Workspace:
    return make_workspace()


@pytest.fixture
def job(workspace: Workspace) -> Job:
    return make_job(workspace)


@pytest.fixture
def viewer(workspace: Workspace) -> Client:
    client = Client()
    client.force_login(make_user("vera", workspace=workspace, role=Role.VIEWER, is_staff=True))
    return client


def test_the_page_shows_counts_payloads_attempts_events_and_the_error(viewer: Client, job: Job) -> None:
    run = make_run(job, "sfqq", error={"message": "one <b>failed</b>"})
    make_lane(run, 2, 3)
    requeue(run, 3)
    make_attempt(run, 1, 1)
    make_event(run, "run.running")
    page = viewer.get(f"/admin/jobs/run/{run.pk}/change/")
    counts = page.context["counts"]
    assert (counts.total, counts.queued, counts.running, counts.succeeded, counts.failed) == (4, 1, 1, 1, 1)
    assert [str(view.state) for view in page.context["payloads"]] == ["succeeded", "failed", "running", "queued"]
    text = page.content.decode()
    assert "attempt 1 failed" in text
    assert "run.running" in text
    assert "one &lt;b&gt;failed&lt;/b&gt;" in text
    assert "_save" not in text


def test_payloads_come_a_hundred_at_a_time_and_by_state(viewer: Client, job: Job) -> None:
    run = make_run(job, "s" * 150 + "f")
    address = f"/admin/jobs/run/{run.pk}/change/"
    first = viewer.get(address)
    assert (len(first.context["payloads"]), first.context["next_after"]) == (100, 99)
    second = viewer.get(address, {"after": 99})
    assert (len(second.context["payloads"]), second.context["next_after"]) == (51, None)
    failed = viewer.get(address, {"state": "failed"})
    assert [view.payload.position for view in failed.context["payloads"]] == [150]


@pytest.mark.parametrize("query", [{"after": "x"}, {"after": "9" * 30}, {"after": "-1"}, {"state": "odd"}])
def test_an_odd_address_still_shows_the_run(viewer: Client, job: Job, query: dict[str, str]) -> None:
    assert viewer.get(f"/admin/jobs/run/{make_run(job, 's').pk}/change/", query).status_code == 200


def test_a_payload_has_a_page_with_its_attempts_and_log(viewer: Client, job: Job) -> None:
    run = make_run(job, "sf")
    make_attempt(run, 1, 1)
    make_log_line(run, 1, "about to break")
    make_log_line(run, 0, "of another payload")
    page = viewer.get(f"/admin/jobs/run/{run.pk}/payloads/1/").content.decode()
    assert "it broke" in page
    assert "attempt 1 failed" in page
    assert "about to break" in page
    assert "of another payload" not in page


@pytest.mark.parametrize("position", [2, 99_999_999_999])
def test_a_payload_that_is_not_there_is_a_404(viewer: Client, job: Job, position: int) -> None:
    assert viewer.get(f"/admin/jobs/run/{make_run(job, 'sf').pk}/payloads/{position}/").status_code == 404


def test_four_attempts_are_all_and_not_the_first_four(
    viewer: Client, job: Job, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("jobs.admin.runs.PAGE", 4)
    run = make_run(job, "f")
    address = f"/admin/jobs/run/{run.pk}/change/"
    for number in range(1, 5):
        make_attempt(run, 0, number)
    assert "<h2>Failed attempts</h2>" in viewer.get(address).content.decode()
    make_attempt(run, 0, 5)
    assert "<h2>Failed attempts (the first 4)</h2>" in viewer.get(address).content.decode()


def test_its_files_are_on_its_page_with_their_payloads(viewer: Client, job: Job) -> None:
    run = make_run(job, "sf")
    StoredFile.objects.create(
        run=run, position=1, attempt=1, name="rows.csv", path="x/rows.csv", size_bytes=7, sha256="0" * 64
    )
    page = viewer.get(f"/admin/jobs/run/{run.pk}/change/").content.decode()
    files = page.partition('id="files"')[2].partition("</fieldset>")[0]
    assert "rows.csv</a>" in files
    assert f'<a href="/admin/jobs/run/{run.pk}/payloads/1/">1</a>' in files


@pytest.mark.parametrize(("states", "again"), [("q", True), ("s", False)])
def test_the_page_of_a_run_that_has_not_ended_asks_again_by_itself(
    viewer: Client, job: Job, states: str, again: bool
) -> None:
    run = make_run(job, states)
    page = viewer.get(f"/admin/jobs/run/{run.pk}/change/").content.decode()
    assert ('<meta http-equiv="refresh" content="5">' in page) == again
    assert re.search(r"As of \d{4}-\d\d-\d\d \d\d:\d\d:\d\d UTC", page)


def test_a_page_that_asks_something_is_not_asked_for_again(job: Job) -> None:
    run = make_run(job, "q")
    operator = signed_in(make_user("olga", workspace=job.workspace, role=Role.OPERATOR, is_staff=True))
    page = operator.get(f"/admin/jobs/run/{run.pk}/do/terminate/")
    assert page.status_code == 200
    assert "http-equiv" not in page.content.decode()


@pytest.mark.parametrize("address", ["{}/change/", "{}/payloads/0/", "{}/do/rerun/"])
def test_every_page_below_a_run_says_the_way_to_it(job: Job, address: str) -> None:
    run = make_run(job, "s")
    operator = signed_in(make_user("olga", workspace=job.workspace, role=Role.OPERATOR, is_staff=True))
    page = operator.get("/admin/jobs/run/" + address.format(run.pk)).content.decode()
    way = " ".join(re.sub(r"<[^>]*>", " ", page).split())
    assert f"Home &rsaquo; Jobs &rsaquo; Runs &rsaquo; run {run.pk} of task:ping" in way


def test_the_key_in_the_list_leads_to_the_job_while_there_is_one(viewer: Client, job: Job) -> None:
    make_run(job, "s")
    link = f'<a href="/admin/jobs/job/{job.pk}/change/">task:ping</a>'
    assert link in viewer.get("/admin/jobs/run/").content.decode()
    Run.objects.update(job=None)
    page = viewer.get("/admin/jobs/run/").content.decode()
    assert link not in page
    assert "task:ping" in page


def test_nothing_can_be_added_changed_or_deleted_even_by_a_superuser(job: Job) -> None:
    run = make_run(job, "s")
    client = Client()
    client.force_login(make_user("root", is_staff=True, is_superuser=True))
    assert client.get("/admin/jobs/run/add/").status_code == 403
    assert client.post(f"/admin/jobs/run/{run.pk}/change/", {"state": "failed"}).status_code == 403
    assert client.post(f"/admin/jobs/run/{run.pk}/delete/", {"post": "yes"}).status_code == 403
    run.refresh_from_db()
    assert run.state == "succeeded"


def test_another_workspaces_runs_are_neither_listed_nor_reached(viewer: Client) -> None:
    theirs = make_run(make_job(make_workspace("other"), "task:theirs"), "s")
    assert "task:theirs" not in viewer.get("/admin/jobs/run/").content.decode()
    assert viewer.get(f"/admin/jobs/run/{theirs.pk}/change/").status_code == 302
    assert viewer.get(f"/admin/jobs/run/{theirs.pk}/payloads/0/").status_code == 404


@pytest.mark.parametrize("runs", [1, 30])
def test_the_list_takes_the_same_number_of_queries_however_long_it_is(
    viewer: Client, job: Job, runs: int, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    for _ in range(runs):
        make_run(job, "s")
    with django_assert_num_queries(
        8
    ):  # session, user, roles, two of Django's permissions, workspaces for the filter, count, runs
        viewer.get("/admin/jobs/run/")
