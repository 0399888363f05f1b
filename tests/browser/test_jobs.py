"""The list of jobs in a real browser: many are ticked and paused, and what became of it is seen."""

from __future__ import annotations

from playwright.sync_api import expect

from jobs.models import Job, Role, Workspace
from jobs.states import JobState
from tests.browser.conftest import AsRole
from tests.integration.datasources import make_datasource
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
