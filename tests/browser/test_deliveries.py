"""A sink is made by its form, tested by a real worker, used by a job, and delivered to."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from jobs.models import Role, Workspace
from jobs.services.runs import start_run
from jobs.states import Trigger
from sinks.models import Delivery, Sink
from tests.browser.conftest import AsRole
from tests.browser.pictures.deliveries import some_sinks
from tests.integration.people import make_job

WITHIN = 20_000


@pytest.mark.usefixtures("workers")
class TestASink:
    def test_it_is_made_by_its_form_tested_used_and_delivered_to(self, as_role: AsRole, workspace: Workspace) -> None:
        visit = as_role(Role.EDITOR)
        page = visit.go("/ui/w/acme/sinks/")
        page.get_by_role("link", name="Add the first").click()
        page.locator("a.panel", has_text="Lines in the workers' own log").click()
        page.get_by_label("Name", exact=True).fill("journal")
        page.get_by_role("button", name="Test the connection").click()
        expect(page.locator("#sink-test")).to_contain_text("OK", timeout=WITHIN)
        assert not Sink.objects.exists()
        page.get_by_role("button", name="Save").click()
        expect(page.get_by_role("heading", level=1)).to_have_text("journal")
        page.get_by_role("button", name="Test", exact=True).click()
        expect(page.locator("#sink-test")).to_contain_text("OK", timeout=WITHIN)
        start_run(job=make_job(workspace, "task:report", sinks=[{"sink": "journal"}]), trigger=Trigger.MANUAL)
        expect(page.locator("#standing")).to_contain_text("DELIVERED", timeout=WITHIN)
        page.locator("#standing td a").first.click()
        expect(page.get_by_role("heading", level=1)).to_contain_text("Delivery")
        expect(page.locator("#delivery")).to_contain_text("task:report")
        visit.assert_calm()


class TestSlower:
    def test_who_was_slower_is_told_and_may_save_again(self, as_role: AsRole, workspace: Workspace) -> None:
        sink = some_sinks(workspace)
        visit = as_role(Role.EDITOR)
        page = visit.go("/ui/w/acme/sinks/partner-b/edit/")
        page.get_by_label("Description").fill("mine")
        Sink.objects.filter(pk=sink.pk).update(version=7)
        page.get_by_role("button", name="Save").click()
        expect(page.get_by_role("alert").first).to_contain_text("Somebody changed this sink")
        visit.expect_complaint("409")
        visit.look()
        page.get_by_role("button", name="Save").click()
        expect(page.get_by_role("heading", level=1)).to_have_text("partner-b")
        assert Sink.objects.get(pk=sink.pk).description == "mine"


class TestAgain:
    def test_ticked_ones_are_made_again(self, as_role: AsRole, workspace: Workspace) -> None:
        some_sinks(workspace)
        dead = Delivery.objects.filter(state="dead").latest("pk")
        visit = as_role(Role.OPERATOR)
        page = visit.go("/ui/w/acme/deliveries/?state=dead")
        page.get_by_label(f"Choose delivery {dead.pk}").check()
        expect(page.locator("[data-ticked]")).to_have_text("1")
        page.get_by_role("button", name="Deliver again").click()
        page.get_by_role("dialog").get_by_role("button", name="Deliver again").click()
        expect(page.locator("body")).to_contain_text("1 delivery will be made again")
        dead.refresh_from_db()
        assert dead.state == "due"
        visit.assert_calm()
