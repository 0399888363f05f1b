"""Terminating many runs, and concurrency groups, through the API."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from jobs import dispatch, hotpath
from jobs.models import BulkAction, ConcurrencyGroup, Event, Job, Role, Run, Workspace
from tests.integration.people import Api, make_job, make_user, make_workspace
from tests.integration.run_rows import make_lane, make_run

pytestmark = pytest.mark.django_db

HOST: dict[str, Any] = {"name": "api.example.com", "limit": 5, "rate": {"count": 100, "period": "1m"}}


@pytest.fixture(autouse=True)
def sent(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[Any]]:
    """What was published."""
    messages: list[Any] = []
    monkeypatch.setattr(dispatch, "publish", messages.extend)
    yield messages
    hotpath.close()


@pytest.fixture
def workspace() -> Workspace:
    return make_workspace()


@pytest.fixture
def job(workspace: Workspace) -> Job:
    return make_job(workspace)


@pytest.fixture
def api(workspace: Workspace) -> Api:
    return Api(make_user("olga", workspace=workspace, role=Role.OPERATOR))


@pytest.fixture
def editor(workspace: Workspace) -> Api:
    return Api(make_user("eve", workspace=workspace, role=Role.EDITOR))


def fields(response: Any) -> list[str]:
    """The fields that a 400 names."""
    assert response.status_code == 400, response.json()
    return [error["field"] for error in response.json()["errors"]]


class TestTheListOfActions:
    def test_the_newest_comes_first_page_by_page_without_what_may_be_long(self, api: Api, job: Job) -> None:
        made = [api.post("runs/bulk-terminate/", {"ids": [make_run(job, "q").pk]}).json() for _ in range(3)]
        newest = {name: value for name, value in made[2].items() if name not in ("selection", "problems")}
        first = api.get("bulk-actions/", limit=2).json()
        assert first["results"][0] == newest
        assert [action["id"] for action in first["results"]] == [made[2]["id"], made[1]["id"]]
        rest = api.client.get(first["next"], headers=api.headers).json()
        assert ([action["id"] for action in rest["results"]], rest["next"]) == ([made[0]["id"]], None)

    def test_it_is_the_workspaces_own_and_viewers_may_read_it(self, api: Api, workspace: Workspace, job: Job) -> None:
        [mine] = [api.post("runs/bulk-terminate/", {"ids": [make_run(job, "q").pk]}).json()]
        other = make_workspace("other")
        BulkAction.objects.create(workspace=other, selection={"ids": [1]}, upto=1, total=1)
        viewer = Api(make_user("vera", workspace=workspace, role=Role.VIEWER))
        assert [action["id"] for action in viewer.get("bulk-actions/").json()["results"]] == [mine["id"]]
        assert Api(make_user("otto", workspace=other, role=Role.OWNER)).get("bulk-actions/").status_code == 404

    def test_those_that_go_on_and_those_that_are_over(self, api: Api, workspace: Workspace, job: Job) -> None:
        over = api.post("runs/bulk-terminate/", {"ids": [make_run(job, "q").pk]}).json()
        going_on = BulkAction.objects.create(workspace=workspace, selection={"ids": [1]}, upto=1, total=1)
        for is_open, expected in (("true", going_on.pk), ("false", over["id"])):
            assert [each["id"] for each in api.get("bulk-actions/", open=is_open).json()["results"]] == [expected]
        assert fields(api.get("bulk-actions/", open="maybe")) == ["open"]

    def test_they_are_filtered_and_ordered_and_show_what_is_asked_for(self, api: Api, workspace: Workspace) -> None:
        for action, actor in (("terminate", "ann"), ("delete-jobs", "ann"), ("terminate", "bob")):
            BulkAction.objects.create(workspace=workspace, action=action, actor=actor, selection={}, upto=1, total=1)
        asked = {"actor": "ann", "order": "id", "fields": "action,actor"}
        assert api.get("bulk-actions/", **asked).json()["results"] == [
            {"action": "terminate", "actor": "ann"},
            {"action": "delete-jobs", "actor": "ann"},
        ]
        assert len(api.get("bulk-actions/", action="terminate").json()["results"]) == 2
        assert fields(api.get("bulk-actions/", fields="problems")) == ["fields"]

    def test_it_takes_one_query_however_long_it_is(self, api: Api, workspace: Workspace) -> None:
        counted = []
        for _ in range(2):
            for number in range(5):
                BulkAction.objects.create(workspace=workspace, selection={"ids": [number]}, upto=1, total=1)
            with CaptureQueriesContext(connection) as queries:
                api.get("bulk-actions/")
            counted.append(len(queries))
        assert counted[0] == counted[1]


class TestBulkTermination:
    def test_a_list_of_ids_is_an_action_with_progress(self, api: Api, job: Job) -> None:
        runs = [make_run(job, "q"), make_run(job, "q"), make_run(job, "s")]
        other = make_run(job, "q")
        ids = [run.pk for run in runs]
        response = api.post("runs/bulk-terminate/", {"ids": ids, "note": "wrong data"})
        assert response.status_code == 202
        answer = response.json()
        assert response.headers["Location"].endswith(f"/acme/bulk-actions/{answer['id']}/")
        assert api.get(f"bulk-actions/{answer['id']}/").json() == answer
        assert answer.pop("created_at")
        assert answer.pop("ended_at")
        assert answer == {
            "id": BulkAction.objects.get().pk,
            "action": "terminate",
            "selection": {"ids": ids},
            "note": "wrong data",
            "actor": "olga",
            "total": 3,
            "changed": 2,
            "unchanged": 1,
            "problems": [],
        }
        assert list(Run.objects.order_by("pk").values_list("state", flat=True)) == [
            "cancelling",
            "cancelling",
            "succeeded",
            "running",
        ]
        other.refresh_from_db()
        assert other.stop is None

    def test_a_filter_takes_the_active_runs_that_fit(self, api: Api, job: Job, workspace: Workspace) -> None:
        mine, others = make_run(job, "q"), make_run(make_job(workspace, "task:pong"), "q")
        answer = api.post("runs/bulk-terminate/", {"filter": {"job": "task:ping", "state": "running"}}).json()
        assert (answer["total"], answer["changed"], answer["selection"]) == (
            1,
            1,
            {"filter": {"job": "task:ping", "state": "running"}},
        )
        mine.refresh_from_db()
        others.refresh_from_db()
        assert (mine.state, others.state) == ("cancelling", "running")

    def test_another_workspaces_runs_are_not_touched(self, api: Api) -> None:
        theirs = make_run(make_job(make_workspace("other")), "q")
        answer = api.post("runs/bulk-terminate/", {"ids": [theirs.pk]}).json()
        assert (answer["total"], answer["changed"]) == (0, 0)
        theirs.refresh_from_db()
        assert theirs.state == "running"

    @pytest.mark.parametrize(
        ("body", "named"),
        [
            ({}, [""]),
            ({"note": "why"}, [""]),
            ([], [""]),
            ({"ids": [1], "filter": {"job": "task:ping"}}, [""]),
            ({"ids": []}, ["ids"]),
            ({"ids": [1, "2", True]}, ["ids.1", "ids.2"]),
            ({"filter": {}}, ["filter"]),
            ({"filter": {"jobs": "task:ping"}}, ["filter"]),
            ({"filter": {"state": "succeeded"}}, ["filter.state"]),
            ({"filter": {"job": "\ud800"}}, ["filter.job"]),
            ({"filter": {"created_before": "2026-01-01"}}, ["filter.created_before"]),
            ({"ids": [1], "note": 5}, ["note"]),
        ],
    )
    def test_what_selects_nothing_clearly_is_refused(self, api: Api, job: Job, body: object, named: list[str]) -> None:
        run = make_run(job, "q")
        assert fields(api.post("runs/bulk-terminate/", body)) == named
        run.refresh_from_db()
        assert (run.state, BulkAction.objects.count()) == ("running", 0)

    def test_it_takes_an_operator(self, workspace: Workspace, job: Job) -> None:
        run = make_run(job, "q")
        viewer = Api(make_user("vera", workspace=workspace, role=Role.VIEWER))
        assert viewer.post("runs/bulk-terminate/", {"ids": [run.pk]}).status_code == 403
        assert not BulkAction.objects.exists()

    def test_another_workspaces_action_is_not_there(self, api: Api, job: Job) -> None:
        action = api.post("runs/bulk-terminate/", {"ids": [make_run(job, "q").pk]}).json()
        stranger = Api(make_user("otto", workspace=make_workspace("other"), role=Role.OWNER), workspace="other")
        assert stranger.get(f"bulk-actions/{action['id']}/").status_code == 404


class TestGroups:
    def test_a_group_is_created_and_reads_as_documented(self, editor: Api, workspace: Workspace) -> None:
        response = editor.post("groups/", HOST)
        assert response.status_code == 201
        assert response.headers["Location"].endswith("/acme/groups/api.example.com/")
        told = response.json()
        assert told == HOST | {"version": 1, "updated_at": told["updated_at"], "jobs": 0, "taken": 0, "origin": None}
        assert editor.get("groups/api.example.com/").json() == response.json()
        assert Event.objects.get(kind="group.saved").actor == "eve"

    def test_it_says_what_uses_it(self, editor: Api, workspace: Workspace) -> None:
        editor.post("groups/", HOST)
        group = ConcurrencyGroup.objects.get()
        job = make_job(workspace, configuration={"concurrency_group": group.name})
        make_job(workspace, "task:pong")
        run = make_run(job, "qq", group=group)
        lane = make_lane(run, 0, 1)
        make_lane(run, 1, 2, slot=1)
        type(lane).objects.filter(pk=lane.pk).update(group=group, group_slot=0)
        answer = editor.get("groups/api.example.com/").json()
        assert (answer["jobs"], answer["taken"]) == (1, 1)
        assert editor.get(f"runs/{run.pk}/").json()["group"] == "api.example.com"

    def test_a_name_that_is_taken_is_a_conflict_and_the_group_stays(self, editor: Api) -> None:
        editor.post("groups/", HOST)
        response = editor.post("groups/", {"name": HOST["name"], "limit": 1})
        assert (response.status_code, "exists already" in response.json()["detail"]) == (409, True)
        assert ConcurrencyGroup.objects.get().limit == 5

    def test_an_answer_can_be_edited_and_put_back(self, editor: Api) -> None:
        answer = editor.post("groups/", HOST).json()
        response = editor.send("PUT", "groups/api.example.com/", answer | {"limit": 9, "rate": None})
        assert (response.status_code, response.json()["limit"], response.json()["rate"]) == (200, 9, None)
        assert ConcurrencyGroup.objects.get().rate_interval_ms is None

    def test_a_put_makes_none_and_renames_none(self, editor: Api) -> None:
        assert editor.send("PUT", "groups/api.example.com/", {"limit": 1}).status_code == 404
        editor.post("groups/", HOST)
        assert fields(editor.send("PUT", "groups/api.example.com/", {"name": "other"})) == ["name"]
        assert ConcurrencyGroup.objects.get().limit == 5

    @pytest.mark.parametrize(
        ("body", "field"),
        [
            ({"limit": 1}, "name"),
            ({"name": "no spaces"}, "name"),
            ({"name": "a", "limit": 0}, "limit"),
            ({"name": "a", "limit": "5"}, "limit"),
            ({"name": "a", "rate": {"count": 5}}, "rate.period"),
            ({"name": "a", "jobs": 5}, "jobs"),
            ("a", ""),
        ],
    )
    def test_unfit_groups_are_refused_by_field(self, editor: Api, body: object, field: str) -> None:
        assert fields(editor.post("groups/", [] if body == "a" else body)) == [field]
        assert not ConcurrencyGroup.objects.exists()

    def test_they_come_by_name_in_pages(self, editor: Api) -> None:
        for name in ("b", "c", "a"):
            editor.post("groups/", {"name": name})
        ConcurrencyGroup.objects.create(workspace=make_workspace("other"), name="theirs")
        first = editor.get("groups/", limit=2).json()
        assert [group["name"] for group in first["results"]] == ["a", "b"]
        second = editor.client.get(first["next"], headers=editor.headers).json()
        assert ([group["name"] for group in second["results"]], second["next"]) == (["c"], None)

    def test_one_that_is_used_is_not_deleted(self, editor: Api, workspace: Workspace) -> None:
        editor.post("groups/", HOST)
        job = make_job(workspace, configuration={"concurrency_group": "api.example.com"})
        response = editor.send("DELETE", "groups/api.example.com/")
        assert (response.status_code, "task:ping" in response.json()["detail"]) == (409, True)
        job.delete()
        assert editor.send("DELETE", "groups/api.example.com/").status_code == 204
        assert not ConcurrencyGroup.objects.exists()

    def test_writing_takes_an_editor_and_reading_a_viewer(self, api: Api, editor: Api) -> None:
        editor.post("groups/", HOST)
        answers = [
            api.get("groups/"),
            api.post("groups/", {"name": "b"}),
            api.send("PUT", "groups/api.example.com/", {"limit": 1}),
            api.send("DELETE", "groups/api.example.com/"),
        ]
        assert [answer.status_code for answer in answers] == [200, 403, 403, 403]
        assert ConcurrencyGroup.objects.get().limit == 5
