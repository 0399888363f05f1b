"""The commands explain_schedule and backfill."""

from __future__ import annotations

import datetime as dt
import io
import re
from collections.abc import Iterator

import pytest
from django.core.management import CommandError, call_command

from jobs import hotpath
from jobs.models import Run, Workspace
from scheduler.models import Backfill, Schedule
from scheduler.services.backfills import work_off
from scheduler.states import BackfillState, FireState, Which
from tests.integration.people import make_job, make_workspace
from tests.integration.schedule_answers.rows import DAILY, NINE, make_fire, make_schedule

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("broker")]

DAY = dt.timedelta(days=1)
WEEK = ("--from", "2026-11-14", "--to", "2026-11-20")


@pytest.fixture(autouse=True)
def _connections() -> Iterator[None]:
    yield
    hotpath.close()


@pytest.fixture
def workspace() -> Workspace:
    return make_workspace()


@pytest.fixture
def schedule(workspace: Workspace) -> Schedule:
    return make_schedule(workspace)


def run_command(*arguments: object) -> str:
    out = io.StringIO()
    call_command(*map(str, arguments), stdout=out)
    return out.getvalue()


class TestExplain:
    def test_it_prints_the_sentence(self, schedule: Schedule) -> None:
        make_fire(schedule)
        expected = "Friday 20 November 2026, 09:00 (Europe/Berlin): it was skipped: its former run had not ended.\n"
        assert run_command("explain_schedule", "acme", "task:ping", "2026-11-20T09:00") == expected
        assert run_command("explain_schedule", "acme", "task:ping", "default", "2026-11-20T08:00Z") == expected

    def test_which_of_several_must_be_said(self, workspace: Workspace) -> None:
        make_job(workspace, schedules=[DAILY | {"name": "a"}, DAILY | {"name": "b"}])
        with pytest.raises(CommandError, match="has several schedules: say which of a, b"):
            run_command("explain_schedule", "acme", "task:ping", "09:00")
        assert "Europe/Berlin" in run_command("explain_schedule", "acme", "task:ping", "b", "09:00")

    @pytest.mark.parametrize(
        ("arguments", "words"),
        [
            (("acme", "task:gone", "09:00"), "no job 'task:gone'"),
            (("gone", "task:ping", "09:00"), "no workspace 'gone'"),
            (("acme", "task:ping", "other", "09:00"), "no schedule 'other'; there are: default"),
            (("acme", "task:ping", "nine"), "at: expected a time"),
        ],
    )
    def test_what_is_not_there_fails(self, schedule: Schedule, arguments: tuple[str, ...], words: str) -> None:
        with pytest.raises(CommandError, match=words):
            run_command("explain_schedule", *arguments)

    def test_a_job_without_schedules_has_none_to_explain(self, workspace: Workspace) -> None:
        make_job(workspace)
        with pytest.raises(CommandError, match=r"has no schedule$"):
            run_command("explain_schedule", "acme", "task:ping", "09:00")


class TestBackfill:
    def test_a_dry_run_tells_each_fire_time_and_runs_nothing(self, schedule: Schedule) -> None:
        make_fire(schedule, NINE - DAY)
        make_fire(schedule, state=FireState.FIRED, run_id=4711)
        out = run_command("backfill", "acme", "task:ping", *WEEK, "--dry-run").splitlines()
        assert len(out) == 8
        assert out[0] == "run   Saturday 14 November 2026, 09:00  no run"
        assert out[5] == "run   Thursday 19 November 2026, 09:00  skipped: overlap"
        assert out[6] == "skip  Friday 20 November 2026, 09:00  run 4711 was erased"
        assert out[7] == "6 fire times would be run"
        assert not Backfill.objects.exists()

    def test_it_begins_one_and_shows_how_far_it_has_come(self, schedule: Schedule) -> None:
        out = run_command(
            "backfill", "acme", "task:ping", "default", *WEEK, "--limit", 2, "--which", "all", "--note", "new column"
        )
        backfill = Backfill.objects.get()
        assert out == f"backfill {backfill.pk}: running, 7 fire times: 7 ahead\n"
        assert (backfill.limit, backfill.which, backfill.note) == (2, Which.ALL, "new column")
        assert backfill.actor
        work_off()
        shown = run_command("backfill", "acme", "--show", backfill.pk)
        assert shown == f"backfill {backfill.pk}: running, 7 fire times: 5 ahead, 2 running\n"

    def test_it_cancels_one_with_its_runs(self, schedule: Schedule) -> None:
        run_command("backfill", "acme", "task:ping", *WEEK)
        backfill = Backfill.objects.get()
        work_off()
        out = run_command("backfill", "acme", "--cancel", backfill.pk, "--terminate", "--note", "wrong")
        assert out == f"backfill {backfill.pk}: cancelled, 7 fire times: 7 cancelled\n"
        backfill.refresh_from_db()
        assert backfill.state == BackfillState.CANCELLED
        assert Run.objects.get().state == "cancelled"
        again = run_command("backfill", "acme", "--cancel", backfill.pk)
        assert again.startswith(f"backfill {backfill.pk} was over already, nothing was changed\n")

    @pytest.mark.parametrize(
        ("arguments", "words"),
        [
            (("task:ping", "--from", "2026-11-14"), "give the job's key with --from and --to"),
            ((), "give the job's key with --from and --to"),
            (("task:ping", "--from", "soon", "--to", "later"), "start: expected a time"),
            (("task:ping", *WEEK, "--limit", "0"), "limit: expected a whole number"),
            (("task:ping", *WEEK, "--note", "x" * 2001), "note: expected at most 2000 characters"),
            (("--show", "4711"), "there is no backfill 4711 in acme"),
            (("--cancel", "4711"), "there is no backfill 4711 in acme"),
        ],
    )
    def test_what_cannot_be_done_fails(self, schedule: Schedule, arguments: tuple[str, ...], words: str) -> None:
        with pytest.raises(CommandError, match=re.escape(words)):
            run_command("backfill", "acme", *arguments)
        assert not Backfill.objects.exists()

    def test_nothing_is_left_to_run(self, schedule: Schedule) -> None:
        with pytest.raises(CommandError, match="nothing to run"):
            run_command("backfill", "acme", "task:ping", "--from", "2026-11-14T10:00", "--to", "2026-11-14T11:00")
