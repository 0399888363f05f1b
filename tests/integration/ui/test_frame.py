"""Getting in and out, short addresses, what a browser remembers, and the palette."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client

from jobs.models import Membership, Role, Workspace
from tests.integration.people import make_job, make_user, make_workspace, signed_in

pytestmark = pytest.mark.django_db


@pytest.fixture
def vera(workspace: Workspace) -> Client:
    return signed_in(make_user("vera", workspace=workspace, role=Role.VIEWER))


class TestWayIn:
    def test_the_site_begins_with_the_pages(self, client: Client) -> None:
        assert client.get("/").headers["Location"] == "/ui/"
        assert client.get("/ui/").headers["Location"] == "/ui/login/?next=/ui/"

    def test_who_has_an_account_gets_in_whether_or_not_the_administration_is_for_them(
        self, workspace: Workspace
    ) -> None:
        user = User.objects.create_user("vera", password="correct horse 7")
        Membership.objects.create(workspace=workspace, user=user, role=Role.VIEWER)
        browser = Client()
        answer = browser.post("/ui/login/?next=/ui/w/acme/", {"username": "vera", "password": "correct horse 7"})
        assert answer.headers["Location"] == "/ui/w/acme/"
        assert browser.get("/ui/w/acme/").status_code == 200

    def test_it_leads_to_no_other_site(self, workspace: Workspace) -> None:
        User.objects.create_user("vera", password="correct horse 7")
        answer = Client().post(
            "/ui/login/?next=https://evil.example/", {"username": "vera", "password": "correct horse 7"}
        )
        assert answer.headers["Location"] == "/ui/"

    def test_who_has_failed_too_often_is_locked_out(self, settings: Any) -> None:
        settings.AXES_FAILURE_LIMIT = 2
        User.objects.create_user("vera", password="correct horse 7")
        browser = Client()
        for _ in range(2):
            browser.post("/ui/login/", {"username": "vera", "password": "wrong"})
        assert browser.post("/ui/login/", {"username": "vera", "password": "correct horse 7"}).status_code == 429

    def test_logging_out_takes_a_post(self, vera: Client) -> None:
        assert vera.get("/ui/logout/").status_code == 405
        assert vera.post("/ui/logout/").headers["Location"] == "/ui/login/"
        assert vera.get("/ui/w/acme/").status_code == 302

    def test_a_part_of_a_page_is_not_the_login_page(self, client: Client) -> None:
        answer = client.get("/ui/w/acme/", headers={"HX-Request": "true"})
        assert (answer.status_code, answer.headers["HX-Refresh"]) == (401, "true")


class TestWorkspaces:
    def test_the_one_that_was_looked_at_last_is_kept(self) -> None:
        user = make_user("vera")
        for slug in ("alpha", "beta"):
            Membership.objects.create(workspace=make_workspace(slug), user=user, role=Role.VIEWER)
        browser = signed_in(user)
        assert browser.get("/ui/").headers["Location"] == "/ui/w/alpha/"
        browser.get("/ui/w/beta/")
        assert browser.get("/ui/").headers["Location"] == "/ui/w/beta/"
        assert browser.get("/ui/jobs/?state=draft").headers["Location"] == "/ui/w/beta/jobs/?state=draft"

    def test_who_is_in_none_is_told_so(self) -> None:
        page = signed_in(make_user("sue")).get("/ui/")
        assert page.status_code == 200
        assert "You are in no workspace yet" in page.content.decode()
        assert signed_in(make_user("tim")).get("/ui/jobs/").status_code == 404

    def test_the_switcher_offers_those_that_one_is_in(self, vera: Client) -> None:
        make_workspace("hidden")
        page = vera.get("/ui/w/acme/").content.decode()
        assert "Acme" in page
        assert "Hidden" not in page

    def test_the_administration_is_offered_to_staff(self, workspace: Workspace, vera: Client) -> None:
        ada = signed_in(make_user("ada", workspace=workspace, role=Role.OWNER, is_staff=True))
        assert 'href="/admin/"' in ada.get("/ui/w/acme/").content.decode()
        assert 'href="/admin/"' not in vera.get("/ui/w/acme/").content.decode()


class TestChoices:
    def test_the_theme_is_kept_and_the_page_comes_back(self, vera: Client) -> None:
        answer = vera.post("/ui/theme/", {"theme": "dark"}, headers={"Referer": "http://testserver/ui/w/acme/?x=1"})
        assert answer.headers["Location"] == "http://testserver/ui/w/acme/?x=1"
        assert 'data-theme="dark"' in vera.get("/ui/w/acme/").content.decode()

    def test_the_language_too(self, vera: Client) -> None:
        vera.post("/ui/language/", {"language": "de"})
        assert '<html lang="de"' in vera.get("/ui/w/acme/").content.decode()

    @pytest.mark.parametrize(("choice", "value"), [("theme", "pink"), ("language", "xx"), ("language", "../de")])
    def test_what_there_is_not_is_not_kept(self, vera: Client, choice: str, value: str) -> None:
        answer = vera.post(f"/ui/{choice}/", {choice: value}, headers={"Referer": "https://evil.example/"})
        assert answer.cookies == {}
        assert answer.headers["Location"] == "/ui/"

    def test_a_zone_that_is_none_is_utc(self, vera: Client) -> None:
        vera.cookies["ui_zone"] = "../../etc/passwd"
        assert vera.get("/ui/w/acme/").status_code == 200


class TestPalette:
    def found(self, browser: Client, asked: str, workspace: str = "acme") -> list[str]:
        answer = browser.get("/ui/palette/", {"workspace": workspace, "q": asked})
        assert answer.status_code == 200
        return [each["word"] for each in answer.json()["found"]]

    def test_it_finds_pages(self, vera: Client) -> None:
        assert "Dashboard" in self.found(vera, "dASH")
        assert self.found(vera, "nothing like it") == []

    def test_it_shows_nothing_of_other_workspaces(self, vera: Client) -> None:
        make_job(make_workspace("other"), "task:hidden")
        assert self.found(vera, "hidden") == []
        assert vera.get("/ui/palette/", {"workspace": "other", "q": "x"}).status_code == 404

    def test_what_is_no_number_of_a_run_is_none(self, vera: Client) -> None:
        assert self.found(vera, "9" * 40) == []


class TestLanguage:
    def test_the_api_speaks_english_to_all(self, vera: Client) -> None:
        answer = vera.get("/api/v1/workspaces/acme/runs/?limit=x", headers={"Accept-Language": "de"})
        assert "expected" in answer.content.decode()
        assert "Content-Language" not in answer.headers
