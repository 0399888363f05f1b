"""The list of jobs in a real browser: many are ticked and paused, and what became of it is seen."""

from __future__ import annotations

from pathlib import Path

from playwright.sync_api import expect

from jobs.models import Job, Role, Workspace
from jobs.states import JobState
from tests.acceptance.worker import Worker
from tests.browser.conftest import AsRole
from tests.integration.datasources import make_datasource, parameters
from tests.integration.people import make_job


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
