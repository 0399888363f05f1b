"""What a person does with notifications."""

from __future__ import annotations

from playwright.sync_api import expect

from jobs.models import Role, Workspace
from sinks.models import Rule
from sinks.services.naming import save_sink
from tests.acceptance.worker import Worker
from tests.browser.conftest import AsRole


def test_a_rule_is_added_mended_tested_and_disabled(as_role: AsRole, workspace: Workspace, workers: Worker) -> None:
    save_sink(workspace=workspace, document={"name": "pager", "kind": "log"}, actor="ann")
    visit = as_role(Role.EDITOR)
    page = visit.go("/ui/w/acme/notifications/")
    page.get_by_role("link", name="New rule").first.click()
    page.get_by_label("Name").fill("on-call")
    page.get_by_label("a run takes far too long").check()
    page.get_by_label("Failures in a row").fill("0")
    page.get_by_label("Tags").fill("nightly, shop")
    page.get_by_label("Through the sink").select_option("pager")
    page.get_by_role("button", name="Save").click()
    expect(page.locator("#id_in_a_row_error")).to_contain_text("at least 1")
    visit.expect_complaint("422")
    visit.look()

    page.get_by_label("Failures in a row").fill("2")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("on-call")
    rule = Rule.objects.get()
    assert rule.document["events"] == ["failed", "recovered", "stuck"]
    assert (rule.document["in_a_row"], rule.document["jobs"]) == (2, {"tags": ["nightly", "shop"]})

    page.get_by_role("button", name="Test the sink").click()
    expect(page.locator("#sink-test")).to_contain_text("It can be reached")

    page.get_by_role("link", name="Disable").click()
    page.get_by_role("dialog").get_by_role("button", name="Disable").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("DISABLED")
    rule.refresh_from_db()
    assert not rule.enabled
    visit.look()
