"""The Scheduler as a person uses it: schedules of each kind are made by form and fire, are paused, explained, backfilled."""

from __future__ import annotations

import datetime as dt
import re
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from jobs.models import Job, Role, Workspace
from scheduler.models import Schedule
from tests.acceptance.worker import Worker
from tests.browser.conftest import AsRole
from tests.integration.people import make_job
from tests.integration.schedule_rows import make_schedule

BASE = "/ui/w/acme/schedules/"
PATIENCE = 90_000
"""Milliseconds: what fires by the minute may take one."""


def fill(page: Page, **fields: str) -> None:
    """Type into fields of the form by their names; choose where there is a choice."""
    for name, value in fields.items():
        field = page.locator(f"[name='{name}']")
        if field.evaluate("each => each.tagName") == "SELECT":
            field.select_option(value)
        else:
            field.fill(value)


def in_zone(seconds: float) -> str:
    """An instant so many seconds from now, on UTC's clock."""
    return (dt.datetime.now(dt.UTC) + dt.timedelta(seconds=seconds)).strftime("%Y-%m-%dT%H:%M:%SZ")


def soon() -> dict[str, dict[str, str]]:
    """Of each kind of trigger one that fires within a minute."""
    next_minute = dt.datetime.now(dt.UTC) + dt.timedelta(seconds=61)
    return {
        "job": {"triggers__0__jobs__0": "task:cron"},
        "cron": {"triggers__0__expression": "*/2 * * * * ?"},
        "interval": {"triggers__0__start": in_zone(8), "triggers__0__interval": "1", "triggers__0__unit": "hour"},
        "every": {"triggers__0__every": "2s"},
        "iso8601": {"triggers__0__expression": f"R3/{in_zone(8)}/PT2S"},
        "calendar": {
            "triggers__0__calendars__0__hour": "*",
            "triggers__0__calendars__0__minute": "*",
            "triggers__0__calendars__0__second": "0-59/2",
        },
        "once": {"triggers__0__at": in_zone(8)},
        "random": {"triggers__0__minimum": "1s", "triggers__0__maximum": "3s"},
        "frequency": {
            "triggers__0__frequency": "hourly",
            "triggers__0__start_date": next_minute.strftime("%Y-%m-%dT%H:%M"),
        },
    }


def test_a_schedule_of_each_kind_is_made_by_form_and_fires(
    as_role: AsRole, workspace: Workspace, workers: Worker
) -> None:
    for kind in soon():
        make_job(workspace, f"task:{kind}")
    visit = as_role(Role.EDITOR)
    for kind in soon():
        page = visit.go(f"{BASE}new/")
        page.locator("[name='triggers__0__type']").select_option(kind)
        fields = soon()[kind]
        page.locator(f"[name='{next(iter(fields))}']").wait_for()
        fill(page, job=f"task:{kind}", timezone="UTC", **fields)
        page.locator("#preview .sentence").wait_for()
        page.get_by_role("button", name="Save", exact=True).click()
        expect(page).to_have_url(re.compile(r"/schedules/\d+/$"))
    for schedule in Schedule.objects.select_related("job"):
        page = visit.go(f"{BASE}{schedule.pk}/")
        for _ in range(PATIENCE // 1000):
            if page.locator("#decisions").get_by_text("FIRED").count():
                break
            page.wait_for_timeout(1000)
            page.reload()
        expect(page.locator("#decisions").get_by_text("FIRED").first, schedule.job.key).to_be_visible()
    visit.assert_calm()


def test_what_is_wrong_is_told_beside_its_field_while_one_types(as_role: AsRole, workspace: Workspace) -> None:
    make_job(workspace, "task:ping")
    page = as_role(Role.EDITOR).go(f"{BASE}new/?job=task:ping")
    fill(page, triggers__0__expression="0 0 9 * * MON")
    wrong = page.locator("#id_triggers__0__expression_error")
    expect(wrong).to_contain_text("exactly one of day of month and day of week must be ?")
    fill(page, triggers__0__expression="0 30 2 ? * SUN", timezone="Europe/Berlin")
    expect(page.locator("#preview")).to_contain_text("02:30 does not exist in Europe/Berlin")
    expect(page.locator("#preview tbody tr")).to_have_count(10)
    expect(wrong).to_be_hidden()
    page.get_by_role("button", name="Once").click()
    expect(page.locator("[name='triggers__1__type']")).to_be_focused()
    fill(page, triggers__1__at="tomorrow")
    expect(page.locator("#id_triggers__1__at_error")).to_contain_text("expected a time")
    page.get_by_role("button", name="Take out trigger 2").click()
    expect(page.locator("[name='triggers__1__type']")).to_have_count(0)
    page.get_by_text("Blackouts and holidays").click()
    page.get_by_role("button", name="Public holidays").click()
    fill(page, exclusions__0__country="DE")
    page.locator("[name=exclusions__0__country]").press("Enter")  # saves, and takes nothing out
    expect(page.get_by_text("Schedule default of task:ping is saved.")).to_be_visible()
    assert Job.objects.get().schedules[0]["exclusions"] == [{"kind": "holidays", "country": "DE"}]


def test_the_second_of_two_who_edit_is_told(as_role: AsRole, workspace: Workspace) -> None:
    schedule = make_schedule(workspace)
    pages = [as_role(Role.EDITOR).go(f"{BASE}{schedule.pk}/edit/") for _ in range(2)]
    for number, page in enumerate(pages):
        page.get_by_text("Spreads the load").click()
        fill(page, jitter=f"{number + 1}m")
        page.get_by_role("button", name="Save", exact=True).click()
    expect(pages[0].get_by_text("is saved.")).to_be_visible()
    expect(pages[1].get_by_role("alert")).to_contain_text("was changed by somebody else")
    assert Job.objects.get().schedules[0]["jitter"] == "1m"


def test_pause_with_a_note_resume_skip_and_why(as_role: AsRole, workspace: Workspace) -> None:
    schedule = make_schedule(workspace)
    visit = as_role(Role.OPERATOR)
    page = visit.go(BASE)

    def choose(word: str, note: str = "") -> None:
        page.get_by_label("Actions for task:ping, default").click()
        page.locator(".menu-items").get_by_text(word, exact=True).click()
        dialog = page.get_by_role("dialog")
        dialog.get_by_label("Note").fill(note)
        dialog.get_by_role("button", name=word).click()

    choose("Pause", "the supplier is away")
    expect(page.get_by_text("Schedule default of task:ping is paused.")).to_be_visible()
    expect(page.locator("#list")).to_contain_text("the supplier is away")
    choose("Resume")
    expect(page.get_by_text("Schedule default of task:ping goes on.")).to_be_visible()
    choose("Skip next")
    expect(page.get_by_text("will not run on")).to_be_visible()
    schedule.refresh_from_db()
    assert len(schedule.skips) == 1
    page = visit.go(f"{BASE}{schedule.pk}/")
    expect(page.locator("#next")).to_contain_text("skipped: somebody asked to skip it")
    page.get_by_label("At", exact=True).fill("yesterday 09:17")
    page.get_by_role("button", name="Explain").click()
    expect(page.locator("#answer")).to_contain_text("it is no fire time of the schedule")
    visit.assert_calm()


def test_a_backfill_is_shown_first_and_then_runs_to_its_end(
    as_role: AsRole, workspace: Workspace, workers: Worker
) -> None:
    schedule = make_schedule(workspace, triggers=[{"type": "every", "every": "6h"}])
    Schedule.objects.update(anchor_at=dt.datetime.now(dt.UTC) - dt.timedelta(days=9))
    page = as_role(Role.OPERATOR).go(f"{BASE}{schedule.pk}/backfill/")
    day = (dt.datetime.now(dt.UTC) - dt.timedelta(days=3)).date().isoformat()
    fill(page, start=day, end=day, limit="2")
    page.get_by_role("button", name="Show what it would run").click()
    page.get_by_role("button", name="Begin: 4 runs").click()
    expect(page.locator("#progress")).to_contain_text("DONE", timeout=PATIENCE)
    expect(page.locator("#progress")).to_contain_text("4 / 4")
    expect(page.locator("#progress").get_by_text("COMPLETED")).to_have_count(5)


@pytest.mark.parametrize(("role", "seen"), [(Role.VIEWER, False), (Role.OPERATOR, False), (Role.EDITOR, True)])
def test_only_who_may_is_offered_a_new_schedule(as_role: AsRole, workspace: Workspace, role: Any, seen: bool) -> None:
    page = as_role(role).go(BASE)
    assert page.get_by_role("link", name="New schedule").count() == (2 if seen else 0)
