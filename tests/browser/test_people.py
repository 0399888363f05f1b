"""What an owner does with people and tokens: somebody is added and becomes more, a token is seen once, and the audit tells."""

from __future__ import annotations

import urllib.error
import urllib.request

from playwright.sync_api import Page, expect

from jobs.models import ApiToken, Membership, Role, ServiceAccount, Workspace
from tests.browser.conftest import AsRole
from tests.browser.visiting import Visit
from tests.integration.people import make_job, make_user

COPIED = "navigator.clipboard.readText()"


def status_of(visit: Visit, token: str) -> int:
    """What the API answers to a program that has this token."""
    asked = urllib.request.Request(
        f"{visit.base}/api/v1/workspaces/acme/jobs/", headers={"Authorization": f"Bearer {token}"}
    )
    try:
        with urllib.request.urlopen(asked, timeout=20) as answer:
            return int(answer.status)
    except urllib.error.HTTPError as error:
        return error.code


def make_token(page: Page, name: str) -> str:
    """By the form; the token that the page shows."""
    page.get_by_role("textbox", name="Name").fill(name)
    page.get_by_role("checkbox", name="run jobs").check()
    page.get_by_role("button", name="Make the token").click()
    return page.get_by_label("Token", exact=True).input_value()


class TestTokens:
    def test_one_is_seen_once_copied_used_and_revoked(self, as_role: AsRole, workspace: Workspace) -> None:
        make_job(workspace)
        visit = as_role(Role.OWNER)
        page = visit.go("/ui/w/acme/tokens/")
        page.context.grant_permissions(["clipboard-read", "clipboard-write"])
        page.get_by_role("link", name="New token").first.click()
        expect(page.get_by_label("Last day")).to_be_hidden()
        token = make_token(page, "ci")
        assert token.startswith("jobs_")
        assert token not in page.url
        page.get_by_role("button", name="Copy").click()
        expect(page.locator(".toast")).to_contain_text("Copied.")
        assert page.evaluate(COPIED) == token
        assert status_of(visit, token) == 200

        page.reload()
        expect(page.get_by_role("heading", level=1)).to_have_text("Tokens")
        assert token not in page.content()
        assert ApiToken.objects.count() == 1, "a reload makes no other one"
        page.get_by_role("link", name="Revoke ci").click()
        dialog = page.get_by_role("dialog")
        expect(dialog).to_contain_text("It opens: read, run jobs, in Acme.")
        dialog.get_by_role("button", name="Revoke").click()
        expect(page.get_by_text("There is no token yet")).to_be_visible()
        assert status_of(visit, token) == 401
        visit.assert_calm()

    def test_what_is_wrong_stands_beside_its_field(self, as_role: AsRole) -> None:
        visit = as_role(Role.VIEWER)
        page = visit.go("/ui/w/acme/tokens/new/")
        page.get_by_role("textbox", name="Name").fill("ci")
        page.get_by_label("Expires").select_option("day")
        page.get_by_label("Last day").fill("2001-01-01")
        page.get_by_role("button", name="Make the token").click()
        expect(page.locator(".field.wrong")).to_contain_text("expected a time that is still to come")
        expect(page.get_by_role("textbox", name="Name")).to_have_value("ci")
        visit.expect_complaint("422")
        visit.look()
        assert not ApiToken.objects.exists()


class TestMembers:
    def test_one_is_added_and_becomes_more(self, as_role: AsRole, workspace: Workspace) -> None:
        mia = make_user("mia")
        visit = as_role(Role.OWNER)
        page = visit.go("/ui/w/acme/members/")
        page.get_by_role("link", name="Add member").click()
        dialog = page.get_by_role("dialog")
        dialog.get_by_label("User name").fill("nobody")
        dialog.get_by_role("button", name="Add").click()
        expect(dialog).to_contain_text("there is no active user 'nobody'")
        visit.expect_complaint("422")
        dialog.get_by_label("User name").fill("mia")
        dialog.get_by_role("button", name="Add").click()
        row = page.get_by_role("row", name="mia")
        expect(row).to_contain_text("viewer")

        row.get_by_label("Actions for mia").click()
        row.get_by_role("link", name="Change the role").click()
        dialog.get_by_label("Role").select_option("editor")
        dialog.get_by_role("button", name="Change the role").click()
        expect(row).to_contain_text("editor")
        assert Membership.objects.get(user=mia).role == Role.EDITOR

        row.get_by_label("Actions for mia").click()
        row.get_by_role("link", name="What they did").click()
        expect(page.get_by_role("heading", level=1)).to_have_text("Audit")
        expect(page.get_by_text("No entry fits these filters.")).to_be_visible()
        visit.assert_calm()

    def test_a_program_gets_an_account_and_a_token(self, as_role: AsRole) -> None:
        visit = as_role(Role.OWNER)
        page = visit.go("/ui/w/acme/members/service-accounts/")
        page.get_by_role("link", name="New service account").first.click()
        dialog = page.get_by_role("dialog")
        dialog.get_by_label("Name").fill("pipeline")
        dialog.get_by_label("Role").select_option("operator")
        dialog.get_by_role("button", name="Make the service account").click()
        page.get_by_role("link", name="New token pipeline").click()
        expect(page.get_by_label("Whose")).to_have_value("pipeline")
        token = make_token(page, "build-server")
        made = ApiToken.objects.get()
        assert made.user == ServiceAccount.objects.get(name="pipeline").user
        assert status_of(visit, token) == 200
        visit.assert_calm()


class TestAudit:
    def test_filters_stand_in_the_address_and_an_entry_shows_what_was_changed(
        self, as_role: AsRole, workspace: Workspace
    ) -> None:
        make_job(workspace)
        visit = as_role(Role.OWNER, name="olga")
        page = visit.go("/ui/w/acme/rename/")
        page.get_by_role("textbox", name="Name").fill("Acme Corporation")
        page.get_by_role("button", name="Rename").click()
        expect(page.locator(".toast")).to_contain_text("The workspace is called Acme Corporation now.")
        expect(page.get_by_role("heading", level=1)).to_have_text("Workspaces")
        visit.go("/ui/w/acme/audit/")
        rows = page.locator("#list tbody tr")
        expect(rows).to_have_count(2)
        page.get_by_role("combobox", name="What").select_option("workspace.")
        expect(rows).to_have_count(1)
        assert "action=workspace." in page.url
        page.reload()
        expect(rows).to_have_count(1)
        with page.expect_download() as download:
            page.get_by_role("link", name="CSV").click()
        assert "workspace.changed" in download.value.path().read_text()
        page.get_by_role("link", name="workspace.changed").click()
        expect(page.locator("del")).to_have_text("Acme")
        expect(page.locator("ins")).to_have_text("Acme Corporation")
        expect(page.locator("#main")).to_contain_text("these pages")
        visit.assert_calm()
