"""The frame: getting in, the palette, the keys, the theme."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import User
from playwright.sync_api import expect

from jobs.models import Membership, Role, Workspace
from tests.browser.conftest import AsRole
from tests.browser.pictures.dashboard import a_day
from tests.browser.visiting import Visit


class TestLogin:
    @pytest.fixture(autouse=True)
    def _vera(self, workspace: Workspace) -> None:
        user = User.objects.create_user("vera", password="correct horse 7")
        Membership.objects.create(workspace=workspace, user=user, role=Role.VIEWER)

    def test_who_is_not_logged_in_comes_back_to_what_they_asked_for(self, stranger: Visit) -> None:
        page = stranger.go("/ui/w/acme/?x=1")
        stranger.look()
        page.get_by_label("Username").fill("vera")
        page.get_by_label("Password").fill("correct horse 7")
        page.get_by_role("button", name="Log in").click()
        expect(page).to_have_url(f"{stranger.base}/ui/w/acme/?x=1")
        stranger.assert_calm()

    def test_a_wrong_password_is_told_of(self, stranger: Visit) -> None:
        page = stranger.go("/ui/login/")
        page.get_by_label("Username").fill("vera")
        page.get_by_label("Password").fill("wrong")
        page.get_by_role("button", name="Log in").click()
        expect(page.get_by_role("alert")).to_contain_text("correct username and password")
        stranger.look()


class TestPalette:
    def test_it_leads_to_a_page_by_keys_alone(self, as_role: AsRole) -> None:
        visit = as_role(Role.VIEWER)
        page = visit.go("/ui/w/acme/?from=elsewhere")
        page.keyboard.press("Control+k")
        expect(page.get_by_role("combobox")).to_be_focused()
        page.keyboard.type("dash")
        expect(page.get_by_role("option")).to_have_count(1)
        visit.look()
        page.keyboard.press("Enter")
        expect(page).to_have_url(f"{visit.base}/ui/w/acme/")

    def test_escape_closes_it(self, as_role: AsRole) -> None:
        page = as_role(Role.VIEWER).go("/ui/w/acme/")
        page.keyboard.press("Control+k")
        page.keyboard.press("Escape")
        expect(page.get_by_role("combobox")).to_be_hidden()


def test_a_question_mark_shows_the_keys(as_role: AsRole) -> None:
    visit = as_role(Role.VIEWER)
    page = visit.go("/ui/w/acme/")
    page.keyboard.press("?")
    expect(page.get_by_role("heading", name="Keys")).to_be_visible()
    visit.look()


def test_the_theme_that_was_chosen_stays(as_role: AsRole) -> None:
    page = as_role(Role.VIEWER, name="vera").go("/ui/w/acme/")
    page.get_by_label("You: vera").click()
    page.get_by_role("button", name="Dark").click()
    page.reload()
    expect(page.locator("html")).to_have_attribute("data-theme", "dark")


def test_on_a_phone_the_navigation_is_a_drawer(as_role: AsRole) -> None:
    visit = as_role(Role.VIEWER)
    page = visit.go("/ui/w/acme/")
    page.set_viewport_size({"width": 390, "height": 844})
    expect(page.get_by_role("link", name="Dashboard")).to_be_hidden()
    page.get_by_role("button", name="Navigation").click()
    expect(page.get_by_role("link", name="Dashboard")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.get_by_role("link", name="Dashboard")).to_be_hidden()


def test_times_say_which_instant_they_are(as_role: AsRole, workspace: Workspace) -> None:
    a_day(workspace)
    page = as_role(Role.VIEWER).go("/ui/w/acme/")
    page.locator("time.when").last.focus()
    expect(page.get_by_role("tooltip")).to_contain_text("Europe/Berlin (your time)")
    expect(page.get_by_role("tooltip")).to_contain_text("UTC")


def test_what_is_not_there_is_said_in_the_same_look(as_role: AsRole) -> None:
    visit = as_role(Role.VIEWER)
    visit.page.goto(f"{visit.base}/ui/w/acme/nothing/")
    visit.complaints.clear()  # the console may tell of the 404
    expect(visit.page.get_by_role("heading")).to_have_text("There is nothing at this address")
    visit.look()
