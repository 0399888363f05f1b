"""Pausing, resuming, running and skipping schedules through the API, and reading what they decided."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest

from jobs.models import Event, Job, Role, Run, ServiceAccount, Workspace
from jobs.services.service_accounts import change_service_account, create_service_account
from jobs.states import JobState
from scheduler.models import Fire, Schedule
from scheduler.states import FireState, Reason
from tests.integration.people import Api
from tests.integration.schedule_rows import NEVER_AGAIN, make_fire, make_schedule, make_skip

pytestmark = pytest.mark.django_db

ONE = "jobs/task:ping/schedules/default/"


@pytest.fixture
def schedule(workspace: Workspace) -> Schedule:
    """One with parameters."""
    return make_schedule(workspace, parameters={"day": "monday"})


class TestPausing:
    def test_it_owes_nothing_and_says_who_when_and_why(self, operator_api: Api, schedule: Schedule) -> None:
        response = operator_api.post(f"{ONE}pause/", {"note": "the supplier is away"})
        assert response.status_code == 200, response.json()
        answer = response.json()
        assert (answer["state"], answer["changed"], answer["next_fire_at"]) == ("paused", True, None)
        assert (answer["state_change"]["actor"], answer["state_change"]["note"]) == ("olga", "the supplier is away")
        assert (answer["version"], response.headers["ETag"]) == (1, '"1"')
        assert Job.objects.get().state == JobState.ACTIVE

    def test_pausing_it_again_changes_nothing_and_says_so(self, operator_api: Api, schedule: Schedule) -> None:
        operator_api.post(f"{ONE}pause/", {"note": "first"})
        answer = operator_api.post(f"{ONE}pause/", {"note": "second"}).json()
        assert (answer["changed"], answer["state_change"]["note"]) == (False, "first")
        assert Event.objects.filter(kind="schedule.paused").count() == 1

    def test_resuming_lets_it_owe_from_now_on(self, operator_api: Api, schedule: Schedule) -> None:
        operator_api.post(f"{ONE}pause/")
        answer = operator_api.post(f"{ONE}resume/", {"note": "back"}).json()
        assert (answer["state"], answer["changed"], answer["state_change"]["note"]) == ("active", True, "back")
        assert dt.datetime.fromisoformat(answer["next_fire_at"]) > dt.datetime.now(dt.UTC)
        assert operator_api.post(f"{ONE}resume/").json()["changed"] is False

    def test_one_that_has_ended_cannot_be_paused(self, operator_api: Api, workspace: Workspace) -> None:
        make_schedule(workspace, **NEVER_AGAIN)
        response = operator_api.post(f"{ONE}pause/")
        assert (response.status_code, "has ended" in response.json()["detail"]) == (409, True)

    @pytest.mark.parametrize("verb", ["pause", "resume", "run-now", "skip-next"])
    def test_if_match_guards_each_verb(self, operator_api: Api, schedule: Schedule, verb: str) -> None:
        assert operator_api.post(f"{ONE}{verb}/", If_Match='"2"').status_code == 412
        assert (Event.objects.filter(kind__startswith="schedule.p").count(), Run.objects.count()) == (0, 0)
        assert operator_api.post(f"{ONE}{verb}/", If_Match='"1"').status_code in (200, 202)

    @pytest.mark.parametrize("verb", ["pause", "resume", "skip-next"])
    def test_a_body_that_is_not_understood_is_refused(self, operator_api: Api, schedule: Schedule, verb: str) -> None:
        response = operator_api.post(f"{ONE}{verb}/", {"noet": "x"})
        assert [error["field"] for error in response.json()["errors"]] == ["noet"]
        assert Schedule.objects.get().state == "active"


class TestRunNow:
    def test_it_starts_a_run_with_the_schedules_parameters_and_leaves_the_schedule_alone(
        self, operator_api: Api, schedule: Schedule
    ) -> None:
        response = operator_api.post(f"{ONE}run-now/", {"comment": "to see"})
        assert response.status_code == 202, response.json()
        run = response.json()
        assert (run["parameters"], run["actor"], run["comment"]) == ({"day": "monday"}, "olga", "to see")
        assert response.headers["Location"].endswith(f"/runs/{run['id']}/")
        after = Schedule.objects.get()
        assert (after.next_fire_at, after.decided_until) == (schedule.next_fire_at, schedule.decided_until)
        assert Fire.objects.count() == 0

    def test_a_paused_job_is_a_conflict(self, operator_api: Api, schedule: Schedule) -> None:
        Job.objects.update(state=JobState.PAUSED)
        assert operator_api.post(f"{ONE}run-now/").status_code == 409
        assert Run.objects.count() == 0

    def test_a_comment_that_is_too_long_is_refused(self, operator_api: Api, schedule: Schedule) -> None:
        response = operator_api.post(f"{ONE}run-now/", {"comment": "x" * 2001})
        assert [error["field"] for error in response.json()["errors"]] == ["comment"]
        assert Run.objects.count() == 0


class TestSkipNext:
    def test_each_call_skips_one_more(self, operator_api: Api, schedule: Schedule) -> None:
        first, second = (operator_api.post(f"{ONE}skip-next/", {"note": "a holiday"}).json() for _ in range(2))
        assert dt.datetime.fromisoformat(first["skipped"]) == schedule.next_fire_at
        assert second["skipped"] > first["skipped"]
        assert [dt.datetime.fromisoformat(skip) for skip in second["skips"]] == [
            dt.datetime.fromisoformat(answer["skipped"]) for answer in (first, second)
        ]

    def test_a_paused_one_has_nothing_to_skip(self, operator_api: Api, schedule: Schedule) -> None:
        operator_api.post(f"{ONE}pause/")
        assert operator_api.post(f"{ONE}skip-next/").status_code == 409
        assert Schedule.objects.get().skips == []


class TestFires:
    @pytest.fixture(autouse=True)
    def decisions(self, schedule: Schedule) -> list[Fire]:
        return [
            make_fire(schedule, 2, run_id=7),
            make_fire(schedule, 0, run_id=5),
            make_skip(schedule, 1, Reason.OVERLAP, "its former run had not ended"),
            make_skip(schedule, 3, Reason.MISFIRE, "it came up 2 h late"),
        ]

    def hours(self, response: Any) -> list[int]:
        assert response.status_code == 200, response.json()
        return [dt.datetime.fromisoformat(each["fire_at"]).hour for each in response.json()["results"]]

    def test_the_latest_fire_time_comes_first_however_they_were_decided(self, operator_api: Api) -> None:
        assert self.hours(operator_api.get(f"{ONE}fires/")) == [15, 14, 13, 12]

    def test_each_says_what_was_decided_and_why(self, operator_api: Api, decisions: list[Fire]) -> None:
        missed, fired = operator_api.get(f"{ONE}fires/", limit=2).json()["results"]
        assert (fired["id"], fired["state"], fired["reason"], fired["run"], fired["late_seconds"]) == (
            decisions[0].pk,
            "fired",
            None,
            7,
            0.2,
        )
        assert (missed["state"], missed["reason"], missed["detail"], missed["run"]) == (
            "skipped",
            "misfire",
            "it came up 2 h late",
            None,
        )

    def test_one_that_is_not_decided_yet_is_not_late(self, operator_api: Api, schedule: Schedule) -> None:
        make_fire(schedule, 9, state=FireState.BUFFERED, run_id=None)
        assert operator_api.get(f"{ONE}fires/", limit=1).json()["results"][0]["late_seconds"] is None

    @pytest.mark.parametrize(
        ("query", "hours"),
        [
            ({"state": "skipped"}, [15, 13]),
            ({"state": "skipped", "reason": "overlap"}, [13]),
            ({"since": "2026-11-21T14:00:00Z"}, [15, 14]),
            ({"until": "2026-11-21T14:00:00Z"}, [13, 12]),
            ({"order": "fire_at"}, [12, 13, 14, 15]),
            ({"order": "-fire_at", "fields": "fire_at"}, [15, 14, 13, 12]),
            ({"since": "2026-11-21T14:00:00+01:00", "until": "2026-11-21T15:00:00+01:00"}, [13]),
        ],
    )
    def test_filters(self, operator_api: Api, query: dict[str, str], hours: list[int]) -> None:
        assert self.hours(operator_api.get(f"{ONE}fires/", **query)) == hours

    @pytest.mark.parametrize(
        "query",
        [{"state": "late"}, {"reason": "because"}, {"since": "noon"}, {"when": "x"}, {"order": "id"}, {"fields": "x"}],
    )
    def test_what_is_not_understood_is_refused(self, operator_api: Api, query: dict[str, str]) -> None:
        response = operator_api.get(f"{ONE}fires/", **query)
        assert [error["field"] for error in response.json()["errors"]] == list(query)

    def test_page_by_page_also_where_two_have_one_time(self, operator_api: Api, schedule: Schedule) -> None:
        for run in (91, 92, 93):
            make_fire(schedule, 2, cause=f"0:{run}")
        seen: list[str] = []
        response = operator_api.get(f"{ONE}fires/", limit=2)
        while True:
            seen += [each["cause"] or str(each["run"]) for each in response.json()["results"]]
            if response.json()["next"] is None:
                break
            response = operator_api.client.get(response.json()["next"], headers=operator_api.headers)
        assert seen == ["None", "0:93", "0:92", "0:91", "7", "None", "5"]

    def test_the_first_ones_come_first_if_that_is_asked_for(self, operator_api: Api, schedule: Schedule) -> None:
        for run in (91, 92):
            make_fire(schedule, 2, cause=f"0:{run}")
        first = operator_api.get(f"{ONE}fires/", order="fire_at", fields="id,run", limit=3).json()
        rest = operator_api.client.get(first["next"], headers=operator_api.headers).json()
        assert {tuple(each) for each in first["results"] + rest["results"]} == {("id", "run")}
        newest = operator_api.get(f"{ONE}fires/").json()["results"]
        assert [each["id"] for each in first["results"] + rest["results"]] == [each["id"] for each in newest[::-1]]

    def test_after_one_that_there_is_not_is_not_found(self, operator_api: Api, decisions: list[Fire]) -> None:
        none = max(each.pk for each in decisions) + 1
        assert operator_api.get(f"{ONE}fires/", after=none).status_code == 404

    def test_those_of_another_schedule_are_not_shown(self, operator_api: Api, workspace: Workspace) -> None:
        make_schedule(workspace, "task:pong")
        assert self.hours(operator_api.get("jobs/task:pong/schedules/default/fires/")) == []


class TestPrincipal:
    def test_it_is_shown_and_taken_over_by_an_editor(
        self, editor_api: Api, schedule: Schedule, workspace: Workspace
    ) -> None:
        assert editor_api.get(ONE).json()["principal"] is None
        answer = editor_api.send("PUT", f"{ONE}principal/", {}).json()
        assert (answer["principal"], answer["changed"]) == ("eve", True)
        assert editor_api.get(ONE).json()["principal"] == "eve"
        assert editor_api.send("PUT", f"{ONE}principal/", {}).json()["changed"] is False

    def test_it_may_be_a_service_account_and_no_other_person(
        self, editor_api: Api, schedule: Schedule, workspace: Workspace
    ) -> None:
        create_service_account(workspace=workspace, name="ci", role=Role.OPERATOR, actor="olga")
        answer = editor_api.send("PUT", f"{ONE}principal/", {"service_account": "ci"}).json()
        assert answer["principal"] == "ci@acme.service"
        assert editor_api.send("PUT", f"{ONE}principal/", {"service_account": "other"}).status_code == 404
        assert editor_api.send("PUT", f"{ONE}principal/", {"username": "olga"}).status_code == 400
        change_service_account(account=ServiceAccount.objects.get(), role=Role.VIEWER, actor="olga")
        answer = editor_api.send("PUT", f"{ONE}principal/", {"service_account": "ci"}).json()
        assert answer["errors"][0]["field"] == "username"

    def test_it_takes_an_editor(self, operator_api: Api, schedule: Schedule) -> None:
        assert operator_api.send("PUT", f"{ONE}principal/", {}).status_code == 403

    def test_one_that_was_deleted_is_told_as_none(self, editor_api: Api, schedule: Schedule) -> None:
        Schedule.objects.update(principal=999_999)
        assert editor_api.get(ONE).json()["principal"] is None
        assert editor_api.get("schedules/").json()["results"][0]["principal"] is None
