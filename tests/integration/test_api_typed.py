"""Datasources, spark applications and tasks: the jobs of one type, under its own name."""

from __future__ import annotations

from typing import Any

import pytest
from pytest_django import DjangoAssertNumQueries

from jobs.models import Job, Role, Workspace
from tests.integration.datasources import make_datasource, parameters
from tests.integration.people import Api, make_job, make_user, make_workspace

pytestmark = pytest.mark.django_db
PROGRAM = {"python": {"text": "print(1)"}}
TYPES = pytest.mark.parametrize(
    ("place", "job_type", "parts"),
    [
        ("datasources", "datasource", {"parameters": [parameters()]}),
        ("spark", "spark", {"parameters": [PROGRAM]}),
        ("tasks", "task", {"payload": [{"kind": "noop"}]}),
    ],
)


@pytest.fixture
def workspace() -> Workspace:
    return make_workspace()


@pytest.fixture
def editor(workspace: Workspace) -> Api:
    # As of a job: that a datasource's secrets are there is asked when it becomes active.
    make_datasource(workspace, "orders")
    return Api(make_user("eve", workspace=workspace, role=Role.EDITOR))


@TYPES
class TestEachType:
    def test_one_is_made_read_replaced_and_deleted(
        self, editor: Api, place: str, job_type: str, parts: dict[str, Any]
    ) -> None:
        made = editor.post(f"{place}/", {"name": "fresh", **parts})
        assert made.status_code == 201, made.json()
        assert made["Location"].endswith(f"/{place}/fresh/")
        assert (made.json()["name"], made.json()["key"]) == ("fresh", f"{job_type}:fresh")
        assert made.json()["payload"][0]["kind"] == parts.get("payload", [{"kind": job_type}])[0]["kind"]
        found = editor.get(f"{place}/fresh/")
        assert found.json() == made.json()
        assert found["ETag"].startswith('"1')
        replaced = editor.send("PUT", f"{place}/fresh/", found.json() | {"description": "new"})
        assert (replaced.status_code, replaced.json()["description"]) == (200, "new"), replaced.json()
        assert editor.get(f"jobs/{job_type}:fresh/").json()["description"] == "new"
        assert editor.send("DELETE", f"{place}/fresh/").status_code == 204
        assert editor.get(f"{place}/fresh/").status_code == 404

    def test_the_list_has_those_of_the_type_alone(
        self, editor: Api, workspace: Workspace, place: str, job_type: str, parts: dict[str, Any]
    ) -> None:
        make_job(workspace, "task:a")
        editor.post(f"{place}/", {"name": "b", **parts})
        expected = sorted(Job.objects.filter(type=job_type).values_list("name", flat=True))
        assert [each["name"] for each in editor.get(f"{place}/").json()["results"]] == expected
        assert {each["key"].partition(":")[0] for each in editor.get(f"{place}/").json()["results"]} == {job_type}

    def test_pages_filters_and_fields_are_those_of_jobs(
        self, editor: Api, place: str, job_type: str, parts: dict[str, Any]
    ) -> None:
        for name in ("x1", "x2", "x3"):
            editor.post(f"{place}/", {"name": name, "tags": ["x"], **parts})
        first = editor.get(f"{place}/", tag="x", limit=2, order="-key", fields="name").json()
        assert first["results"] == [{"name": "x3"}, {"name": "x2"}]
        following = editor.client.get(first["next"], headers=editor.headers).json()
        assert (following["results"], following["next"]) == ([{"name": "x1"}], None)

    def test_a_stale_version_is_refused(self, editor: Api, place: str, job_type: str, parts: dict[str, Any]) -> None:
        editor.post(f"{place}/", {"name": "fresh", **parts})
        assert editor.send("PUT", f"{place}/fresh/", parts, If_Match='"7"').status_code == 412
        assert editor.send("DELETE", f"{place}/fresh/", If_Match='"7"').status_code == 412
        assert editor.send("PUT", f"{place}/fresh/", parts | {"version": 7}).status_code == 409
        assert editor.post(f"{place}/", {"name": "fresh", **parts}).status_code == 409

    @pytest.mark.parametrize(
        "wrong",
        [
            ({"name": 1}, "name"),
            ({"name": None}, "name"),
            ({"name": "-"}, "key"),
            ({}, "name"),
            ({"key": 1}, "key"),
            ({"key": "other:x"}, "key"),
            ({"name": "x", "key": "task:y"}, "key"),
            ({"name": "x", "parameters": "y"}, "parameters"),
            ({"name": "x", "parameters": [1]}, "parameters"),
        ],
    )
    def test_what_is_wrong_is_told_by_its_field(
        self, editor: Api, place: str, job_type: str, parts: dict[str, Any], wrong: tuple[dict[str, Any], str]
    ) -> None:
        body, field = wrong
        answer = editor.post(f"{place}/", {**parts, **body})
        assert answer.status_code == 400
        assert field in [each["field"] for each in answer.json()["errors"]]
        assert not Job.objects.filter(name__in=["x", "fresh"]).exists()

    @pytest.mark.parametrize("body", [[], "x", 1, None])
    def test_a_body_that_is_no_object_is_refused(
        self, editor: Api, place: str, job_type: str, parts: dict[str, Any], body: object
    ) -> None:
        assert editor.post(f"{place}/", body).status_code == 400

    def test_another_type_is_asked_for_under_jobs(
        self, editor: Api, place: str, job_type: str, parts: dict[str, Any]
    ) -> None:
        answer = editor.get(f"{place}/", type="task")
        assert (answer.status_code, answer.json()["errors"][0]["field"]) == (400, "type")

    def test_the_list_costs_as_many_queries_however_long_it_is(
        self,
        editor: Api,
        place: str,
        job_type: str,
        parts: dict[str, Any],
        django_assert_max_num_queries: DjangoAssertNumQueries,
    ) -> None:
        for name in ("a", "b", "c"):
            editor.post(f"{place}/", {"name": name, **parts})
        with django_assert_max_num_queries(5):
            editor.get(f"{place}/")


class TestParameters:
    def test_a_list_shows_them_if_they_are_asked_for(self, editor: Api) -> None:
        assert "parameters" not in editor.get("datasources/").json()["results"][0]
        found = editor.get("datasources/", include="parameters").json()["results"][0]
        assert found["parameters"][0]["source"] == parameters()["source"]
        assert "payload" not in found

    def test_beside_payloads_they_must_say_the_same(self, editor: Api) -> None:
        found = editor.get("datasources/orders/").json()
        found["parameters"][0]["write"] = "append"
        answer = editor.send("PUT", "datasources/orders/", found)
        assert (answer.status_code, answer.json()["errors"][0]["field"]) == (400, "parameters")
        assert "payload" in answer.json()["errors"][0]["message"]

    def test_in_place_of_payloads_they_make_them(self, editor: Api) -> None:
        other = {**PROGRAM, "configuration": {"spark.driver.memory": "1g"}}
        answer = editor.post("spark/", {"name": "two", "parameters": [PROGRAM, other]})
        assert [each["kind"] for each in answer.json()["payload"]] == ["spark", "spark"]
        assert answer.json()["parameters"][1]["configuration"] == {"spark.driver.memory": "1g"}


class TestNames:
    def test_a_job_is_found_under_its_own_type_alone(self, editor: Api, workspace: Workspace) -> None:
        make_job(workspace, "task:ping")
        assert editor.get("tasks/ping/").status_code == 200
        assert editor.get("spark/ping/").status_code == editor.get("datasources/ping/").status_code == 404

    def test_a_viewer_reads_and_does_not_write(self, editor: Api, workspace: Workspace) -> None:
        viewer = Api(make_user("vera", workspace=workspace, role=Role.VIEWER))
        assert viewer.get("datasources/orders/").status_code == 200
        assert viewer.post("tasks/", {"name": "x", "payload": []}).status_code == 403
        assert viewer.send("PUT", "datasources/orders/", {}).status_code == 403
        assert viewer.send("DELETE", "datasources/orders/").status_code == 403
