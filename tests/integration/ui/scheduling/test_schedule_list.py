"""The list of schedules: what comes next, what was decided last, and what may be done."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from django.test import Client

from jobs.models import Event, Origin, Run, Workspace
from scheduler.models import Schedule
from scheduler.services.controls import pause_schedule
from scheduler.states import ScheduleState
from tests.integration.schedule_rows import NEVER_AGAIN, make_fire, make_schedule, make_skip, put_due
from tests.integration.ui.scheduling.reading import BASE, PART, main, words

pytestmark = pytest.mark.django_db
SOON = dt.timedelta(minutes=56, seconds=30)


def keys(response: Any) -> list[str]:
    return [row.view.schedule.job.key for row in response.context["list"].rows]


def now() -> dt.datetime:
    return dt.datetime.now(dt.UTC)


class TestList:
    def test_it_says_when_each_runs_what_comes_next_and_what_was_decided_last(
        self, viewer: Client, schedule: Schedule
    ) -> None:
        put_due(schedule, now() + SOON)
        make_skip(schedule, detail="its former run had not ended")
        told = words(viewer.get(BASE))
        assert "task:ping" in told
        assert "Monday to Friday Europe/Berlin in 56 min" in told
        assert "SKIPPED its former run had not ended why?" in told

    def test_what_comes_next_stands_first_and_what_owes_nothing_last(
        self, viewer: Client, workspace: Workspace
    ) -> None:
        later, sooner = make_schedule(workspace, "task:later"), make_schedule(workspace, "task:sooner")
        make_schedule(workspace, "task:never", **NEVER_AGAIN)
        put_due(later, now() + 2 * SOON)
        put_due(sooner, now() + SOON)
        assert keys(viewer.get(BASE)) == ["task:sooner", "task:later", "task:never"]

    def test_one_that_is_late_says_so(self, viewer: Client, schedule: Schedule) -> None:
        put_due(schedule, now() - dt.timedelta(minutes=3, seconds=1))
        assert "LATE 3 m" in words(viewer.get(BASE))

    def test_a_pause_tells_why(self, viewer: Client, schedule: Schedule) -> None:
        pause_schedule(schedule=schedule, actor="olga", note="the supplier is away")
        assert "PAUSED the supplier is away" in words(viewer.get(BASE))

    def test_an_empty_one_says_what_to_do_first(self, editor: Client, viewer: Client, workspace: Workspace) -> None:
        assert "Nothing is scheduled yet" in words(editor.get(BASE))
        assert "New schedule" in main(editor.get(BASE))
        assert "New schedule" not in main(viewer.get(BASE))

    @pytest.mark.parametrize(
        ("query", "found"),
        [
            ("q=pi", ["task:ping"]),
            ("q=task:pong nightly", ["task:pong"]),
            ("q=nobody", []),
            ("state=paused", ["task:pong"]),
            ("late=yes", ["task:ping"]),
            ("late=no", ["task:pong"]),
            ("trigger=once", ["task:pong"]),
            ("job=task:ping", ["task:ping"]),
            ("job=ping", []),
            ("state=odd", []),
            ("job=nobody%00", []),
        ],
    )
    def test_filters_stand_in_the_address(
        self, viewer: Client, workspace: Workspace, query: str, found: list[str]
    ) -> None:
        put_due(make_schedule(workspace, "task:ping"), now() - SOON)
        once = make_schedule(
            workspace, "task:pong", name="nightly", triggers=[{"type": "once", "at": "2090-01-01T00:00:00Z"}]
        )
        pause_schedule(schedule=once, actor="olga")
        page = viewer.get(f"{BASE}?{query}")
        assert keys(page) == found
        assert ("No schedule fits these filters" in words(page)) is (not found)

    def test_pages_go_on_where_the_last_one_ended(self, viewer: Client, workspace: Workspace, monkeypatch: Any) -> None:
        monkeypatch.setattr("ui.scheduling.schedule_list.ScheduleList.per_page", 2)
        for number in range(3):
            put_due(make_schedule(workspace, f"task:t{number}"), now() + (number + 1) * SOON)
        for number in range(2):
            make_schedule(workspace, f"task:never{number}", **NEVER_AGAIN)
        seen, address = [], BASE
        while address:
            page = viewer.get(address)
            seen += keys(page)
            address = page.context["list"].following
        assert seen == ["task:t0", "task:t1", "task:t2", "task:never0", "task:never1"]

    @pytest.mark.parametrize("after", ["x", "~", "~99999999999999999999", "odd~1", "2026-01-01T00:00~1"])
    def test_a_forged_cursor_is_the_first_page(self, viewer: Client, schedule: Schedule, after: str) -> None:
        assert keys(viewer.get(BASE, {"after": after})) == ["task:ping"]

    def test_a_filter_brings_the_rows_alone(self, viewer: Client, schedule: Schedule) -> None:
        part = viewer.get(BASE, headers=PART | {"HX-Target": "list"}).content.decode()
        assert "task:ping" in part
        assert "<html" not in part

    def test_those_of_other_workspaces_are_not_there(self, stranger: Client, schedule: Schedule) -> None:
        assert stranger.get(BASE).status_code == 404
        assert "task:ping" not in words(stranger.get("/ui/w/other/schedules/"))
        assert stranger.get(f"/ui/w/other/schedules/{schedule.pk}/").status_code == 404

    def test_a_schedule_that_cannot_be_read_does_not_break_it(self, viewer: Client, schedule: Schedule) -> None:
        Schedule.objects.update(document=schedule.document | {"timezone": "Atlantis"})
        assert "Cannot be read: timezone" in words(viewer.get(BASE))
        assert "cannot be read" in words(viewer.get(f"{BASE}{schedule.pk}/"))

    @pytest.mark.parametrize("count", [2, 12])
    def test_it_takes_the_same_number_of_queries_however_long_it_is(
        self, viewer: Client, workspace: Workspace, django_assert_num_queries: Any, count: int
    ) -> None:
        viewer.get(BASE)
        for number in range(count):
            make_fire(make_schedule(workspace, f"task:t{number}"))
        with django_assert_num_queries(7):
            viewer.get(BASE)


class TestKeptInAFile:
    @pytest.mark.parametrize(("kind", "name"), [("job", "task:ping"), ("schedule", "task:ping/default")])
    def test_one_is_neither_edited_nor_deleted_here(
        self, editor: Client, workspace: Workspace, schedule: Schedule, kind: str, name: str
    ) -> None:
        free = make_schedule(workspace, "task:free")
        Origin.objects.create(workspace=workspace, kind=kind, name=name, source="git", path="a.yaml", applied_by="ci")
        page = main(editor.get(BASE))
        for verb in ("edit", "do/delete"):
            assert f"/schedules/{schedule.pk}/{verb}/" not in page
            assert f"/schedules/{free.pk}/{verb}/" in page
        assert f"/schedules/{schedule.pk}/do/pause/" in page
        assert page.count("kept in a file") == 1


class TestVerbs:
    def test_each_role_is_offered_what_it_may_do(
        self, viewer: Client, operator: Client, editor: Client, schedule: Schedule
    ) -> None:
        put_due(schedule, now() + SOON)
        assert "/do/" not in main(viewer.get(BASE))
        offered = main(operator.get(BASE))
        assert [verb for verb in ("skip", "run", "pause", "resume", "delete") if f"/do/{verb}/" in offered] == [
            "skip",
            "run",
            "pause",
        ]
        assert "/edit/" not in offered
        assert "/do/delete/" in main(editor.get(BASE))
        assert "/edit/" in main(editor.get(BASE))

    @pytest.mark.parametrize("verb", ["skip", "run", "pause", "resume", "delete"])
    def test_what_a_viewer_forges_is_refused(self, viewer: Client, schedule: Schedule, verb: str) -> None:
        address = f"{BASE}{schedule.pk}/do/{verb}/"
        before = Schedule.objects.values().get()
        assert viewer.get(address).status_code == 403
        assert viewer.post(address).status_code == 403
        assert Schedule.objects.values().get() == before
        assert not Run.objects.exists()

    @pytest.mark.parametrize("workspace_of_address", ["acme", "other"])
    def test_what_a_stranger_forges_is_not_found(
        self, stranger: Client, schedule: Schedule, workspace_of_address: str
    ) -> None:
        for verb in ("pause", "run", "delete"):
            address = f"/ui/w/{workspace_of_address}/schedules/{schedule.pk}/do/{verb}/"
            assert stranger.post(address).status_code == 404
        assert Schedule.objects.get().state == ScheduleState.ACTIVE

    def test_an_operator_who_forges_a_delete_is_refused(self, operator: Client, schedule: Schedule) -> None:
        assert operator.post(f"{BASE}{schedule.pk}/do/delete/").status_code == 403
        assert Schedule.objects.exists()

    def test_pause_asks_first_and_keeps_the_note(self, operator: Client, schedule: Schedule) -> None:
        address = f"{BASE}{schedule.pk}/do/pause/"
        assert "starts no runs until it is resumed" in words(operator.get(address, headers=PART))
        assert Schedule.objects.get().state == ScheduleState.ACTIVE
        answer = operator.post(address, {"note": "the supplier is away"}, headers=PART)
        assert answer.status_code == 204
        change = Schedule.objects.get().state_change
        assert change is not None
        assert (change["actor"], change["note"]) == ("olga", "the supplier is away")

    def test_resume(self, operator: Client, schedule: Schedule) -> None:
        pause_schedule(schedule=schedule, actor="olga")
        assert "schedule default of task:ping goes on" in words(
            operator.post(f"{BASE}{schedule.pk}/do/resume/", follow=True)
        ).lower().replace(".", "")
        assert Schedule.objects.get().state == ScheduleState.ACTIVE

    def test_skip_next_says_which_time_will_not_run(self, operator: Client, schedule: Schedule) -> None:
        told = words(operator.post(f"{BASE}{schedule.pk}/do/skip/", {"note": "no data"}, follow=True))
        assert "will not run on" in told
        assert len(Schedule.objects.get().skips) == 1
        assert Event.objects.get(kind="schedule.skip_asked").data["note"] == "no data"

    def test_what_cannot_be_done_now_says_why(self, operator: Client, workspace: Workspace) -> None:
        over = make_schedule(workspace, "task:over", **NEVER_AGAIN)
        told = words(operator.post(f"{BASE}{over.pk}/do/skip/", headers=PART), 422)
        assert "has no fire time to skip" in told

    def test_delete_leads_back_to_the_list(self, editor: Client, schedule: Schedule) -> None:
        answer = editor.post(f"{BASE}{schedule.pk}/do/delete/", headers=PART)
        assert answer.headers["HX-Redirect"] == BASE
        assert not Schedule.objects.exists()

    @pytest.mark.parametrize(
        "path", [f"{9**40}/", f"{9**40}/edit/", f"backfills/{9**40}/", "0/", "987654321/why/", "987654321/do/pause/"]
    )
    def test_what_there_cannot_be_is_not_found(self, editor: Client, path: str) -> None:
        assert editor.get(f"{BASE}{path}").status_code == 404

    def test_an_unknown_verb_is_not_found(self, operator: Client, schedule: Schedule) -> None:
        assert operator.get(f"{BASE}{schedule.pk}/do/dance/").status_code == 404
