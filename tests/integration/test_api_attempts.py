"""Attempts that did not succeed, through the API."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from pytest_django import DjangoAssertNumQueries

from jobs.models import Attempt, Role, Run, Workspace
from tests.integration.people import Api, make_job, make_user, make_workspace
from tests.integration.run_rows import NOW, make_attempt, make_ended_run

pytestmark = pytest.mark.django_db
BOTH = pytest.mark.parametrize("place", ["run", "list"])


@pytest.fixture
def workspace() -> Workspace:
    return make_workspace()


@pytest.fixture
def viewer(workspace: Workspace) -> Api:
    return Api(make_user("vera", workspace=workspace, role=Role.VIEWER))


@pytest.fixture
def run(workspace: Workspace) -> Run:
    """With attempts (0, 1), (0, 2), (1, 1)."""
    job = make_job(workspace, payloads=2)
    other, run = make_ended_run(job, "ff"), make_ended_run(job, "ff")
    make_attempt(other, 0, 1)
    for position, number in ((1, 1), (0, 2), (0, 1)):
        make_attempt(run, position, number)
    return run


def listed(api: Api, run: Run, place: str, **query: object) -> Any:
    """The list, by either of its addresses."""
    if place == "run":
        return api.get(f"runs/{run.pk}/attempts/", **query)
    return api.get("attempts/", run=run.pk, **query)


def places(answer: Any) -> list[tuple[int, int]]:
    """Position and number of each."""
    assert answer.status_code == 200, answer.json()
    return [(each["position"], each["number"]) for each in answer.json()["results"]]


@BOTH
class TestTheList:
    def test_it_has_those_of_the_run_alone_by_payload_and_number(self, viewer: Api, run: Run, place: str) -> None:
        assert places(listed(viewer, run, place)) == [(0, 1), (0, 2), (1, 1)]
        assert places(listed(viewer, run, place, order="-position")) == [(1, 1), (0, 2), (0, 1)]

    @pytest.mark.parametrize("order", ["position", "-position"])
    def test_its_pages_have_each_once(self, viewer: Api, run: Run, place: str, order: str) -> None:
        found, answer = [], listed(viewer, run, place, limit=1, order=order)
        found += places(answer)
        while answer.json()["next"]:
            answer = viewer.client.get(answer.json()["next"], headers=viewer.headers)
            found += places(answer)
        assert sorted(found) == [(0, 1), (0, 2), (1, 1)]
        assert found == sorted(found, reverse=order.startswith("-"))

    def test_filters_keep_what_fits(self, viewer: Api, run: Run, place: str) -> None:
        late = NOW + dt.timedelta(hours=1)
        Attempt.objects.filter(run=run, position=1).update(worker="w2", state="lost", ended_at=late)
        for query in (
            {"position": 1},
            {"worker": "w2"},
            {"state": "lost"},
            {"since": late.isoformat()},
        ):
            assert places(listed(viewer, run, place, **query)) == [(1, 1)], query
        assert places(listed(viewer, run, place, until=late.isoformat())) == [(0, 1), (0, 2)]

    def test_the_fields_that_are_asked_for_are_shown_alone(self, viewer: Api, run: Run, place: str) -> None:
        entry = listed(viewer, run, place, fields="id,worker", limit=1).json()["results"][0]
        assert set(entry) == {"id", "worker"}

    @pytest.mark.parametrize(
        ("name", "value"),
        [
            ("position", "-1"),
            ("position", "9999999999"),
            ("state", "succeeded"),
            ("since", "yesterday"),
            ("until", "2026-01-01"),
            ("order", "number"),
            ("after", "0~"),
            ("after", "0~99999999999999999999"),
            ("worker", "a\x00b"),
            ("fields", "secret"),
            ("colour", "red"),
        ],
    )
    def test_what_is_not_understood_is_refused_by_name(
        self, viewer: Api, run: Run, place: str, name: str, value: str
    ) -> None:
        answer = listed(viewer, run, place, **{name: value})
        assert (answer.status_code, [each["field"] for each in answer.json()["errors"]]) == (400, [name])

    def test_it_costs_as_many_queries_however_long_it_is(
        self, viewer: Api, run: Run, place: str, django_assert_num_queries: DjangoAssertNumQueries
    ) -> None:
        with django_assert_num_queries(COST):
            listed(viewer, run, place, limit=1)
        with django_assert_num_queries(COST):
            listed(viewer, run, place)


COST = 3
"""The caller, the run and the attempts."""


class TestByItsId:
    def test_an_attempt_tells_where_it_was(self, viewer: Api, run: Run) -> None:
        attempt = Attempt.objects.get(run=run, position=1)
        found = viewer.get(f"attempts/{attempt.pk}/").json()
        assert (found["id"], found["run"], found["position"], found["number"]) == (attempt.pk, run.pk, 1, 1)
        assert (found["state"], found["worker"], found["error"]["code"]) == ("failed", "w1", "http_status")

    def test_another_workspaces_is_none(self, viewer: Api) -> None:
        other = make_ended_run(make_job(make_workspace("other")), "f")
        attempt = make_attempt(other, 0, 1)
        assert viewer.get(f"attempts/{attempt.pk}/").status_code == 404
        assert viewer.get("attempts/", run=other.pk).status_code == 404

    def test_the_list_needs_a_run(self, viewer: Api) -> None:
        answer = viewer.get("attempts/")
        assert (answer.status_code, answer.json()["errors"][0]["field"]) == (400, "run")
