"""Backfills in the admin, asked for on a schedule's page, listed with their progress, cancelled; and the load to come."""

from __future__ import annotations

import datetime as dt
import re
from typing import Any

import pytest
from django.test import Client

from jobs.models import Run, Workspace
from scheduler.models import Backfill, BackfillTime, Schedule
from scheduler.services.backfills import create_backfill
from tests.integration.run_rows import make_run
from tests.integration.schedule_interfaces.test_admin_schedules import words
from tests.integration.schedule_rows import make_schedule

pytestmark = pytest.mark.django_db

LIST = "/admin/scheduler/backfill/"
WEEK: dict[str, Any] = {"start": "2024-11-18", "end": "2024-11-18T02:00"}


@pytest.fixture
def old(schedule: Schedule) -> Schedule:
    """It has been there for years, and nobody decided on its fire times."""
    Schedule.objects.update(anchor_at=dt.datetime(2024, 1, 1, tzinfo=dt.UTC))
    schedule.refresh_from_db()
    return schedule


@pytest.fixture
def backfill(old: Schedule) -> Backfill:
    """Of three hours; the first one succeeded, the second one failed."""
    backfill = create_backfill(schedule=old, actor="ann", note="lost data", limit=2, **WEEK)
    for time, state in zip(backfill.times.order_by("fire_at"), "sf", strict=False):
        run = make_run(old.job, state, scheduled_for=time.fire_at)
        BackfillTime.objects.filter(pk=time.pk).update(state="ended", run_id=run.pk)
    return backfill


def page(backfill: Backfill) -> str:
    return f"{LIST}{backfill.pk}/change/"


class TestTheList:
    def test_says_whose_how_far_and_by_whom(self, viewer: Client, backfill: Backfill) -> None:
        told = words(viewer.get(LIST))
        assert "schedule default of task:ping in acme" in told
        assert "Mon 2024-11-18 00:00 CET to Mon 2024-11-18 02:00 CET" in told
        assert "2 / 3 1 to come, 1 succeeded, 1 failed ann" in told

    def test_asks_no_more_questions_for_more_backfills(
        self, viewer: Client, backfill: Backfill, django_assert_num_queries: Any
    ) -> None:
        with django_assert_num_queries(9):
            viewer.get(LIST)
        for _ in range(3):
            create_backfill(schedule=backfill.schedule, actor="ann", **WEEK)
        with django_assert_num_queries(9):
            viewer.get(LIST)

    def test_shows_those_of_ones_own_workspaces(self, backfill: Backfill, stranger: Client) -> None:
        assert "task:ping" not in words(stranger.get(LIST))
        assert stranger.get(page(backfill)).status_code == 302


class TestThePage:
    def test_shows_what_became_of_each_fire_time(self, viewer: Client, backfill: Backfill) -> None:
        told = words(viewer.get(page(backfill)))
        first, second = Run.objects.order_by("pk")
        assert "asked for by ann: “lost data”" in told
        assert f"Mon 2024-11-18 00:00 CET ✓ succeeded run {first.pk}" in told
        assert f"Mon 2024-11-18 01:00 CET ✗ failed run {second.pk}" in told
        assert "Mon 2024-11-18 02:00 CET ○ owed" in told

    def test_shows_many_fire_times_page_by_page(
        self, viewer: Client, backfill: Backfill, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("scheduler.admin.backfills.TIMES", 2)
        first = viewer.get(page(backfill)).content.decode()
        [address] = re.findall(r'<a href="(\?after=[^"#]*)#times">Next</a>', first)
        told = words(viewer.get(page(backfill) + address))
        assert "Mon 2024-11-18 02:00 CET" in told
        assert "Mon 2024-11-18 01:00 CET ✗" not in told
        assert "First Close" in told or "Next" not in told.partition("First")[2][:10]
        assert viewer.get(page(backfill) + "?after=nonsense").status_code == 200


class TestCancelling:
    def test_an_operator_cancels_it_and_says_why(self, operator: Client, backfill: Backfill) -> None:
        assert "Cancel…" in words(operator.get(page(backfill))).replace("&hellip;", "…")
        cancel = f"{LIST}{backfill.pk}/cancel/"
        assert "Runs that it has started go on" in words(operator.get(cancel))
        told = words(operator.post(cancel, {"note": "enough"}, follow=True))
        assert f"Backfill {backfill.pk} is cancelled." in told
        assert re.search(r"cancelled by \S+, .*: “enough”", told)
        backfill.refresh_from_db()
        assert backfill.state == "cancelled"
        assert "was over already" in words(operator.post(cancel, {}, follow=True))

    def test_with_its_runs_if_that_is_asked_for(self, operator: Client, backfill: Backfill) -> None:
        time = backfill.times.get(state="owed")
        run = make_run(backfill.schedule.job, "q", scheduled_for=time.fire_at)
        BackfillTime.objects.filter(pk=time.pk).update(state="started", run_id=run.pk)
        operator.post(f"{LIST}{backfill.pk}/cancel/", {"terminate": "on"})
        run.refresh_from_db()
        assert run.stop is not None

    def test_a_viewer_sees_no_button_and_finds_no_page(self, viewer: Client, backfill: Backfill) -> None:
        assert "Cancel" not in words(viewer.get(page(backfill)))
        assert viewer.post(f"{LIST}{backfill.pk}/cancel/", {}).status_code == 404
        backfill.refresh_from_db()
        assert backfill.state == "running"


class TestAsking:
    def address(self, schedule: Schedule) -> str:
        return f"/admin/scheduler/schedule/{schedule.pk}/backfill/"

    def ask(self, client: Client, schedule: Schedule, **typed: str) -> Any:
        return client.post(self.address(schedule), WEEK | {"which": "missing", "limit": "2"} | typed, follow=True)

    def test_first_it_shows_what_it_would_run(self, operator: Client, old: Schedule) -> None:
        told = words(self.ask(operator, old, dry_run="on"))
        assert "3 of 3 fire times." in told
        assert "Mon 2024-11-18 01:00 CET no run runs" in told
        assert not Backfill.objects.exists()

    def test_showing_and_beginning_are_buttons_of_their_own(self, operator: Client, old: Schedule) -> None:
        shown = operator.get(self.address(old)).content.decode()
        assert re.findall(r'<input type="submit"[^>]*>', shown) == [
            '<input type="submit" name="dry_run" value="Show what it would run">',
            '<input type="submit" class="default" value="Backfill">',
        ]
        assert shown.count("dry_run") == 1

    def test_then_it_begins_and_leads_to_its_page(self, operator: Client, old: Schedule) -> None:
        told = words(self.ask(operator, old, note="lost data"))
        begun = Backfill.objects.get()
        assert f"Backfill {begun.pk} has begun." in told
        assert (begun.limit, begun.note, begun.times.count()) == (2, "lost data", 3)

    def test_what_is_wrong_is_told_at_its_field(self, operator: Client, old: Schedule) -> None:
        told = words(self.ask(operator, old, end="2024-11-01"))
        assert "expected a time that is not before the start" in told
        assert not Backfill.objects.exists()

    def test_a_range_without_anything_to_run_says_so(self, operator: Client, old: Schedule) -> None:
        told = words(self.ask(operator, old, start="2024-11-16", end="2024-11-17"))
        assert "Nothing was done: schedule default has nothing to run" in told

    def test_a_viewer_may_not(self, viewer: Client, old: Schedule) -> None:
        assert self.ask(viewer, old).status_code == 404
        assert (
            "Backfill"
            not in words(viewer.get(f"/admin/scheduler/schedule/{old.pk}/change/")).partition("Runs")[0][-80:]
        )
        assert not Backfill.objects.exists()


class TestTheLoad:
    ADDRESS = "/admin/scheduler/schedule/simulation/"

    def test_shows_the_days_to_come(self, viewer: Client, workspace: Workspace) -> None:
        make_schedule(workspace, triggers=[{"type": "every", "every": "1h"}])
        told = words(viewer.get(self.ADDRESS, {"days": "7"}))
        assert "168 fire times of 1 schedule." in told
        assert told.count(" 24 ") >= 6

    def test_less_than_one_run_at_once_is_told_in_words(self, viewer: Client, workspace: Workspace) -> None:
        make_schedule(workspace, triggers=[{"type": "every", "every": "1h"}])
        told = words(viewer.get(self.ADDRESS, {"days": "7"}))
        assert "Less than one run at once is expected in any hour." in told
        assert "0.0" not in told

    def test_two_runs_at_once_are_told_with_their_hour(self, viewer: Client, workspace: Workspace) -> None:
        schedule = make_schedule(workspace, triggers=[{"type": "every", "every": "1h"}], overlap="allow_all")
        begun = dt.datetime(2026, 11, 20, tzinfo=dt.UTC)
        lasting = {"created_at": begun, "started_at": begun, "ended_at": begun + dt.timedelta(hours=2)}
        make_run(schedule.job, "s", **lasting)
        told = words(viewer.get(self.ADDRESS, {"days": "7"}))
        assert re.search(r"2 runs at once at most are expected, in the hour from \d{4}-\d\d-\d\d \d\d:00:00 UTC", told)

    def test_what_is_left_out_looks_like_a_warning(self, viewer: Client, workspace: Workspace) -> None:
        make_schedule(workspace, enabled=False)
        assert '<li class="warning">1 schedule is left out' in viewer.get(self.ADDRESS).content.decode()

    def test_of_the_workspace_that_is_chosen_among_ones_own(self, viewer: Client, stranger: Client) -> None:
        assert "What the schedules of" in words(viewer.get(self.ADDRESS, {"workspace": "acme"}))
        assert "Select a valid choice" in words(stranger.get(self.ADDRESS, {"workspace": "acme"}))

    @pytest.mark.parametrize("days", ["0", "93", "x"])
    def test_not_further_than_it_can_be_told(self, viewer: Client, days: str) -> None:
        told = words(viewer.get(self.ADDRESS, {"days": days}))
        assert "fire times of" not in told

    def test_one_without_a_workspace_finds_no_page(self, client: Client, admin_user: Any) -> None:
        client.force_login(admin_user)
        assert client.get(self.ADDRESS).status_code == 404

    def test_the_list_and_each_schedule_lead_to_it(self, viewer: Client, schedule: Schedule) -> None:
        listed = viewer.get("/admin/scheduler/schedule/").content.decode()
        own = viewer.get(f"/admin/scheduler/schedule/{schedule.pk}/change/").content.decode()
        assert self.ADDRESS in listed
        assert f"{self.ADDRESS}?workspace=acme" in own
