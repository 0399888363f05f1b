"""What a schedule will do next, saved or not."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest

from jobs.errors import ValidationError
from jobs.models import Workspace
from scheduler.clock_changes import Effect
from scheduler.models import Schedule
from scheduler.selectors.previews import preview, preview_document
from scheduler.services.controls import skip_next
from scheduler.states import ScheduleState
from tests.integration.people import make_workspace
from tests.integration.schedule_answers.rows import DAILY, NOW, change, make_schedule

DAY = dt.timedelta(days=1)
NEXT = dt.datetime(2026, 11, 22, 8, tzinfo=dt.UTC)
"""Tomorrow at nine in Berlin."""


class TestSaved:
    pytestmark = pytest.mark.django_db

    @pytest.fixture
    def workspace(self) -> Workspace:
        return make_workspace()

    def make(self, workspace: Workspace, **parts: Any) -> Schedule:
        return make_schedule(workspace, **parts)

    def test_the_next_fire_times_are_told_as_instants_and_on_its_clock(self, workspace: Workspace) -> None:
        found = preview(schedule=self.make(workspace), now=NOW, count=3)
        assert [each.fire_at for each in found.times] == [NEXT, NEXT + DAY, NEXT + 2 * DAY]
        assert found.times[0].wall.isoformat() == "2026-11-22T09:00:00+01:00"
        assert [each.run_at for each in found.times] == [each.fire_at for each in found.times]
        assert (found.sentence, found.timezone, found.next_fire, found.owes) == (
            "At 09:00",
            "Europe/Berlin",
            NEXT,
            True,
        )
        assert found.remarks == []

    def test_jitter_is_the_one_with_which_it_will_fire(self, workspace: Workspace) -> None:
        schedule = self.make(workspace, jitter="1h")
        found = preview(schedule=schedule, now=NOW, count=2)
        assert all(NEXT <= each.run_at - number * DAY < NEXT + DAY / 24 for number, each in enumerate(found.times))
        change(schedule, decided_until=NEXT - DAY)
        assert preview(schedule=schedule, now=NEXT - DAY / 2, count=2).times == found.times

    def test_what_was_decided_is_not_told_again(self, workspace: Workspace) -> None:
        schedule = self.make(workspace)
        change(schedule, decided_until=NEXT)
        assert preview(schedule=schedule, now=NOW).times[0].fire_at == NEXT + DAY

    def test_what_will_be_skipped_is_told_with_the_reason(self, workspace: Workspace) -> None:
        schedule = self.make(workspace, exclusions=[{"kind": "dates", "dates": ["2026-11-23"]}])
        schedule.skips = [NEXT.isoformat()]
        found = preview(schedule=schedule, now=NOW, count=3)
        assert [each.skipped for each in found.times] == [
            "somebody asked to skip it",
            "excluded date: 2026-11-23",
            "",
        ]
        assert found.next_fire == NEXT

    def test_skipping_the_next_shows(self, workspace: Workspace) -> None:
        schedule = self.make(workspace)
        skipped = skip_next(schedule=schedule, actor="ann")
        found = preview(schedule=schedule, now=skipped - DAY / 2)
        assert (found.times[0].fire_at, found.times[0].skipped) == (skipped, "somebody asked to skip it")

    @pytest.mark.parametrize(
        ("columns", "remark"),
        [
            ({"state": ScheduleState.PAUSED, "next_run_at": None, "next_fire_at": None}, "it is paused"),
            ({"state": ScheduleState.ENDED, "next_run_at": None, "next_fire_at": None}, "it is ended"),
        ],
    )
    def test_one_that_owes_nothing_says_so_and_still_tells_its_times(
        self, workspace: Workspace, columns: dict[str, Any], remark: str
    ) -> None:
        schedule = self.make(workspace)
        change(schedule, **columns)
        found = preview(schedule=schedule, now=NOW)
        assert (found.owes, found.remarks, found.times[0].fire_at) == (False, [remark], NEXT)

    def test_the_actions_that_are_left_are_told(self, workspace: Workspace) -> None:
        assert preview(schedule=self.make(workspace, actions=2), now=NOW).remarks == ["2 of its actions are left"]

    def test_warnings_are_told(self, workspace: Workspace) -> None:
        schedule = self.make(workspace, triggers=[{"type": "cron", "expression": "0 30 2 * * ?"}])
        [warning] = preview(schedule=schedule, now=NOW).warnings
        assert (warning.effect, warning.at.year) == (Effect.SILENT, 2027)


class TestUnsaved:
    def test_it_is_told_as_if_it_were_saved_now(self) -> None:
        each_hour = {"type": "interval", "interval": 1, "unit": "hour"}
        found = preview_document(document={"triggers": [each_hour]}, now=NOW, count=2)
        assert [each.fire_at - NOW for each in found.times] == [dt.timedelta(hours=1), dt.timedelta(hours=2)]

    def test_what_is_wrong_is_refused_by_field(self) -> None:
        wrong = {"triggers": [{"type": "cron", "expression": "0 9 * *"}]}
        with pytest.raises(ValidationError) as raised:
            preview_document(document=wrong, now=NOW)
        assert [error.field for error in raised.value.errors] == ["triggers.0.expression"]

    def test_what_no_day_can_satisfy_is_refused_as_it_is_when_saved(self) -> None:
        with pytest.raises(ValidationError, match=r"triggers\.0\.expression: it never fires: there is no such date"):
            preview_document(document={"triggers": [{"type": "cron", "expression": "0 0 12 30 2 ?"}]}, now=NOW)

    @pytest.mark.parametrize("count", [0, 1001, True, "3"])
    def test_a_count_that_is_none_is_refused(self, count: Any) -> None:
        with pytest.raises(ValidationError, match="count: expected a whole number from 1 to 1,000"):
            preview_document(document=DAILY, now=NOW, count=count)

    def test_one_that_is_not_enabled_says_so(self) -> None:
        found = preview_document(document=DAILY | {"enabled": False}, now=NOW)
        assert (found.owes, found.remarks) == (False, ["it is not enabled"])

    def test_one_that_never_fires_again_says_so(self) -> None:
        found = preview_document(document=DAILY | {"end_date": "2026-11-21"}, now=NOW)
        assert (found.times, found.next_fire, found.remarks) == ([], None, ["none of its fire times lies ahead"])

    def test_the_first_that_is_not_excluded_is_told_however_far_it_lies(self) -> None:
        blackout = {"kind": "blackout", "start": "2026-11-01", "end": "2026-12-24T00:00"}
        found = preview_document(document=DAILY | {"exclusions": [blackout]}, now=NOW, count=2)
        assert all(each.skipped.startswith("blackout") for each in found.times)
        assert found.next_fire == dt.datetime(2026, 12, 24, 8, tzinfo=dt.UTC)

    def test_one_all_of_whose_times_are_excluded_says_so_soon(self) -> None:
        each_morning = {"kind": "daily", "from": "08:00", "to": "10:00", "comment": "backup"}
        found = preview_document(document=DAILY | {"exclusions": [each_morning]}, now=NOW)
        assert found.next_fire is None
        assert "are excluded: blackout: 08:00 to 10:00 (backup)" in found.remarks[0]

    def test_one_that_waits_for_other_jobs_has_no_times(self) -> None:
        found = preview_document(document={"triggers": [{"type": "job", "jobs": ["task:a"]}]}, now=NOW)
        assert (found.times, found.remarks, found.sentence) == ([], [], "After task:a succeeded")
