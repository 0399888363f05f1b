"""Jobs in the admin: the form, the Run action, and who may do what."""

from __future__ import annotations

import json
import threading
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from pytest_django import DjangoAssertNumQueries

from jobs.models import Event, Job, Role, Run, Workspace
from jobs.services.jobs import save_job
from jobs.states import JobState
from scheduler.models import Backfill, Schedule
from scheduler.services.backfills import create_backfill
from tests.integration.people import NOW, make_job, make_user, make_workspace
from tests.integration.run_rows import make_event, make_run
from tests.integration.schedule_rows import make_fire, make_schedule

pytestmark = pytest.mark.django_db

TYPED = {
    "key": "task:ping",
    "description": "",
    "payload": '[{"kind": "noop"}]',
    "configuration": "",
    "tags": "",
    "metadata": "",
}


@pytest.fixture
def workspace() -> Workspace:
    return make_workspace()


def staff(workspace: Workspace, role: Role) -> Client:
    client = Client()
    client.force_login(make_user(f"the-{role.value}", workspace=workspace, role=role, is_staff=True))
    return client


@pytest.fixture
def editor(workspace: Workspace) -> Client:
    return staff(workspace, Role.EDITOR)


def errors(response: Any) -> dict[str, list[str]]:
    found: dict[str, list[str]] = response.context["adminform"].form.errors
    return found


def begin_backfill(schedule: Schedule) -> None:
    """Of some hours long ago."""
    Schedule.objects.filter(pk=schedule.pk).update(anchor_at=NOW.replace(year=2024, month=1, day=1))
    schedule.refresh_from_db()
    create_backfill(schedule=schedule, start="2024-11-18", end="2024-11-18T02:00", actor="ann")


def change_elsewhere(workspace: Workspace) -> None:
    """Change the job on another connection, as another process would."""
    make_job(workspace, description="theirs")
    connection.close()


class TestForm:
    def test_a_job_is_added_with_its_derived_columns_and_its_event(self, editor: Client, workspace: Workspace) -> None:
        typed = TYPED | {"workspace": workspace.pk, "configuration": '{"max_concurrent_requests": 2}', "tags": '["a"]'}
        assert editor.post("/admin/jobs/job/add/", typed).status_code == 302
        job = Job.objects.get()
        assert (job.key, job.max_lanes, job.tags, job.strict) == ("task:ping", 2, ["a"], False)
        assert Event.objects.get().actor == "the-editor"

    def test_a_job_is_changed_and_keeps_its_key(self, editor: Client, workspace: Workspace) -> None:
        job = make_job(workspace)
        typed = TYPED | {"key": "task:other", "description": "new", "version": 1}
        assert editor.post(f"/admin/jobs/job/{job.pk}/change/", typed).status_code == 302
        job.refresh_from_db()
        assert (job.key, job.description, job.version) == ("task:ping", "new", 2)

    def test_the_stored_document_is_shown_for_editing(self, editor: Client, workspace: Workspace) -> None:
        job = make_job(workspace, metadata={"owner": "zoë"})
        form = editor.get(f"/admin/jobs/job/{job.pk}/change/").context["adminform"].form
        assert json.loads(form["payload"].value()) == job.payload
        assert "zoë" in form["metadata"].value()

    def test_an_unchanged_form_changes_nothing(self, editor: Client, workspace: Workspace) -> None:
        job = make_job(workspace)
        page = editor.get(f"/admin/jobs/job/{job.pk}/change/")
        form = page.context["adminform"].form
        assert (
            editor.post(page.request["PATH_INFO"], {name: form[name].value() for name in form.fields}).status_code
            == 302
        )
        job.refresh_from_db()
        assert job.version == 1

    def test_broken_json_is_told_on_its_field_with_its_place_and_is_still_there(
        self, editor: Client, workspace: Workspace
    ) -> None:
        typed = TYPED | {"workspace": workspace.pk, "payload": '[{"kind":\n "noop"'}
        response = editor.post("/admin/jobs/job/add/", typed)
        assert errors(response)["payload"] == ["not JSON: line 2, column 8: expecting ',' delimiter"]
        assert response.context["adminform"].form["payload"].value() == typed["payload"]

    def test_a_key_that_is_taken_is_told_on_the_key(self, editor: Client, workspace: Workspace) -> None:
        make_job(workspace)
        response = editor.post("/admin/jobs/job/add/", TYPED | {"workspace": workspace.pk})
        assert errors(response) == {"key": ["task:ping exists already"]}

    def test_somebody_elses_change_is_not_overwritten_and_nothing_typed_is_lost(
        self, editor: Client, workspace: Workspace
    ) -> None:
        job = make_job(workspace)
        make_job(workspace, description="theirs")
        response = editor.post(f"/admin/jobs/job/{job.pk}/change/", TYPED | {"description": "mine", "version": 1})
        assert "changed by somebody else" in errors(response)["__all__"][0]
        assert response.context["adminform"].form["description"].value() == "mine"
        job.refresh_from_db()
        assert job.description == "theirs"

    @pytest.mark.django_db(transaction=True)
    def test_a_change_between_check_and_write_is_found_too(
        self, editor: Client, workspace: Workspace, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        job = make_job(workspace)

        def write_behind_a_faster_one(**arguments: Any) -> Job:
            faster = threading.Thread(target=change_elsewhere, args=[workspace])
            faster.start()
            faster.join()
            return save_job(**arguments)

        monkeypatch.setattr("jobs.admin.jobs.save_job", write_behind_a_faster_one)
        response = editor.post(f"/admin/jobs/job/{job.pk}/change/", TYPED | {"description": "mine", "version": 1})
        assert "changed by somebody else" in errors(response)["__all__"][0]
        assert response.context["adminform"].form["description"].value() == "mine"
        assert Job.objects.get().description == "theirs"

    def test_a_workspace_where_one_may_only_read_is_not_offered(self, editor: Client) -> None:
        other = make_workspace("other")
        response = editor.post("/admin/jobs/job/add/", TYPED | {"workspace": other.pk})
        assert "workspace" in errors(response)

    @pytest.mark.parametrize(
        "payload",
        ["- kind: noop\n  name: first\n", '[{"kind": "noop", "name": "first"}]', "- {kind: noop, name: first}"],
    )
    def test_yaml_will_do_as_json_does(self, editor: Client, workspace: Workspace, payload: str) -> None:
        typed = TYPED | {"workspace": workspace.pk, "payload": payload, "configuration": "max_concurrent_requests: 2"}
        assert editor.post("/admin/jobs/job/add/", typed).status_code == 302
        job = Job.objects.get()
        assert (job.payload[0]["name"], job.max_lanes) == ("first", 2)

    @pytest.mark.parametrize(
        ("metadata", "told"),
        [
            ("a: [", "neither YAML nor JSON: line 2, column 1:"),
            ("a: 100 %\nb: %s", "neither YAML nor JSON: line 2, column 4:"),
            ("1: 2", "the name 1 must be text: put it in quotes"),
            ("a: !!set {b}", "metadata.a: expected text, a number"),
            ("a: 1\n---\nb: 2", "neither YAML nor JSON: expected one document, and found 2"),
        ],
    )
    def test_what_is_neither_is_told_on_its_field(
        self, editor: Client, workspace: Workspace, metadata: str, told: str
    ) -> None:
        response = editor.post("/admin/jobs/job/add/", TYPED | {"workspace": workspace.pk, "metadata": metadata})
        assert [each[: len(told)] for each in errors(response)["metadata"]] == [told]
        assert not Job.objects.exists()


class TestRun:
    def test_the_button_asks_first_and_then_starts_a_run_and_leads_to_it(
        self, editor: Client, workspace: Workspace
    ) -> None:
        job = make_job(workspace)
        address = f"/admin/jobs/job/{job.pk}/run/"
        assert address in editor.get(f"/admin/jobs/job/{job.pk}/change/").content.decode()
        page = editor.get(address)
        assert "Start the run" in page.content.decode()
        assert page.context["form"]["parameters"].value() == ""
        assert not Run.objects.exists()
        response = editor.post(address, {"parameters": '{"day": 1}', "comment": "now"}, follow=True)
        run = Run.objects.get()
        assert (run.actor, run.trigger, run.parameters, run.comment) == ("the-editor", "manual", {"day": 1}, "now")
        assert response.redirect_chain == [(f"/admin/jobs/run/{run.pk}/change/", 302)]
        assert (
            f'Started <a href="/admin/jobs/run/{run.pk}/change/">run {run.pk}</a> of task:ping'
            in response.content.decode()
        )

    def test_parameters_that_are_none_are_told_on_their_field(self, editor: Client, workspace: Workspace) -> None:
        job = make_job(workspace)
        response = editor.post(f"/admin/jobs/job/{job.pk}/run/", {"parameters": "[1]"})
        assert response.context["form"].errors == {"parameters": ["expected an object"]}
        assert not Run.objects.exists()

    def test_the_action_starts_one_run_of_each_job_and_says_which_could_not(
        self, editor: Client, workspace: Workspace
    ) -> None:
        jobs = [make_job(workspace, f"task:{name}") for name in "abc"]
        Job.objects.filter(pk=jobs[1].pk).update(state=JobState.PAUSED)
        selected = {"action": "run_selected", "_selected_action": [job.pk for job in jobs]}
        response = editor.post("/admin/jobs/job/", selected, follow=True)
        assert list(Run.objects.order_by("pk").values_list("job_key", flat=True)) == ["task:a", "task:c"]
        assert "Not started: task:b is paused" in response.content.decode()


class TestDelete:
    def test_a_job_goes_and_its_runs_stay(self, editor: Client, workspace: Workspace) -> None:
        job = make_job(workspace)
        run = make_run(job, "s")
        editor.post(f"/admin/jobs/job/{job.pk}/delete/", {"post": "yes"})
        assert not Job.objects.exists()
        assert Run.objects.get().pk == run.pk
        assert Event.objects.get(kind="job.deleted").actor == "the-editor"

    def test_one_with_schedules_and_backfills_goes_with_them_and_its_runs_stay(
        self, editor: Client, workspace: Workspace
    ) -> None:
        schedule = make_schedule(workspace)
        begin_backfill(schedule)
        make_fire(schedule)
        run = make_run(schedule.job, "s", schedule_id=schedule.pk)
        address = f"/admin/jobs/job/{schedule.job_id}/delete/"
        asked = editor.get(address).content.decode()
        assert "schedule default, with what it decided and its backfills" in asked
        assert "Its runs stay" in asked
        assert "permission" not in asked
        assert "Schedules: 1" in asked
        assert editor.post(address, {"post": "yes"}).status_code == 302
        assert not Job.objects.exists()
        assert not Schedule.objects.exists()
        assert not Backfill.objects.exists()
        assert Run.objects.get().pk == run.pk

    def test_an_operator_may_not(self, workspace: Workspace) -> None:
        schedule = make_schedule(workspace)
        address = f"/admin/jobs/job/{schedule.job_id}/delete/"
        assert staff(workspace, Role.OPERATOR).post(address, {"post": "yes"}).status_code == 403
        assert Schedule.objects.exists()

    def test_active_runs_forbid_it_in_words(self, editor: Client, workspace: Workspace) -> None:
        job = make_job(workspace)
        make_run(job, "q")
        response = editor.post(f"/admin/jobs/job/{job.pk}/delete/", {"post": "yes"}, follow=True)
        assert "1 active run" in response.content.decode()
        assert Job.objects.exists()


class TestHistory:
    def address(self, job: Job) -> str:
        return f"/admin/jobs/job/{job.pk}/history/"

    def test_it_says_who_did_what_and_why_the_newest_first(self, editor: Client, workspace: Workspace) -> None:
        job = make_schedule(workspace).job
        editor.post(f"/admin/jobs/job/{job.pk}/state/pause/", {"note": "wait for <Ann>"})
        editor.post(f"/admin/jobs/job/{job.pk}/state/resume/", {"note": "she came"})
        make_event(make_run(job, "s"), "run.succeeded")
        page = editor.get(self.address(job))
        assert [(row["what"], row["actor"], row["note"]) for row in page.context["rows"]] == [
            ("resumed", "the-editor", "she came"),
            ("paused", "the-editor", "wait for <Ann>"),
            ("schedule default: created", "test", ""),
            ("created", "test", ""),
        ]
        assert "wait for &lt;Ann&gt;" in page.content.decode()
        assert "(version 1)" in page.content.decode()

    def test_it_comes_page_by_page(self, editor: Client, workspace: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("jobs.admin.histories.EVENTS", 2)
        job = make_job(workspace)
        for number in range(2):
            make_job(workspace, description=str(number))
        first = editor.get(self.address(job))
        assert [row["details"] for row in first.context["rows"]] == ["version 3", "version 2"]
        second = editor.get(self.address(job), {"before": first.context["older"]})
        assert [row["what"] for row in second.context["rows"]] == ["created"]
        assert second.context["older"] is None
        assert editor.get(self.address(job), {"before": "x"}).status_code == 200


class TestReading:
    def test_who_may_not_change_a_job_reads_it_on_lines(self, workspace: Workspace) -> None:
        job = make_job(workspace, metadata={"owner": "zoë"}, tags=["a", "b"])
        page = staff(workspace, Role.OPERATOR).get(f"/admin/jobs/job/{job.pk}/change/").content.decode()
        assert "&quot;owner&quot;: &quot;zoë&quot;\n}</pre>" in page
        assert "\n    &quot;kind&quot;: &quot;noop&quot;" in page
        assert "a, b" in page

    def test_the_list_says_when_a_job_ran_last_and_how_that_went(self, editor: Client, workspace: Workspace) -> None:
        run = make_run(make_job(workspace), "f", created_at=NOW)
        page = editor.get("/admin/jobs/job/").content.decode()
        row = page.partition(f'<a href="/admin/jobs/run/{run.pk}/change/">')[2].partition("</a>")[0]
        assert "failed" in row
        assert "2026-11-21 12:00:00 UTC" in row

    def test_the_list_cuts_a_long_description(self, editor: Client, workspace: Workspace) -> None:
        make_job(workspace, description="word " * 100)
        [job] = editor.get("/admin/jobs/job/").context["cl"].result_list
        page = editor.get("/admin/jobs/job/").content.decode()
        assert f'title="{job.description}"' in page
        assert ">" + "word " * 11 + "word…</span>" in page


class TestRoles:
    @pytest.mark.parametrize(
        ("role", "may_run", "may_change"),
        [
            (Role.VIEWER, False, False),
            (Role.OPERATOR, True, False),
            (Role.EDITOR, True, True),
            (Role.OWNER, True, True),
        ],
    )
    def test_a_role_decides_what_the_page_offers_and_what_a_post_does(
        self, workspace: Workspace, role: Role, may_run: bool, may_change: bool
    ) -> None:
        job = make_job(workspace)
        client = staff(workspace, role)
        page = client.get(f"/admin/jobs/job/{job.pk}/change/").content.decode()
        assert (f"/admin/jobs/job/{job.pk}/run/" in page, "_save" in page) == (may_run, may_change)
        client.post(f"/admin/jobs/job/{job.pk}/run/", {})
        client.post(f"/admin/jobs/job/{job.pk}/change/", TYPED | {"description": "new", "version": 1})
        job.refresh_from_db()
        assert (Run.objects.exists(), job.description == "new") == (may_run, may_change)

    def test_another_workspaces_jobs_are_neither_listed_nor_reached(self, editor: Client) -> None:
        theirs = make_job(make_workspace("other"), "task:theirs")
        assert "task:theirs" not in editor.get("/admin/jobs/job/").content.decode()
        for address in ("change", "run", "delete", "history"):
            assert editor.get(f"/admin/jobs/job/{theirs.pk}/{address}/").status_code in (302, 403, 404)
        editor.post(f"/admin/jobs/job/{theirs.pk}/run/", {})
        editor.post("/admin/jobs/job/", {"action": "run_selected", "_selected_action": [theirs.pk]})
        assert not Run.objects.exists()

    def test_somebody_without_a_workspace_sees_no_jobs(self) -> None:
        client = Client()
        client.force_login(make_user("lone", is_staff=True))
        assert client.get("/admin/jobs/job/").status_code == 403
        assert client.get("/admin/").status_code == 200

    def test_a_superuser_sees_all(self, workspace: Workspace) -> None:
        make_job(make_workspace("other"), "task:theirs")
        client = Client()
        client.force_login(make_user("root", is_staff=True, is_superuser=True))
        assert "task:theirs" in client.get("/admin/jobs/job/").content.decode()


@pytest.mark.parametrize("jobs", [1, 30])
def test_the_list_takes_the_same_number_of_queries_however_long_it_is(
    editor: Client, workspace: Workspace, jobs: int, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    for number in range(jobs):
        make_run(make_job(workspace, f"task:j{number}"), "s")
    with django_assert_num_queries(
        9
    ):  # session, user, roles, two of Django's permissions, workspaces for the filter, two counts, jobs
        editor.get("/admin/jobs/job/")
