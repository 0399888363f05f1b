"""Listing, reading and writing schedules through the API."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest

from jobs.models import Event, Job, Role, Workspace
from jobs.services.jobs import save_job
from scheduler.models import Fire, Schedule
from scheduler.services import editing
from scheduler.states import Reason, ScheduleState
from tests.integration.people import NOW, Api, make_job, make_user
from tests.integration.schedule_rows import (
    HOURLY,
    NEVER_AGAIN,
    entries,
    make_fire,
    make_schedule,
    make_skip,
    put_due,
)

pytestmark = pytest.mark.django_db

ONE = "jobs/task:ping/schedules/default/"
DAILY: dict[str, Any] = {"triggers": [{"type": "cron", "expression": "30 6 * * *"}]}


def names(response: Any) -> list[str]:
    """The schedules on a page, as job and name."""
    assert response.status_code == 200, response.json()
    return [f"{each['job']} {each['name']}" for each in response.json()["results"]]


def errors(response: Any) -> dict[str, str]:
    """What a 400 says, by field."""
    assert response.status_code == 400, response.content
    return {error["field"]: error["message"] for error in response.json()["errors"]}


class TestReading:
    def test_one_is_its_document_and_where_it_stands(self, viewer_api: Api, schedule: Schedule) -> None:
        response = viewer_api.get(ONE)
        answer = response.json()
        assert (answer["id"], answer["job"], answer["name"], answer["state"]) == (
            schedule.pk,
            "task:ping",
            "default",
            "active",
        )
        assert (answer["triggers"][0]["expression"], answer["overlap"]) == ("0 0 * ? * MON-FRI", "skip")
        assert "Monday to Friday" in answer["sentence"]
        assert dt.datetime.fromisoformat(answer["next_fire_at"]) == schedule.next_fire_at
        assert (answer["last_decision"], answer["problem"], answer["version"]) == (None, "", 1)
        assert response.headers["ETag"].startswith('"1-')

    def test_one_that_is_overdue_says_by_how_much(self, viewer_api: Api, schedule: Schedule) -> None:
        put_due(schedule, dt.datetime.now(dt.UTC) + dt.timedelta(hours=1))
        assert viewer_api.get(ONE).json()["late_seconds"] is None
        put_due(schedule, dt.datetime.now(dt.UTC) - dt.timedelta(hours=1))
        assert 3600 <= viewer_api.get(ONE).json()["late_seconds"] < 3660

    def test_the_last_decision_is_that_on_the_latest_fire_time(self, viewer_api: Api, schedule: Schedule) -> None:
        late = make_skip(schedule, 2, Reason.MISFIRE, "it came up 1 h late")
        make_fire(schedule, 1)
        answer = viewer_api.get(ONE).json()["last_decision"]
        assert (answer["id"], answer["state"], answer["reason"], answer["detail"], answer["run"]) == (
            late.pk,
            "skipped",
            "misfire",
            "it came up 1 h late",
            None,
        )

    def test_a_document_that_is_not_valid_any_more_is_shown_with_what_is_wrong(
        self, viewer_api: Api, schedule: Schedule
    ) -> None:
        broken = schedule.document | {"triggers": [{"type": "cron", "expression": "never"}]}
        Schedule.objects.update(document=broken)
        answer = viewer_api.get(ONE).json()
        assert answer["sentence"].startswith("Cannot be read: triggers.0.expression: ")

    def test_a_name_with_a_space_has_an_address(self, viewer_api: Api, workspace: Workspace) -> None:
        make_schedule(workspace, name="each hour")
        assert viewer_api.get("jobs/task:ping/schedules/each hour/").json()["name"] == "each hour"

    @pytest.mark.parametrize(
        "path",
        ["jobs/task:ping/schedules/other/", "jobs/task:pong/schedules/default/", "jobs/task:pong/schedules/"],
    )
    def test_what_there_is_not_is_not_found(self, viewer_api: Api, schedule: Schedule, path: str) -> None:
        assert viewer_api.get(path).status_code == 404

    def test_one_of_another_workspace_is_not_found(self, schedule: Schedule, stranger_api: Api) -> None:
        assert stranger_api.get(ONE).status_code == 404
        assert names(stranger_api.get("schedules/")) == []


class TestLists:
    @pytest.fixture(autouse=True)
    def schedules(self, workspace: Workspace) -> list[Schedule]:
        named = [HOURLY | {"name": "a"}, HOURLY | {"name": "b"}]
        jobs = [
            make_job(workspace, "task:one", schedules=named),
            make_job(workspace, "task:two", schedules=[NEVER_AGAIN]),
        ]
        return list(Schedule.objects.filter(job__in=jobs).order_by("pk"))

    def test_all_of_a_workspace(self, viewer_api: Api) -> None:
        assert names(viewer_api.get("schedules/")) == ["task:one a", "task:one b", "task:two default"]

    def test_of_one_job(self, viewer_api: Api) -> None:
        assert names(viewer_api.get("schedules/", job="task:one")) == ["task:one a", "task:one b"]
        assert names(viewer_api.get("jobs/task:one/schedules/")) == ["task:one a", "task:one b"]
        assert names(viewer_api.get("schedules/", job="task:none")) == []

    def test_by_state(self, viewer_api: Api) -> None:
        assert names(viewer_api.get("schedules/", state="ended")) == ["task:two default"]
        assert names(viewer_api.get("jobs/task:one/schedules/", state="ended")) == []

    def test_by_when_they_are_due(self, viewer_api: Api, schedules: list[Schedule]) -> None:
        put_due(schedules[0], NOW)
        put_due(schedules[1], NOW + dt.timedelta(hours=2))
        assert names(viewer_api.get("schedules/", due_before="2026-11-21T13:00:00Z")) == ["task:one a"]
        assert names(viewer_api.get("schedules/", due_before="2026-11-21T14:00:00.001Z")) == [
            "task:one a",
            "task:one b",
        ]

    def test_page_by_page(self, viewer_api: Api) -> None:
        first = viewer_api.get("schedules/", limit=2)
        assert names(first) == ["task:one a", "task:one b"]
        following = first.json()["next"]
        assert names(viewer_api.client.get(following, headers=viewer_api.headers)) == ["task:two default"]

    @pytest.mark.parametrize(
        ("query", "field"),
        [
            ({"state": "late"}, "state"),
            ({"due_before": "soon"}, "due_before"),
            ({"due_before": "2026-11-21T12:00:00"}, "due_before"),
            ({"name": "a"}, "name"),
        ],
    )
    def test_what_is_not_understood_is_refused(self, viewer_api: Api, query: dict[str, str], field: str) -> None:
        assert list(errors(viewer_api.get("schedules/", **query))) == [field]

    def test_a_page_takes_the_same_number_of_queries_however_long_it_is(
        self, viewer_api: Api, django_assert_num_queries: Any, schedules: list[Schedule]
    ) -> None:
        for schedule in schedules:
            make_fire(schedule)
        with django_assert_num_queries(3):  # Who calls, the schedules, their last decisions.
            viewer_api.get("schedules/")


class TestCreating:
    def test_it_becomes_an_entry_of_the_jobs_document(self, editor_api: Api, schedule: Schedule) -> None:
        response = editor_api.post("jobs/task:ping/schedules/", DAILY | {"name": "daily"})
        assert response.status_code == 201, response.json()
        assert response.headers["Location"].endswith("/workspaces/acme/jobs/task:ping/schedules/daily/")
        assert response.json()["version"] == 2
        assert entries(schedule.job) == [HOURLY, DAILY | {"name": "daily"}]
        assert Schedule.objects.count() == 2

    def test_without_a_name_it_is_the_default_one(self, editor_api: Api, workspace: Workspace) -> None:
        make_job(workspace)
        assert editor_api.post("jobs/task:ping/schedules/", DAILY).json()["name"] == "default"

    def test_a_name_that_is_taken_is_a_conflict_also_with_the_right_version(
        self, editor_api: Api, schedule: Schedule
    ) -> None:
        for headers in ({}, {"If_Match": '"1"'}):
            response = editor_api.post("jobs/task:ping/schedules/", DAILY, **headers)
            assert (response.status_code, response.json()["detail"]) == (
                409,
                "task:ping has a schedule 'default' already",
            )
        assert entries(schedule.job) == [HOURLY]

    @pytest.mark.parametrize(
        ("body", "field"),
        [
            ([], ""),
            ({}, "triggers"),
            (DAILY | {"name": "a/b"}, "name"),
            (DAILY | {"name": None}, "name"),
            (DAILY | {"tirggers": []}, "tirggers"),
            ({"triggers": [{"type": "cron", "expression": "0 0 0 0 0"}]}, "triggers.0.expression"),
            ({"triggers": [{"type": "cron", "expression": "0 0 30 2 *"}]}, "triggers.0.expression"),
            ({"triggers": [{"type": "job", "jobs": ["task:none"]}]}, "triggers.0.jobs"),
            ({"triggers": [{"type": "job", "jobs": ["task:ping"]}]}, "triggers.0.jobs"),
            (DAILY | {"timezone": "Berlin"}, "timezone"),
            (DAILY | {"version": "1"}, "version"),
        ],
    )
    def test_what_is_wrong_is_told_by_the_schedules_own_fields(
        self, editor_api: Api, workspace: Workspace, body: object, field: str
    ) -> None:
        job = make_job(workspace, schedules=[HOURLY | {"name": "first"}])
        found = errors(editor_api.post("jobs/task:ping/schedules/", body))
        assert [each.partition(".cron")[0] for each in found][:1] == [field]
        assert entries(job) == [HOURLY | {"name": "first"}]


class TestReplacing:
    def test_a_get_edited_is_a_put(self, editor_api: Api, schedule: Schedule) -> None:
        body = editor_api.get(ONE).json() | {"timezone": "UTC", "notes": "since the move"}
        response = editor_api.send("PUT", ONE, body)
        assert response.status_code == 200, response.json()
        answer = response.json()
        assert (answer["id"], answer["timezone"], answer["notes"], answer["version"]) == (
            schedule.pk,
            "UTC",
            "since the move",
            2,
        )

    def test_what_the_body_leaves_out_is_the_default_again(self, editor_api: Api, schedule: Schedule) -> None:
        assert editor_api.send("PUT", ONE, DAILY).json()["timezone"] == "UTC"
        assert entries(schedule.job) == [DAILY | {"name": "default"}]

    def test_the_others_of_the_job_stay_as_they_are(self, editor_api: Api, workspace: Workspace) -> None:
        job = make_job(workspace, schedules=[HOURLY | {"name": "a"}, HOURLY | {"name": "b"}, HOURLY | {"name": "c"}])
        moved = Schedule.objects.get(name="c").updated_at
        editor_api.send("PUT", "jobs/task:ping/schedules/b/", DAILY)
        assert entries(job) == [HOURLY | {"name": "a"}, DAILY | {"name": "b"}, HOURLY | {"name": "c"}]
        assert Schedule.objects.get(name="c").updated_at == moved

    @pytest.mark.parametrize(
        ("part", "said"),
        [
            ({"name": "other"}, "expected default: a schedule cannot be renamed"),
            ({"job": "task:other"}, "expected task:ping: a schedule cannot move to another job"),
            ({"state": "paused"}, "expected active: pause/ and resume/ change it"),
        ],
    )
    def test_what_is_fixed_cannot_be_changed(
        self, editor_api: Api, schedule: Schedule, part: dict[str, str], said: str
    ) -> None:
        assert list(errors(editor_api.send("PUT", ONE, DAILY | part)).items()) == [(next(iter(part)), said)]
        assert entries(schedule.job) == [HOURLY]

    def test_what_is_wrong_in_another_schedule_of_the_job_is_told_by_its_place(
        self, editor_api: Api, workspace: Workspace
    ) -> None:
        job = make_job(workspace, schedules=[HOURLY | {"name": "a"}, HOURLY | {"name": "b"}])
        Job.objects.filter(pk=job.pk).update(schedules=[HOURLY | {"name": "a"}, {"name": "b", "triggers": []}])
        found = errors(editor_api.send("PUT", "jobs/task:ping/schedules/a/", {"triggers": []}))
        assert list(found) == ["triggers", "schedules.1.triggers"]

    def test_one_that_there_is_not_is_not_made(self, editor_api: Api, schedule: Schedule) -> None:
        assert editor_api.send("PUT", "jobs/task:ping/schedules/other/", DAILY).status_code == 404


class TestChanging:
    def test_it_changes_what_it_names_and_no_more(self, editor_api: Api, schedule: Schedule) -> None:
        response = editor_api.send("PATCH", ONE, {"enabled": False, "misfire": {"policy": "all"}})
        assert response.status_code == 200, response.json()
        assert entries(schedule.job) == [HOURLY | {"enabled": False, "misfire": {"policy": "all"}}]
        assert response.json()["next_fire_at"] is None

    def test_objects_are_merged_lists_are_replaced_and_null_removes(
        self, editor_api: Api, workspace: Workspace
    ) -> None:
        schedule = make_schedule(workspace, misfire={"policy": "all", "most": 5}, notes="x")
        editor_api.send(
            "PATCH", ONE, {"misfire": {"most": 7}, "triggers": DAILY["triggers"], "timezone": None, "notes": None}
        )
        assert entries(schedule.job) == [DAILY | {"misfire": {"policy": "all", "most": 7}}]

    def test_a_change_that_says_what_stands_there_changes_nothing(self, editor_api: Api, workspace: Workspace) -> None:
        make_schedule(workspace, name="default")
        events = Event.objects.count()
        assert editor_api.send("PATCH", ONE, {"timezone": "Europe/Berlin"}).json()["version"] == 1
        assert Event.objects.count() == events

    def test_what_is_wrong_is_told_and_nothing_is_saved(self, editor_api: Api, schedule: Schedule) -> None:
        assert list(errors(editor_api.send("PATCH", ONE, {"jitter": "soon"}))) == ["jitter"]
        assert list(errors(editor_api.send("PATCH", ONE, {"state": "paused"}))) == ["state"]
        assert list(errors(editor_api.send("PATCH", ONE, [1]))) == [""]
        assert list(errors(editor_api.send("PATCH", ONE, '{"parameters": ' + '{"a": ' * 200 + "1" + "}" * 201))) == [
            "parameters.a.a"
        ]
        assert entries(schedule.job) == [HOURLY]


class TestDeleting:
    def test_it_goes_out_of_the_jobs_document_with_what_it_decided(self, editor_api: Api, workspace: Workspace) -> None:
        job = make_job(workspace, schedules=[HOURLY | {"name": "a"}, HOURLY | {"name": "b"}])
        make_fire(Schedule.objects.get(name="a"))
        assert editor_api.send("DELETE", "jobs/task:ping/schedules/a/").status_code == 204
        assert entries(job) == [HOURLY | {"name": "b"}]
        assert (list(Schedule.objects.values_list("name", flat=True)), Fire.objects.count()) == (["b"], 0)
        assert Event.objects.filter(kind="schedule.deleted", actor="eve").count() == 1


class TestTwoWriters:
    @pytest.mark.parametrize(("method", "body"), [("PUT", DAILY), ("PATCH", {"notes": "x"}), ("DELETE", None)])
    def test_if_match_with_another_version_of_the_job_is_refused(
        self, editor_api: Api, schedule: Schedule, method: str, body: object
    ) -> None:
        assert editor_api.send(method, ONE, body, If_Match='"7"').status_code == 412
        assert entries(schedule.job) == [HOURLY]
        assert editor_api.send(method, ONE, body, If_Match='"1"').status_code in (200, 204)

    def test_a_version_in_the_body_that_is_not_the_jobs_is_a_conflict(
        self, editor_api: Api, schedule: Schedule
    ) -> None:
        assert editor_api.send("PUT", ONE, DAILY | {"version": 7}).status_code == 409
        assert editor_api.send("PATCH", ONE, {"notes": "x", "version": 7}).status_code == 409
        assert editor_api.post("jobs/task:ping/schedules/", DAILY | {"name": "d", "version": 7}).status_code == 409
        assert entries(schedule.job) == [HOURLY]
        assert editor_api.send("PATCH", ONE, {"notes": "x", "version": 1}).status_code == 200

    def test_without_either_a_change_of_another_part_of_the_job_is_not_lost(
        self, editor_api: Api, schedule: Schedule, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Somebody writes the job's description between the read and the write of a change."""
        meanwhile = iter([True])

        def save(**arguments: Any) -> Job:
            if next(meanwhile, False):
                present = Job.objects.get().document() | {"description": "by somebody else"}
                save_job(workspace=schedule.workspace, document=present, actor="somebody else")
            return save_job(**arguments)

        monkeypatch.setattr(editing, "save_job", save)
        assert editor_api.send("PATCH", ONE, {"notes": "x"}).json()["version"] == 3
        job = Job.objects.get()
        assert (job.description, job.schedules[0]["notes"]) == ("by somebody else", "x")

    def test_with_one_it_is_refused(self, editor_api: Api, schedule: Schedule, monkeypatch: pytest.MonkeyPatch) -> None:
        def save(**arguments: Any) -> Job:
            present = Job.objects.get().document() | {"description": "by somebody else"}
            save_job(workspace=schedule.workspace, document=present, actor="somebody else")
            return save_job(**arguments)

        monkeypatch.setattr(editing, "save_job", save)
        assert editor_api.send("PATCH", ONE, {"notes": "x"}, If_Match='"1"').status_code == 412
        assert entries(schedule.job) == [HOURLY]


class TestWhoMay:
    @pytest.mark.parametrize(
        ("role", "statuses"),
        [
            (Role.VIEWER, (200, 403, 403)),
            (Role.OPERATOR, (200, 200, 403)),
            (Role.EDITOR, (200, 200, 200)),
            (Role.OWNER, (200, 200, 200)),
        ],
    )
    def test_each_role_includes_the_ones_before_it(
        self, workspace: Workspace, schedule: Schedule, role: Role, statuses: tuple[int, int, int]
    ) -> None:
        api = Api(make_user("mia", workspace=workspace, role=role))
        read, operate, write = statuses
        assert [api.get(path).status_code for path in (ONE, "schedules/", f"{ONE}fires/")] == [read] * 3
        assert [api.post(f"{ONE}{verb}/").status_code for verb in ("pause", "resume", "skip-next")] == [operate] * 3
        assert [api.send(method, ONE, DAILY).status_code for method in ("PUT", "PATCH")] == [write] * 2
        assert api.post("jobs/task:ping/schedules/", DAILY | {"name": "b"}).status_code in (write, 201)
        assert api.send("DELETE", ONE).status_code in (write, 204)
        left = Schedule.objects.filter(state=ScheduleState.ACTIVE).values_list("name", flat=True)
        assert list(left) == (["b"] if write == 200 else ["default"])
