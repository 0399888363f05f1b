"""A run's page, with a real worker: it is watched to its end, terminated, and what failed of it run again."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from jobs.models import Role, Run, Workspace
from jobs.services.jobs import save_job
from jobs.services.runs import start_run
from jobs.states import Trigger
from tests.browser.conftest import AsRole
from tests.browser.pictures.runs import a_failed_run, a_run_at_work
from tests.integration.people import make_job
from tests.integration.run_rows import make_log_line

WITHIN = 20_000
FROM_END = "each => each.scrollHeight - each.scrollTop - each.clientHeight"


class TestTheList:
    def test_a_job_is_found_by_a_part_of_its_key(self, as_role: AsRole, workspace: Workspace) -> None:
        wanted, other = (make_job(workspace, key) for key in ("task:nightly-export", "task:ping"))
        for job in (wanted, other):
            start_run(job=job, trigger=Trigger.MANUAL)
        visit = as_role(Role.VIEWER)
        page = visit.go("/ui/w/acme/runs/")
        field = page.get_by_role("combobox", name="Job")
        field.press_sequentially("night")
        option = page.locator("#suggested-job option")
        expect(option).to_have_count(1, timeout=WITHIN)
        field.fill(
            option.get_attribute("value") or ""
        )  # the list of a field is the browser's own: it has no element to click
        expect(page.locator("#list")).not_to_contain_text("task:ping", timeout=WITHIN)
        expect(page.locator("#list")).to_contain_text("task:nightly-export")
        assert "job=task%3Anightly-export" in page.url
        visit.assert_calm()


@pytest.mark.usefixtures("workers")
class TestAtWork:
    def test_a_run_is_watched_to_its_end(self, as_role: AsRole, workspace: Workspace) -> None:
        run_id = start_run(job=make_job(workspace, payloads=200), trigger=Trigger.MANUAL, actor="ada")
        visit = as_role(Role.OPERATOR)
        page = visit.go(f"/ui/w/acme/runs/{run_id}/")
        expect(page.get_by_role("heading", level=1)).to_contain_text("COMPLETED", timeout=WITHIN)
        expect(page.locator("#run-head")).to_contain_text("200 of 200 payloads")
        visit.assert_calm()

    def test_its_results_are_replayed_to_the_sinks_that_the_job_has_now(
        self, as_role: AsRole, workspace: Workspace
    ) -> None:
        document = {"key": "task:kept", "configuration": {"keep_replays": 3}, "payload": [{"kind": "noop"}] * 2}
        job = save_job(workspace=workspace, document=document, actor="ada")
        run_id = start_run(job=job, trigger=Trigger.MANUAL, actor="ada")
        visit = as_role(Role.OPERATOR)
        page = visit.go(f"/ui/w/acme/runs/{run_id}/")
        heading = page.get_by_role("heading", level=1)
        expect(heading).to_contain_text("COMPLETED", timeout=WITHIN)
        save_job(workspace=workspace, document=document | {"sinks": [{"kind": "log", "name": "notes"}]}, actor="ada")
        page.reload()
        page.get_by_label("More about this run").click()
        page.get_by_role("link", name="Replay").click()
        page.get_by_role("dialog").get_by_role("button", name="Replay").click()
        expect(heading).not_to_contain_text(f"run {run_id}", timeout=WITHIN)
        expect(heading).to_contain_text("COMPLETED", timeout=WITHIN)
        replay = Run.objects.get(origin_id=run_id)
        assert (replay.trigger, replay.total) == (Trigger.REPLAY, 2)
        page.goto(f"{visit.base}/ui/w/acme/runs/{replay.pk}/deliveries/")
        expect(page.locator("#list")).to_contain_text("DELIVERED", timeout=WITHIN)
        visit.assert_calm()


class TestVerbs:
    def test_terminating_says_what_will_happen_and_the_page_shows_that_it_did(
        self, as_role: AsRole, workspace: Workspace
    ) -> None:
        run = a_run_at_work(workspace)
        visit = as_role(Role.OPERATOR)
        page = visit.go(f"/ui/w/acme/runs/{run.pk}/")
        page.get_by_role("link", name="Terminate").click()
        dialog = page.get_by_role("dialog")
        expect(dialog).to_contain_text("queued payload(s) are cancelled")
        visit.look()
        dialog.get_by_label("Note").fill("wrong data")
        dialog.get_by_role("button", name="Terminate").click()
        expect(page.get_by_role("heading", level=1)).to_contain_text("CANCEL", timeout=WITHIN)
        run.refresh_from_db()
        assert run.stop is not None
        assert run.stop["note"] == "wrong data"

    def test_what_failed_is_run_again_and_the_new_run_follows(self, as_role: AsRole, workspace: Workspace) -> None:
        run = a_failed_run(workspace)
        visit = as_role(Role.OPERATOR)
        page = visit.go(f"/ui/w/acme/runs/{run.pk}/")
        page.get_by_role("link", name="Rerun failed").click()
        page.get_by_role("dialog").get_by_role("button", name="Rerun failed").click()
        expect(page.get_by_role("heading", level=1)).not_to_contain_text(f"run {run.pk}", timeout=WITHIN)
        assert Run.objects.get(origin=run).total == 2

    def test_escape_does_nothing_to_the_run(self, as_role: AsRole, workspace: Workspace) -> None:
        run = a_run_at_work(workspace)
        page = as_role(Role.OPERATOR).go(f"/ui/w/acme/runs/{run.pk}/")
        page.get_by_role("link", name="Terminate").click()
        expect(page.get_by_role("dialog")).to_be_visible()
        page.keyboard.press("Escape")
        expect(page.get_by_role("dialog")).to_be_hidden()
        run.refresh_from_db()
        assert run.stop is None

    def test_a_viewer_is_offered_nothing(self, as_role: AsRole, workspace: Workspace) -> None:
        run = a_run_at_work(workspace)
        page = as_role(Role.VIEWER).go(f"/ui/w/acme/runs/{run.pk}/")
        expect(page.get_by_role("link", name="Terminate")).to_have_count(0)


class TestALogOfARunAtWork:
    def test_follows_while_its_reader_is_at_its_end(self, as_role: AsRole, workspace: Workspace) -> None:
        run = a_run_at_work(workspace)
        for number in range(200):
            make_log_line(run, 0, f"line {number}")
        visit = as_role(Role.VIEWER)
        page = visit.go(f"/ui/w/acme/runs/{run.pk}/log/")
        box = page.locator("[data-follow]")
        assert box.evaluate(FROM_END) < 5
        make_log_line(run, 0, "and then this")
        expect(page.get_by_text("and then this")).to_be_visible(timeout=WITHIN)
        assert box.evaluate(FROM_END) < 5
        box.evaluate("each => { each.scrollTop = 0; }")
        make_log_line(run, 0, "and at last this")
        expect(page.get_by_text("and at last this")).to_be_attached(timeout=WITHIN)
        assert box.evaluate("each => each.scrollTop") == 0
        visit.look()

    def test_what_is_searched_stays_searched(self, as_role: AsRole, workspace: Workspace) -> None:
        run = a_run_at_work(workspace)
        make_log_line(run, 0, "red apple")
        make_log_line(run, 0, "green pear")
        page = as_role(Role.VIEWER).go(f"/ui/w/acme/runs/{run.pk}/log/")
        page.get_by_label("Text").fill("apple")
        expect(page.get_by_text("green pear")).to_have_count(0, timeout=WITHIN)
        page.get_by_label("Text").blur()
        make_log_line(run, 0, "another apple")
        expect(page.get_by_text("another apple")).to_be_visible(timeout=WITHIN)
        expect(page.get_by_text("green pear")).to_have_count(0)


class TestFilters:
    def test_a_page_that_looks_again_keeps_its_filter(self, as_role: AsRole, workspace: Workspace) -> None:
        run = a_run_at_work(workspace)
        page = as_role(Role.VIEWER).go(f"/ui/w/acme/runs/{run.pk}/")
        page.get_by_label("State").select_option("succeeded")
        expect(page.locator("#list")).not_to_contain_text("queued", timeout=WITHIN)
        page.get_by_label("State").blur()
        with page.expect_request(lambda request: "state=succeeded" in request.url, timeout=WITHIN):
            pass  # it asks again, for the same
        expect(page.locator("#list")).not_to_contain_text("queued")

    def test_a_filter_stands_in_the_address_and_narrows_the_payloads(
        self, as_role: AsRole, workspace: Workspace
    ) -> None:
        run = a_failed_run(workspace)
        visit = as_role(Role.VIEWER)
        page = visit.go(f"/ui/w/acme/runs/{run.pk}/")
        page.get_by_label("State").select_option("failed")
        expect(page.locator("#list tbody tr")).to_have_count(2)
        assert "state=failed" in page.url
        page.reload()
        expect(page.locator("#list tbody tr")).to_have_count(2)
        visit.assert_calm()


def test_the_list_of_runs_shows_what_begins_meanwhile_at_the_same_filter(as_role: AsRole, workspace: Workspace) -> None:
    job = make_job(workspace)
    page = as_role(Role.VIEWER).go("/ui/w/acme/runs/?job=task:ping")
    expect(page.locator("#list tbody tr")).to_have_count(0)
    start_run(job=job, trigger=Trigger.MANUAL, actor="ada")
    start_run(job=make_job(workspace, "task:other"), trigger=Trigger.MANUAL, actor="ada")
    expect(page.locator("#list tbody tr")).to_have_count(1, timeout=WITHIN)
