"""What the API tells of schedules: previews, explanations, simulations and backfills. What the answers say is tested where they are
made; here, that they are asked for and told."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest

from jobs.models import Job, Workspace
from scheduler.models import Backfill, Fire, Schedule
from scheduler.states import BackfillState, Reason
from tests.integration.people import NOW, Api
from tests.integration.schedule_rows import HOURLY, entries, make_fire, make_schedule, make_skip

pytestmark = pytest.mark.django_db

ONE = "jobs/task:ping/schedules/default/"
NIGHTLY: dict[str, Any] = {"triggers": [{"type": "cron", "expression": "0 30 2 * * ?"}], "timezone": "Europe/Berlin"}


def fields(response: Any) -> list[str]:
    """The fields that a 400 names."""
    assert response.status_code == 400, response.content
    return [error["field"] for error in response.json()["errors"]]


def answer(response: Any, code: int = 200) -> Any:
    """What a call was answered."""
    assert response.status_code == code, response.content
    return response.json()


class TestPreview:
    def test_the_next_fire_times_on_both_clocks_and_what_will_be_skipped(
        self, viewer_api: Api, operator_api: Api, schedule: Schedule
    ) -> None:
        operator_api.post(f"{ONE}skip-next/")
        told = answer(viewer_api.get(f"{ONE}preview/", count=3))
        assert (told["timezone"], told["owes"], len(told["times"])) == ("Europe/Berlin", True, 3)
        first, second = told["times"][:2]
        assert dt.datetime.fromisoformat(first["fire_at"]) == schedule.next_fire_at
        assert dt.datetime.fromisoformat(first["local"]) == schedule.next_fire_at
        assert first["local"].endswith(("+01:00", "+02:00"))
        assert (first["skipped"], second["skipped"]) == ("somebody asked to skip it", None)

    def test_from_a_later_time_on(self, viewer_api: Api, schedule: Schedule) -> None:
        told = answer(viewer_api.get(f"{ONE}preview/", after="2100-01-01T00:00:00Z", count=1))
        assert told["times"][0]["fire_at"] == "2100-01-01T01:00:00Z"

    def test_of_a_document_that_is_not_saved_with_its_warnings(self, viewer_api: Api, schedule: Schedule) -> None:
        document = NIGHTLY | {"dst": {"gap": "skip", "overlap": "first"}}
        told = answer(viewer_api.post("schedules/preview/?count=2&after=2026-03-27T12:00:00Z", document))
        assert [each["local"] for each in told["times"]] == ["2026-03-28T02:30:00+01:00", "2026-03-30T02:30:00+02:00"]
        warning = told["warnings"][0]
        assert (warning["effect"], warning["at"], warning["trigger"]) == ("silent", "2026-03-29T01:00:00Z", 0)
        assert warning["sentence"] == "on 29 March 2026 this does not fire: 02:30 does not exist in Europe/Berlin"
        assert entries(schedule.job) == [HOURLY]

    @pytest.mark.parametrize(
        ("body", "field"),
        [([], ""), ({"triggers": []}, "triggers"), (NIGHTLY | {"timezone": "Berlin"}, "timezone"), ({"a": "\0"}, "a")],
    )
    def test_a_document_that_is_wrong_is_refused_by_field(self, viewer_api: Api, body: object, field: str) -> None:
        assert fields(viewer_api.post("schedules/preview/", body)) == [field]

    @pytest.mark.parametrize("query", [{"count": "0"}, {"count": "1001"}, {"after": "soon"}, {"n": "1"}])
    def test_what_is_not_understood_is_refused(
        self, viewer_api: Api, schedule: Schedule, query: dict[str, str]
    ) -> None:
        assert fields(viewer_api.get(f"{ONE}preview/", **query)) == list(query)


class TestExplain:
    def test_why_it_did_not_run(self, viewer_api: Api, schedule: Schedule) -> None:
        make_skip(schedule, 0, Reason.OVERLAP, "its former run had not ended")
        told = answer(viewer_api.get(f"{ONE}explain/", at="2026-11-21 13:00"))
        assert (told["verdict"], told["reason"], told["run"]) == ("skipped", "overlap", None)
        assert told["fire_at"] == "2026-11-21T12:00:00Z"
        assert told["sentence"] == (
            "Saturday 21 November 2026, 13:00 (Europe/Berlin): it was skipped: its former run had not ended."
        )

    def test_which_run_it_was(self, viewer_api: Api, schedule: Schedule) -> None:
        make_fire(schedule, 0, run_id=7)
        told = answer(viewer_api.get(f"{ONE}explain/", at="2026-11-21T12:00:00Z"))
        assert (told["verdict"], told["run"], told["reason"]) == ("fired", 7, None)

    @pytest.mark.parametrize("query", [{}, {"at": "when it rained"}])
    def test_a_time_is_needed(self, viewer_api: Api, schedule: Schedule, query: dict[str, str]) -> None:
        assert fields(viewer_api.get(f"{ONE}explain/", **query)) == ["at"]


class TestSimulate:
    EVEN: dict[str, Any] = {"triggers": [{"type": "cron", "expression": "@hourly"}], "timezone": "UTC"}

    @pytest.fixture
    def schedule(self, workspace: Workspace) -> Schedule:
        """Each hour of a week is like the others, in which week soever this runs."""
        return make_schedule(workspace, **self.EVEN)

    def test_the_load_of_the_workspace_hour_by_hour(self, viewer_api: Api, schedule: Schedule) -> None:
        told = answer(viewer_api.get("schedules/simulate/", days=7))
        assert (len(told["hours"]), told["schedules"], told["sampled"]) == (168, 1, False)
        assert told["fires"] == sum(hour["fires"] for hour in told["hours"]) == 168
        assert set(told["hours"][0]) == {"start", "fires", "concurrency"}

    def test_what_an_edit_would_change(self, viewer_api: Api, schedule: Schedule) -> None:
        body = {"job": "task:ping", "schedules": [self.EVEN | {"triggers": [{"type": "cron", "expression": "@daily"}]}]}
        told = answer(viewer_api.post("schedules/simulate/", body | {"days": 7}))
        assert (told["before"]["fires"], told["after"]["fires"]) == (168, 7)
        change = told["schedules"][0]
        assert (change["name"], change["change"], change["fires_before"], change["fires_after"]) == (
            "default",
            "changed",
            168,
            7,
        )
        assert change["lost"]
        assert entries(schedule.job) == [self.EVEN]

    def test_what_is_wrong_is_refused_by_field(self, viewer_api: Api, schedule: Schedule) -> None:
        assert fields(viewer_api.get("schedules/simulate/", days=0)) == ["days"]
        assert fields(viewer_api.post("schedules/simulate/", {"job": "task:ping"})) == ["schedules"]
        wrong = {"job": "task:ping", "schedules": [{"triggers": []}]}
        assert fields(viewer_api.post("schedules/simulate/", wrong)) == ["schedules.0.triggers"]
        assert viewer_api.post("schedules/simulate/", {"job": "task:none", "schedules": []}).status_code == 404


class TestBackfills:
    RANGE = {"start": "2024-11-20T09:00:00Z", "end": "2024-11-20T12:00:00Z"}

    @pytest.fixture(autouse=True)
    def old(self, schedule: Schedule) -> None:
        Schedule.objects.update(anchor_at=dt.datetime(2024, 1, 1, tzinfo=dt.UTC))
        at_eleven = dt.datetime(2024, 11, 20, 11, tzinfo=dt.UTC)
        make_fire(schedule, (at_eleven - NOW) / dt.timedelta(hours=1), run_id=7)

    def test_a_dry_run_tells_which_fire_times_and_begins_nothing(self, operator_api: Api) -> None:
        told = answer(operator_api.post(f"{ONE}backfills/", self.RANGE | {"dry_run": True}))
        assert (told["total"], told["which"], told["excluded"]) == (3, "missing", 0)
        assert [(each["fire_at"][11:13], each["runs"], each["stands"]) for each in told["times"]] == [
            ("09", True, "no run"),
            ("10", True, "no run"),
            ("11", False, "run 7 was erased"),
            ("12", True, "no run"),
        ]
        assert Backfill.objects.count() == 0

    def test_it_is_begun_read_listed_and_cancelled(self, operator_api: Api, viewer_api: Api) -> None:
        asked = self.RANGE | {"which": "all", "limit": 2, "note": "the supplier sent it again"}
        response = operator_api.post(f"{ONE}backfills/", asked)
        made = answer(response, 202)
        assert (made["job"], made["schedule"], made["state"], made["limit"], made["actor"]) == (
            "task:ping",
            "default",
            "running",
            2,
            "olga",
        )
        assert (made["progress"]["total"], made["progress"]["owed"]) == (4, 4)
        assert response.headers["Location"].endswith(f"/backfills/{made['id']}/")
        assert answer(viewer_api.get(f"backfills/{made['id']}/")) == made
        assert (
            answer(viewer_api.get(f"{ONE}backfills/"))["results"]
            == answer(viewer_api.get("backfills/"))["results"]
            == [made]
        )
        over = answer(operator_api.post(f"backfills/{made['id']}/cancel/", {"note": "not today", "terminate": True}))
        assert (over["state"], over["changed"], over["progress"]["not_started"]) == ("cancelled", True, 4)
        assert (over["state_change"]["actor"], over["state_change"]["note"]) == ("olga", "not today")
        assert answer(operator_api.post(f"backfills/{made['id']}/cancel/"))["changed"] is False
        chosen = {"state": "cancelled", "order": "id", "fields": "id,state"}
        assert answer(viewer_api.get("backfills/", **chosen))["results"] == [{"id": made["id"], "state": "cancelled"}]
        assert answer(viewer_api.get(f"{ONE}backfills/", state="running"))["results"] == []

    def test_those_of_another_schedule_are_left_out_of_its_list(
        self, operator_api: Api, viewer_api: Api, workspace: Workspace
    ) -> None:
        answer(operator_api.post(f"{ONE}backfills/", self.RANGE), 202)
        make_schedule(workspace, "task:pong")
        assert answer(viewer_api.get("jobs/task:pong/schedules/default/backfills/"))["results"] == []

    @pytest.mark.parametrize(
        ("part", "field"),
        [
            ({"start": "x"}, "start"),
            ({"end": "2024-11-19"}, "end"),
            ({"which": "some"}, "which"),
            ({"limit": 0}, "limit"),
            ({"until": "x"}, "until"),
            ({"dry_run": "perhaps"}, "dry_run"),
        ],
    )
    def test_what_is_wrong_is_refused_by_field(self, operator_api: Api, part: dict[str, object], field: str) -> None:
        assert fields(operator_api.post(f"{ONE}backfills/", self.RANGE | part)) == [field]
        assert Backfill.objects.count() == 0

    def test_nothing_to_run_is_a_conflict(self, operator_api: Api) -> None:
        Fire.objects.all().delete()
        weekend = {"start": "2024-11-17T00:00:00Z", "end": "2024-11-17T12:00:00Z"}
        assert operator_api.post(f"{ONE}backfills/", weekend).status_code == 409

    def test_one_of_another_workspace_is_not_found(self, operator_api: Api, stranger_api: Api) -> None:
        made = answer(operator_api.post(f"{ONE}backfills/", self.RANGE), 202)
        assert stranger_api.get(f"backfills/{made['id']}/").status_code == 404
        assert stranger_api.post(f"backfills/{made['id']}/cancel/").status_code == 404
        assert Backfill.objects.get().state == BackfillState.RUNNING

    def test_a_viewer_may_not_begin_nor_cancel_one(self, viewer_api: Api, operator_api: Api) -> None:
        assert viewer_api.post(f"{ONE}backfills/", self.RANGE | {"dry_run": True}).status_code == 403
        made = answer(operator_api.post(f"{ONE}backfills/", self.RANGE), 202)
        assert viewer_api.post(f"backfills/{made['id']}/cancel/").status_code == 403


def test_a_job_named_as_a_part_of_an_address_is_no_trouble(workspace: Workspace, viewer_api: Api) -> None:
    make_schedule(workspace, "task:schedules", name="preview")
    assert answer(viewer_api.get("jobs/task:schedules/schedules/preview/"))["name"] == "preview"
    assert Job.objects.count() == 1
