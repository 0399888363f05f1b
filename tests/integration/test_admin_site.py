"""What all pages have in common: how times are written, the icon, and what stands where nothing is."""

from __future__ import annotations

import datetime as dt

import pytest
from django.contrib.staticfiles import finders
from django.test import Client
from django.utils import timezone

from jobs.models import Role, Run, Workspace
from tests.integration.people import make_job, make_user, make_workspace, signed_in
from tests.integration.run_rows import make_attempt, make_run

pytestmark = pytest.mark.django_db

AT = dt.datetime(2026, 11, 22, 13, 4, 9, 5000, tzinfo=dt.UTC)


@pytest.fixture
def workspace() -> Workspace:
    return make_workspace()


@pytest.fixture
def viewer(workspace: Workspace) -> Client:
    return signed_in(make_user("vera", workspace=workspace, role=Role.VIEWER, is_staff=True))


@pytest.fixture
def run(workspace: Workspace) -> Run:
    run = make_run(make_job(workspace), "sf", created_at=AT, started_at=AT, ended_at=AT)
    make_attempt(run, 1, 1)
    return run


class TestTimes:
    @pytest.mark.parametrize("address", ["", "{}/change/"])
    def test_they_have_seconds_and_their_zone_in_lists_and_on_pages(
        self, viewer: Client, run: Run, address: str
    ) -> None:
        page = viewer.get("/admin/jobs/run/" + address.format(run.pk)).content.decode()
        assert "2026-11-22 13:04:09 UTC" in page
        assert "Nov. 22" not in page

    def test_the_page_of_a_payload_writes_them_so_too(self, viewer: Client, run: Run) -> None:
        page = viewer.get(f"/admin/jobs/run/{run.pk}/payloads/1/").content.decode()
        assert ">2026-11-21 12:00:00 UTC</time>" in page

    def test_they_are_in_the_present_zone(self, viewer: Client, run: Run) -> None:
        with timezone.override("Asia/Tokyo"):
            assert "2026-11-22 22:04:09 JST" in viewer.get(f"/admin/jobs/run/{run.pk}/change/").content.decode()


class TestIcon:
    def test_every_page_names_it_and_it_is_there(self, viewer: Client) -> None:
        assert 'href="/static/jobs/favicon.svg"' in viewer.get("/admin/").content.decode()
        assert finders.find("jobs/favicon.svg")

    def test_who_asks_for_it_without_being_told_is_led_to_it(self, client: Client) -> None:
        response = client.get("/favicon.ico")
        assert (response.status_code, response.headers["Location"]) == (302, "/static/jobs/favicon.svg")


class TestNothing:
    @pytest.mark.parametrize("address", ["/nothing", "/admin/jobs/run/1/payloads/0/"])
    def test_a_page_that_is_not_there_says_so_and_leads_back(self, viewer: Client, address: str) -> None:
        response = viewer.get(address)
        assert response.status_code == 404
        assert "There is nothing at this address" in response.content.decode()
        assert 'href="/ui/"' in response.content.decode()
