"""Schedules and deliveries on the command line."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest

from commandline.exits import Exit
from jobs import dispatch
from jobs.models import Run, Workspace
from scheduler.models import Schedule
from sinks import claims
from sinks.models import Delivery
from tests.integration.commandline.conftest import Command
from tests.integration.schedule_answers.rows import NINE, make_fire
from tests.integration.schedule_rows import make_schedule
from tests.integration.sinks.makers import end_run, make_job
from workers.delivering import deliver_to

NIGHTLY: dict[str, Any] = {
    "name": "nightly",
    "triggers": [{"type": "cron", "expression": "0 30 2 ? * *"}],
    "timezone": "Europe/Berlin",
}


@pytest.fixture
def schedule(demo: Workspace) -> Schedule:
    """The only one of task:ping."""
    return make_schedule(demo, **NIGHTLY)


class TestSchedules:
    def test_they_are_listed_shown_and_held(self, jobsctl: Command, schedule: Schedule) -> None:
        assert jobsctl("schedules").rows[0][:2] == ["task:ping/nightly", "active"]
        assert jobsctl("schedules", "--job", "task:ping", "-q").out == "task:ping/nightly\n"
        assert "timezone  Europe/Berlin" in jobsctl("show", "task:ping/nightly").out
        assert jobsctl("pause", "task:ping/nightly", "--note", "away").out == "task:ping/nightly: paused\n"
        assert jobsctl("schedules", "--state", "active", "-q").out == ""
        assert jobsctl("resume", "task:ping/").out == "task:ping/nightly: active\n"

    def test_what_comes_and_what_the_clocks_do_to_it(self, jobsctl: Command, schedule: Schedule) -> None:
        following = jobsctl("next", "task:ping", "--count", 3)
        assert [row[1][11:16] for row in following.rows] == ["02:30"] * 3
        assert following.err.strip()  # The change of the clocks in March.
        assert len(jobsctl("next", "task:ping/nightly", "-n", 2, "--json").json["times"]) == 2
        assert jobsctl("next", "task:ping/none").code == Exit.NOT_FOUND

    def test_one_that_only_follows_another_job_has_no_times_and_says_so(
        self, jobsctl: Command, demo: Workspace
    ) -> None:
        make_schedule(demo)
        make_schedule(demo, "task:after", triggers=[{"type": "job", "jobs": ["task:ping"]}])
        said = jobsctl("next", "task:after")
        assert (said.rows, said.err) == ([], "it has no fire times to come: After task:ping succeeded\n")

    def test_what_was_decided_and_why(self, jobsctl: Command, schedule: Schedule) -> None:
        make_fire(schedule, NINE, detail="its former run had not ended")
        fire = jobsctl("fires", "task:ping", "--state", "skipped").rows[0]
        assert (fire[1], fire[3:]) == ("skipped", ["overlap", "its former run had not ended"])
        told = jobsctl("explain", "task:ping", NINE.isoformat())
        assert (told.code, told.out.count("\n"), "overlap" in told.out or "former run" in told.out) == (
            Exit.OK,
            1,
            True,
        )
        assert jobsctl("explain", "task:ping/nightly", "some day").code == Exit.REFUSED


class TestDeliveries:
    def test_they_are_listed_shown_and_made_again(
        self, jobsctl: Command, demo: Workspace, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(dispatch, "publish_deliveries", lambda: None)
        run = end_run(make_job({"name": "journal", "kind": "log"}, payloads=2, workspace=demo))
        for due in claims.due_sinks(limit=10):
            deliver_to(sink_id=due.sink_id or 0)
        Delivery.objects.update(
            state="dead", error={"message": "it is down", "code": "down"}, ended_at=dt.datetime.now(dt.UTC)
        )
        listed = jobsctl("deliveries", "--run", run.pk, "--state", "dead")
        assert [(row[1], row[2], row[3], row[-1]) for row in listed.rows] == [
            (str(run.pk), "journal", "dead", "it is down")
        ] * 2
        first = listed.rows[0][0]
        assert "error     it is down" in jobsctl("delivery", first).out
        assert jobsctl("redeliver", first).out == "1 deliveries are made again\n"
        assert jobsctl("redeliver", "--sink", "journal", "--job", "task:ping", "--since", "1h", "-q").out == "1\n"
        assert {delivery.state for delivery in Delivery.objects.all()} == {"due"}

    def test_one_that_cannot_be_made_again_says_why_and_fails(self, jobsctl: Command, demo: Workspace) -> None:
        run = end_run(make_job({"name": "journal", "kind": "log"}, payloads=1, workspace=demo))
        for due in claims.due_sinks(limit=10):
            deliver_to(sink_id=due.sink_id or 0)
        Run.objects.filter(pk=run.pk).update(results_erased_at=dt.datetime.now(dt.UTC))
        pk = Delivery.objects.get().pk
        told = jobsctl("redeliver", pk)
        assert (told.code, told.out) == (Exit.REFUSED, "0 deliveries are made again\n")
        assert f"delivery {pk} is not made again: the results of its run were erased" in told.err
        assert Delivery.objects.get().state == "delivered"

    def test_without_saying_which_nothing_is_asked(self, jobsctl: Command) -> None:
        codes = [jobsctl("deliveries").code, jobsctl("redeliver").code, jobsctl("redeliver", 1, "--run", 1).code]
        assert codes == [Exit.USAGE] * 3
