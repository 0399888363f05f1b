"""A secret goes in by its dialog, and is in no page afterwards."""

from __future__ import annotations

from playwright.sync_api import expect

from jobs.models import Role, Workspace
from jobs.services.secrets import read_secret
from tests.browser.conftest import AsRole


class TestASecret:
    def test_it_is_refused_once_then_saved_and_never_shown(self, as_role: AsRole, workspace: Workspace) -> None:
        visit = as_role(Role.OWNER)
        page = visit.go("/ui/w/acme/secrets/")
        page.get_by_role("link", name="New secret").first.click()
        dialog = page.get_by_role("dialog")
        dialog.get_by_label("Name").fill("1st")
        dialog.get_by_label("Value").fill("typed-and-secret")
        dialog.get_by_role("button", name="Save").click()
        expect(dialog.locator(".error")).to_contain_text("expected a letter")
        expect(dialog.get_by_label("Value")).to_have_value("")
        visit.expect_complaint("422")
        visit.look()
        dialog.get_by_label("Name").fill("partner-key")
        dialog.get_by_label("Value").fill("typed-and-secret")
        dialog.get_by_role("button", name="Save").click()
        expect(page.locator("#list")).to_contain_text("partner-key")
        assert "typed-and-secret" not in page.content()
        assert read_secret(workspace_id=workspace.pk, name="partner-key") == "typed-and-secret"
        visit.assert_calm()
