"""A schedule's page, the answer to "why", and its backfills."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from django.test import Client

from jobs.models import Workspace
from scheduler.models import Backfill, Schedule
from scheduler.services.backfills import create_backfill
from scheduler.states import FireState
from tests.integration.people import NOW
from tests.integration.run_rows import make_run
from tests.integration.schedule_rows import make_fire, make_schedule, make_skip, put_due
from tests.integration.ui.scheduling.reading import BASE, PART, main, words

pytestmark = pytest.mark.django_db
LONG_AGO = dt.datetime(2026, 11, 1, tzinfo=dt.UTC)
ASKED = {"start": "2026-11-02", "end": "2026-11-03", "which": "missing", "limit": "2", "note": "lost data"}
BEGIN = {"begin": "yes", "planned": "2026-11-02 2026-11-03 missing"}


def page(schedule: Schedule) -> str:
    return f"{BASE}{schedule.pk}/"


@pytest.fixture
def old(schedule: Schedule) -> Schedule:
    """One that has been there for a while."""
    Schedule.objects.update(anchor_at=LONG_AGO, created_at=LONG_AGO)
    schedule.refresh_from_db()
    return schedule


class TestPage:
    def test_it_tells_when_what_next_and_under_which_policies(self, viewer: Client, schedule: Schedule) -> None:
        viewer.cookies["ui_zone"] = "Asia/Tokyo"
        answer = viewer.get(page(schedule))
        told = words(answer)
        assert "Monday to Friday" in told
        assert "On yours (Asia/Tokyo)" in told
        assert "the next is skipped" in told
        assert len(answer.context["upcoming"].times) == 10

    def test_each_trigger_stands_by_itself_also_one_that_is_not_enabled(
        self, viewer: Client, workspace: Workspace
    ) -> None:
        cron = {"type": "cron", "expression": "0 9 * * *"}
        once = {"type": "once", "at": "2090-01-01T00:00:00Z", "enabled": False}
        told = words(viewer.get(page(make_schedule(workspace, triggers=[cron, once]))))
        assert "At 09:00" in told
        assert "Once at 2090-01-01 01:00:00+01:00 not enabled" in told

    def test_decisions_have_their_reasons_and_their_runs(self, viewer: Client, schedule: Schedule) -> None:
        run = make_run(schedule.job, "s")
        make_fire(schedule, run_id=run.pk)
        make_fire(schedule, 1, run_id=987_654)
        make_skip(schedule, 2, detail="its former run had not ended")
        told = words(viewer.get(page(schedule)))
        assert f"FIRED on time {run.pk} COMPLETED" in told
        assert "FIRED on time erased" in told
        assert "SKIPPED its former run had not ended" in told

    def test_decisions_are_filtered_and_paged(self, viewer: Client, schedule: Schedule, monkeypatch: Any) -> None:
        monkeypatch.setattr("ui.scheduling.schedule_page.DECISIONS", 2)
        for hour in range(4):
            make_skip(schedule, hour)
        make_fire(schedule, 9)
        seen: list[Any] = []
        after: Any = ""
        while after is not None:
            part = viewer.get(
                page(schedule), {"state": "skipped", "after": after}, headers=PART | {"HX-Target": "decisions"}
            )
            seen += [each.fire.fire_at for each in part.context["decisions"]]
            after = part.context["following"]
        assert seen == [NOW + dt.timedelta(hours=hour) for hour in (3, 2, 1, 0)]

    @pytest.mark.parametrize("query", ["after=x", "after=999", "state=odd", "after=99999999999999999999"])
    def test_forged_addresses_break_nothing(self, viewer: Client, schedule: Schedule, query: str) -> None:
        assert viewer.get(f"{page(schedule)}?{query}").status_code == 200

    def test_who_may_do_what_is_offered(
        self, viewer: Client, operator: Client, editor: Client, schedule: Schedule
    ) -> None:
        offered = {
            name: [each for each in ("/do/pause/", "/backfill/", "/edit/", "/do/delete/") if each in main(got)]
            for name, got in (
                ("viewer", viewer.get(page(schedule))),
                ("operator", operator.get(page(schedule))),
                ("editor", editor.get(page(schedule))),
            )
        }
        assert offered == {
            "viewer": [],
            "operator": ["/do/pause/", "/backfill/"],
            "editor": ["/do/pause/", "/backfill/", "/edit/", "/do/delete/"],
        }

    def test_late_without_a_beat_says_what_to_start(self, viewer: Client, schedule: Schedule) -> None:
        put_due(schedule, dt.datetime.now(dt.UTC) - dt.timedelta(minutes=3))
        told = words(viewer.get(page(schedule)))
        assert "No beat is running" in told
        assert "LATE 3 m" in told

    @pytest.mark.parametrize("count", [1, 20])
    def test_it_takes_the_same_number_of_queries_whatever_was_decided(
        self, viewer: Client, schedule: Schedule, django_assert_num_queries: Any, count: int
    ) -> None:
        viewer.get(page(schedule))
        for hour in range(count):
            make_fire(schedule, hour, run_id=hour + 1)
        with django_assert_num_queries(11):
            viewer.get(page(schedule))


class TestWhy:
    def ask(self, client: Client, schedule: Schedule, at: str, target: str = "dialog-content") -> Any:
        return client.get(f"{page(schedule)}why/", {"at": at}, headers=PART | {"HX-Target": target})

    def test_a_decision_is_told_in_a_sentence(self, viewer: Client, old: Schedule) -> None:
        make_skip(old, detail="its former run had not ended")
        told = words(self.ask(viewer, old, NOW.isoformat()))
        assert "it was skipped: its former run had not ended" in told

    def test_a_time_on_the_schedules_clock(self, viewer: Client, old: Schedule) -> None:
        told = words(self.ask(viewer, old, "2026-11-21T13:15", "answer"))
        assert "it is no fire time of the schedule" in told

    def test_what_is_no_time_says_what_would_be_right(self, viewer: Client, old: Schedule) -> None:
        assert "yesterday 09:00" in words(self.ask(viewer, old, "whenever"))

    def test_without_scripts_the_page_answers(self, viewer: Client, old: Schedule) -> None:
        assert "no fire time" in words(viewer.get(page(old), {"at": "2026-11-21T13:15"}))
        assert "no fire time" in words(viewer.get(f"{page(old)}why/", {"at": "2026-11-21T13:15"}))

    def test_strangers_get_no_answer(self, stranger: Client, old: Schedule) -> None:
        assert stranger.get(f"/ui/w/other/schedules/{old.pk}/why/?at=09:00").status_code == 404


class TestBackfill:
    def test_the_plan_comes_first_and_starts_nothing(self, operator: Client, old: Schedule) -> None:
        told = words(operator.post(f"{page(old)}backfill/", ASKED))
        assert "It would run 48 of 48 fire times" in told
        assert "Begin: 48 runs" in told
        assert not Backfill.objects.exists()

    def test_then_it_begins_and_shows_its_progress(self, operator: Client, old: Schedule) -> None:
        told = words(operator.post(f"{page(old)}backfill/", ASKED | BEGIN, follow=True))
        begun = Backfill.objects.get()
        assert (begun.actor, begun.note, begun.limit) == ("olga", "lost data", 2)
        assert f"Backfill {begun.pk} has begun" in told
        assert "RUNNING 0 / 48 asked for by olga" in told
        assert "OWED 48" in told

    def test_what_was_typed_after_the_plan_is_planned_first(self, operator: Client, old: Schedule) -> None:
        told = words(operator.post(f"{page(old)}backfill/", ASKED | BEGIN | {"end": "2026-11-04"}))
        assert "It would run 72 of 72 fire times" in told
        assert not Backfill.objects.exists()

    @pytest.mark.parametrize(
        ("field", "value", "message"),
        [
            ("start", "yesterdayish", "expected a time"),
            ("start", "", "required"),
            ("end", "2026-11-01", "not before the start"),
            ("end", "x", "expected a time"),
            ("which", "odd", "valid choice"),
            ("limit", "0", "greater than or equal to 1"),
            ("limit", "1001", "less than or equal to 1000"),
            ("note", "n" * 2001, "2000"),
        ],
    )
    def test_a_wrong_value_is_told_beside_its_field(
        self, operator: Client, old: Schedule, field: str, value: str, message: str
    ) -> None:
        changed = ASKED | {field: value}
        planned = f"{changed['start']} {changed['end']} {changed['which']}"
        answer = operator.post(f"{page(old)}backfill/", ASKED | BEGIN | {field: value, "planned": planned})
        assert answer.status_code == 422
        assert message in answer.context["form"].errors[field][0]
        assert not Backfill.objects.exists()

    def test_a_range_without_fire_times_begins_nothing(self, operator: Client, old: Schedule) -> None:
        weekend = ASKED | {"start": "2026-11-07", "end": "2026-11-08"}
        assert "no fire times in this range" in words(operator.post(f"{page(old)}backfill/", weekend))
        assert (
            operator.post(
                f"{page(old)}backfill/", weekend | BEGIN | {"planned": "2026-11-07 2026-11-08 missing"}
            ).status_code
            == 422
        )

    def test_it_can_be_cancelled_with_a_note(self, operator: Client, old: Schedule) -> None:
        begun = self.begun(old)
        address = f"{BASE}backfills/{begun.pk}/cancel/"
        assert "48 fire times that have not begun are not run any more" in words(operator.get(address, headers=PART))
        operator.post(address, {"note": "enough"})
        begun.refresh_from_db()
        assert (begun.state, begun.state_change and begun.state_change["note"]) == ("cancelled", "enough")
        assert "CANCELLED 48 / 48" in words(operator.get(f"{BASE}backfills/{begun.pk}/"))

    def test_what_is_live_of_it_is_asked_for_by_itself(self, viewer: Client, old: Schedule) -> None:
        begun = self.begun(old)
        part = viewer.get(f"{BASE}backfills/{begun.pk}/", headers=PART | {"HX-Target": "progress"}).content.decode()
        assert "/ 48" in part
        assert "<html" not in part

    def test_viewers_see_them_and_may_not_begin_or_cancel(self, viewer: Client, old: Schedule) -> None:
        begun = self.begun(old)
        assert f"/backfills/{begun.pk}/" in main(viewer.get(f"{BASE}backfills/"))
        assert "/cancel/" not in main(viewer.get(f"{BASE}backfills/{begun.pk}/"))
        for address in (f"{page(old)}backfill/", f"{BASE}backfills/{begun.pk}/cancel/"):
            assert viewer.get(address).status_code == 403
            assert viewer.post(address, ASKED | BEGIN).status_code == 403
        assert Backfill.objects.count() == 1

    def test_strangers_find_none(self, stranger: Client, old: Schedule) -> None:
        begun = self.begun(old)
        assert stranger.get(f"/ui/w/other/schedules/backfills/{begun.pk}/").status_code == 404
        assert "No backfill was asked for yet" in words(stranger.get("/ui/w/other/schedules/backfills/"))

    @pytest.mark.parametrize("count", [1, 7])
    def test_the_list_takes_the_same_number_of_queries(
        self, viewer: Client, old: Schedule, django_assert_num_queries: Any, count: int
    ) -> None:
        viewer.get(BASE)
        for _ in range(count):
            self.begun(old, which="all")
        with django_assert_num_queries(6):
            viewer.get(f"{BASE}backfills/")

    def begun(self, schedule: Schedule, **asked: str) -> Backfill:
        return create_backfill(schedule=schedule, start="2026-11-02", end="2026-11-03", actor="olga", **asked)  # type: ignore[arg-type]


def test_every_state_of_a_decision_has_words(viewer: Client, schedule: Schedule) -> None:
    make_fire(schedule, 1, state=FireState.BUFFERED, run_id=None)
    make_fire(schedule, 2, state=FireState.WAITING, run_id=None, due_at=NOW, cause="0:17")
    make_fire(schedule, 3, cause="backfill:4", detail="run by backfill 4")
    told = words(viewer.get(page(schedule)))
    for said in ("until its former run has ended", "for its time", "after run 17", "backfill 4"):
        assert said in told
