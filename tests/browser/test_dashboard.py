"""The dashboard as somebody watches it."""

from __future__ import annotations

from playwright.sync_api import Page, expect

from jobs.models import Role, Run, Workspace
from jobs.services.runs import trigger_run
from jobs.states import Trigger
from tests.acceptance.worker import Worker
from tests.browser.conftest import AsRole
from tests.integration.people import make_job
from tests.integration.schedule_rows import make_schedule

_WATCH_SHIFTS = """window.shifts = 0; new PerformanceObserver((seen) => {
    for (const each of seen.getEntries()) window.shifts += each.value;
}).observe({ type: "layout-shift" })"""

_STREAM_THAT_OPENS = """window.EventSource = class extends EventTarget {
    constructor() { super(); this.readyState = 1; window.stream = this; setTimeout(() => this.onopen && this.onopen(), 0); }
    close() { this.readyState = 2; }
}; window.EventSource.OPEN = 1; window.EventSource.CLOSED = 2;"""
"""A stream that is open, and has not begun yet."""


def figure(page: Page, words: str) -> str:
    """The number above some words."""
    return page.locator(".figure", has_text=words).locator("b").inner_text()


def test_it_follows_what_happens_in_place(as_role: AsRole, workspace: Workspace, workers: Worker) -> None:
    job = make_job(workspace, payloads=3)
    visit = as_role(Role.VIEWER)
    page = visit.go("/ui/w/acme/")
    expect(page.locator("[data-live-mark].on")).to_be_visible()
    assert page.locator(".legend b").first.inner_text() == "0"
    trigger_run(job=job, trigger=Trigger.MANUAL, actor="vera")
    expect(page.locator(".legend b").first).to_have_text("1", timeout=20_000)
    assert figure(page, "failed in 24 h") == "0"
    visit.assert_calm()


def test_what_happens_before_its_stream_begins_is_shown_as_well(
    as_role: AsRole, workspace: Workspace, workers: Worker
) -> None:
    job = make_job(workspace)
    visit = as_role(Role.VIEWER)
    visit.page.add_init_script(_STREAM_THAT_OPENS)
    page = visit.go("/ui/w/acme/")
    expect(page.locator("[data-live-mark].on")).to_be_visible()
    run = trigger_run(job=job, trigger=Trigger.MANUAL, actor="vera")
    while not Run.objects.filter(pk=run.run_id, state="succeeded").exists():
        page.wait_for_timeout(100)
    assert page.locator(".legend b").first.inner_text() == "0"
    page.evaluate("window.stream.dispatchEvent(new MessageEvent('ready', {data: '{}'}))")
    expect(page.locator(".legend b").first).to_have_text("1", timeout=10_000)


def test_what_is_live_moves_nothing_that_was_there(as_role: AsRole, workspace: Workspace, workers: Worker) -> None:
    job = make_job(workspace, payloads=3)
    trigger_run(job=job, trigger=Trigger.MANUAL, actor="vera")
    page = as_role(Role.VIEWER).go("/ui/w/acme/")
    expect(page.locator(".rows .value").first).to_be_visible(timeout=20_000)
    page.evaluate(_WATCH_SHIFTS)
    before = page.locator(".legend b").first.inner_text()
    trigger_run(job=job, trigger=Trigger.MANUAL, actor="vera")
    expect(page.locator(".legend b").first).not_to_have_text(before, timeout=20_000)
    assert page.evaluate("window.shifts") == 0


def test_a_lost_connection_is_shown_and_heals(as_role: AsRole) -> None:
    page = as_role(Role.VIEWER).go("/ui/w/acme/")
    page.context.set_offline(True)
    expect(page.get_by_text("Connection lost")).to_be_visible()
    page.context.set_offline(False)
    expect(page.get_by_text("Connected again")).to_be_visible()
    expect(page.get_by_text("Connected again")).to_be_hidden(timeout=10_000)


def test_it_is_told_in_german(as_role: AsRole) -> None:
    visit = as_role(Role.VIEWER, name="vera")
    page = visit.go("/ui/w/acme/")
    page.get_by_label("You: vera").click()
    page.get_by_role("button", name="Deutsch").click()
    expect(page.get_by_role("heading", name="Übersicht")).to_be_visible()
    visit.look()


def test_what_is_put_in_anew_keeps_the_focus(as_role: AsRole, workspace: Workspace) -> None:
    make_schedule(workspace)
    page = as_role(Role.VIEWER).go("/ui/w/acme/")
    page.locator(".rows time.when").focus()
    page.evaluate("document.querySelector('.rows').id = 'old'")
    page.locator("#figures").dispatch_event("live:news")
    expect(page.locator("#old")).to_have_count(0)
    expect(page.locator(".rows time.when")).to_be_focused()
