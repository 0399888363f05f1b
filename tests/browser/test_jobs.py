"""Jobs in a real browser: many at once, paused while they run, edited by two, and a datasource's form."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Dialog, expect

from jobs.models import Job, Role, Workspace
from jobs.services.jobs import save_job
from jobs.services.runs import start_run
from jobs.states import JobState, Trigger
from tests.acceptance.service import CountingService, counting_service
from tests.acceptance.worker import Worker
from tests.browser.conftest import AsRole
from tests.integration.datasources import make_datasource, parameters
from tests.integration.people import make_job

WITHIN = 30_000


@pytest.fixture
def service() -> Iterator[CountingService]:
    with counting_service() as running:
        yield running


class TestMany:
    def test_ticked_jobs_are_paused_and_the_others_go_on(self, as_role: AsRole, workspace: Workspace) -> None:
        for name in ("one", "two", "three"):
            make_job(workspace, f"task:{name}")
        visit = as_role(Role.OPERATOR)
        page = visit.go("/ui/w/acme/jobs/")
        page.get_by_label("Choose task:one").check()
        page.get_by_label("Choose task:two").check()
        expect(page.locator("[data-ticked]")).to_have_text("2")
        page.get_by_role("button", name="Pause …").click()
        dialog = page.get_by_role("dialog")
        expect(dialog).to_contain_text("task:two")
        visit.look()
        dialog.get_by_label("Note").fill("stocktaking")
        dialog.get_by_role("button", name="Pause").click()
        expect(page.get_by_role("heading", level=1)).to_contain_text("Bulk action")
        assert set(Job.objects.filter(state=JobState.PAUSED).values_list("name", flat=True)) == {"one", "two"}
        visit.assert_calm()


class TestADatasourceForm:
    def test_what_is_wrong_is_told_before_it_is_saved(self, as_role: AsRole, workspace: Workspace) -> None:
        job = make_datasource(workspace)
        visit = as_role(Role.EDITOR)
        page = visit.go(f"/ui/w/acme/jobs/{job.key}/edit/")
        page.locator("textarea[name$='-source']").fill("{}")
        page.get_by_role("button", name="Validate").click()
        expect(page.locator("#look")).to_contain_text("It is not valid.")
        visit.look()
        job.refresh_from_db()
        assert job.version == 1

    def test_the_schema_of_a_file_is_inferred_and_taken_over(
        self, as_role: AsRole, workspace: Workspace, workers: Worker, files: Path
    ) -> None:
        (files / "orders.csv").write_text("id,ordered\n1,2026-11-20\n2,2026-11-21\n")
        orders = {"kind": "datasource", "name": "orders", "parameters": parameters("orders.csv")}
        job = make_datasource(workspace, "orders", orders)
        visit = as_role(Role.EDITOR)
        page = visit.go(f"/ui/w/acme/jobs/{job.key}/edit/")
        page.get_by_role("button", name="Infer the schema").click()
        table = page.locator("#look table.schema")
        expect(table.get_by_role("row").filter(has_text="ordered")).to_contain_text("date")
        visit.look()
        page.get_by_role("button", name="Take these types over").click()
        expect(page.get_by_text("Save the form to keep them")).to_be_visible()
        page.get_by_role("button", name="Save", exact=True).click()
        expect(page.get_by_role("heading", level=1)).to_contain_text(job.key)
        job.refresh_from_db()
        assert job.payload[0]["parameters"]["source"]["types"] == {"id": "bigint", "ordered": "date"}
        visit.assert_calm()


class TestAnHttpForm:
    def test_its_call_is_tried_by_a_worker(self, as_role: AsRole, workspace: Workspace, workers: Worker) -> None:
        visit = as_role(Role.EDITOR)
        page = visit.go("/ui/w/acme/jobs/new/http/")
        page.locator("[name='p0-x-url']").fill("http://127.0.0.1:9/")
        page.get_by_role("button", name="Try this call once").click()
        answer = page.locator("#trial-0")
        expect(answer).to_contain_text("refused")  # loopback is not to be called, here as in runs
        visit.look()
        page.locator("[name='p0-x-url']").fill("ftp://127.0.0.1/")
        page.get_by_role("button", name="Try this call once").click()
        expect(answer).to_contain_text("Nothing was sent")
        visit.assert_calm()


@pytest.mark.usefixtures("workers")
def test_a_job_is_paused_while_it_runs_and_goes_on_where_it_was(
    as_role: AsRole, workspace: Workspace, service: CountingService
) -> None:
    calls = [{"kind": "http", "parameters": {"url": f"{service.url}/gate"}}] * 3
    job = save_job(
        workspace=workspace,
        document={"key": "task:wait", "configuration": {"max_concurrent_requests": 1}, "payload": calls},
        actor="ada",
    )
    run_id = start_run(job=job, trigger=Trigger.MANUAL, actor="ada")
    visit = as_role(Role.OPERATOR)
    page = visit.go("/ui/w/acme/jobs/task:wait/")
    page.get_by_label("More about task:wait").click()
    page.get_by_role("link", name="Pause …").click()
    page.get_by_role("dialog").get_by_label("Note").fill("the service is overloaded")
    page.get_by_role("dialog").get_by_role("button", name="Pause").click()
    expect(page.get_by_role("main")).to_contain_text("the service is overloaded")
    service.calls.open_gate(1)
    page.goto(f"{visit.base}/ui/w/acme/runs/{run_id}/")
    heading = page.get_by_role("heading", level=1)
    expect(heading).to_contain_text("PAUSED", timeout=WITHIN)

    page.goto(f"{visit.base}/ui/w/acme/jobs/task:wait/")
    page.get_by_label("More about task:wait").click()
    page.get_by_role("link", name="Resume …").click()
    page.get_by_role("dialog").get_by_role("button", name="Resume").click()
    expect(page.get_by_role("main")).not_to_contain_text("the service is overloaded")
    page.goto(f"{visit.base}/ui/w/acme/runs/{run_id}/")
    expect(heading).to_contain_text("COMPLETED", timeout=WITHIN)
    expect(page.locator("#run-head")).to_contain_text("3 of 3 payloads")
    assert len(service.calls.all()) == 3  # none was asked twice
    visit.assert_calm()


class TestEditing:
    def test_the_second_of_two_is_told_and_loses_nothing(self, as_role: AsRole, workspace: Workspace) -> None:
        job = make_job(workspace, "task:shared")
        visits = [as_role(Role.EDITOR) for _ in range(2)]
        for number, visit in enumerate(visits):
            visit.go("/ui/w/acme/jobs/task:shared/edit/")
            visit.page.get_by_label("Description", exact=True).fill(f"what editor {number} thinks")
        for visit in visits:
            visit.page.get_by_role("button", name="Save", exact=True).click()
        expect(visits[0].page.get_by_text("task:shared is saved.")).to_be_visible()
        second = visits[1].page
        expect(second.get_by_role("alert")).to_contain_text("Somebody changed this job while you edited it")
        expect(second.get_by_label("Description", exact=True)).to_have_value("what editor 1 thinks")
        job.refresh_from_db()
        assert job.description == "what editor 0 thinks"

    def test_what_was_typed_is_not_left_without_a_question(self, as_role: AsRole, workspace: Workspace) -> None:
        make_job(workspace, "task:typed")
        page = as_role(Role.EDITOR).go("/ui/w/acme/jobs/task:typed/edit/")
        asked: list[str] = []

        def stay(dialog: Dialog) -> None:
            asked.append(dialog.type)
            dialog.dismiss()

        page.on("dialog", stay)
        page.get_by_label("Description", exact=True).fill("a long story")
        page.get_by_role("navigation", name="Main").get_by_role("link", name="Runs").click(no_wait_after=True)
        page.wait_for_timeout(300)
        assert asked == ["beforeunload"]
        expect(page.get_by_label("Description", exact=True)).to_have_value("a long story")

    def test_nor_after_it_was_refused(self, as_role: AsRole, workspace: Workspace) -> None:
        make_job(workspace, "task:typed")
        page = as_role(Role.EDITOR).go("/ui/w/acme/jobs/task:typed/edit/")
        page.get_by_label("Time-out").fill("nonsense")
        page.get_by_role("button", name="Save", exact=True).click()
        expect(page.get_by_label("Time-out")).to_have_attribute("aria-invalid", "true")
        asked: list[str] = []

        def stay(dialog: Dialog) -> None:
            asked.append(dialog.type)
            dialog.dismiss()

        page.on("dialog", stay)
        page.mouse.click(5, 5)  # a browser asks only on behalf of somebody who has done something on the page
        page.get_by_role("navigation", name="Main").get_by_role("link", name="Runs").click(no_wait_after=True)
        page.wait_for_timeout(300)
        assert asked == ["beforeunload"]
        expect(page.get_by_label("Time-out")).to_have_value("nonsense")


def test_a_jobs_page_shows_the_run_that_begins_meanwhile(as_role: AsRole, workspace: Workspace) -> None:
    job = make_job(workspace, "task:watched")
    visit = as_role(Role.VIEWER)
    page = visit.go("/ui/w/acme/jobs/task:watched/")
    expect(page.locator("#job-runs")).to_contain_text("It has not run yet.")
    run_id = start_run(job=job, trigger=Trigger.MANUAL, actor="ada")
    expect(page.locator("#job-runs").get_by_role("link", name=str(run_id))).to_be_visible(timeout=30_000)
    expect(page.locator("#job-standing")).not_to_contain_text("never")
    visit.look()
