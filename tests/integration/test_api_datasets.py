"""Datasets of jobs, and proposals from samples, through the API."""

from __future__ import annotations

from typing import Any

import pytest
from pytest_django import DjangoAssertNumQueries

from jobs.models import Job, Role, Workspace
from jobs.services.jobs import save_job
from tests.integration.people import Api, make_job, make_user, make_workspace
from workers.generate.infer import infer_dataset

pytestmark = pytest.mark.django_db


@pytest.fixture
def workspace() -> Workspace:
    return make_workspace()


@pytest.fixture
def editor(workspace: Workspace) -> Api:
    return Api(make_user("eve", workspace=workspace, role=Role.EDITOR))


def makes(*names: str) -> dict[str, Any]:
    """A payload that makes these datasets up."""
    datasets = [{"name": name, "fields": [{"name": "id", "type": "integer"}]} for name in names]
    return {"kind": "generate", "parameters": {"datasets": datasets}}


def save(workspace: Workspace, name: str, *payload: dict[str, Any]) -> Job:
    return save_job(workspace=workspace, document={"key": f"task:{name}", "payload": list(payload)}, actor="eve")


@pytest.fixture
def jobs(workspace: Workspace) -> None:
    save(workspace, "b", {"kind": "noop"}, makes("one", "two"))
    save(workspace, "a", makes("three"))
    make_job(workspace, "task:c")
    save(make_workspace("other"), "a", makes("four"))


def names(answer: Any) -> list[str]:
    assert answer.status_code == 200, answer.json()
    return [each["name"] for each in answer.json()["results"]]


@pytest.mark.usefixtures("jobs")
class TestThoseOfJobs:
    def test_the_list_has_those_of_the_workspace_by_job_and_place(self, editor: Api) -> None:
        assert names(editor.get("datasets/")) == ["three", "one", "two"]
        assert names(editor.get("datasets/", job="task:b")) == ["one", "two"]
        assert names(editor.get("datasets/", job="spark:b")) == []

    def test_its_pages_have_each_once(self, editor: Api) -> None:
        answer = editor.get("datasets/", limit=1)
        found = names(answer)
        while answer.json()["next"]:
            answer = editor.client.get(answer.json()["next"], headers=editor.headers)
            found += names(answer)
        assert found == ["three", "one", "two"]

    def test_one_is_read_by_its_place(self, editor: Api) -> None:
        found = editor.get("datasets/task:b/1/1/").json()
        assert (found["job"], found["position"], found["place"], found["name"]) == ("task:b", 1, 1, "two")
        assert found["definition"]["fields"][0]["name"] == "id"
        for place in ("task:b/0/0", "task:b/1/2", "task:none/0/0", "spark:a/0/0"):
            assert editor.get(f"datasets/{place}/").status_code == 404

    @pytest.mark.parametrize(
        "query", [{"after": "x"}, {"after": "a~1~99999999999"}, {"job": "a\x00"}, {"fields": "x"}, {"colour": "x"}]
    )
    def test_what_is_not_understood_is_refused_by_name(self, editor: Api, query: dict[str, str]) -> None:
        answer = editor.get("datasets/", **query)
        assert (answer.status_code, [each["field"] for each in answer.json()["errors"]]) == (400, list(query))

    def test_it_costs_as_many_queries_however_long_it_is(
        self, editor: Api, django_assert_num_queries: DjangoAssertNumQueries
    ) -> None:
        for limit in (1, 100):
            with django_assert_num_queries(2):
                editor.get("datasets/", limit=limit)


class TestAProposal:
    def test_it_is_a_dataset_that_a_job_takes(self, editor: Api, workspace: Workspace) -> None:
        sample = "id,email\n1,ann@example.com\n2,bob@example.com\n"
        answer = editor.post("datasets/infer/", {"sample": sample, "name": "people"})
        assert answer.status_code == 200, answer.json()
        definition = answer.json()["definition"]
        assert (definition["name"], [each["name"] for each in definition["fields"]]) == ("people", ["id", "email"])
        assert answer.json()["records"] == 2
        save(workspace, "made", {"kind": "generate", "parameters": {"datasets": [definition]}})
        assert names(editor.get("datasets/")) == ["people"]

    @pytest.mark.parametrize(
        ("body", "field"),
        [
            ({}, "sample"),
            ({"sample": ""}, "sample"),
            ({"sample": 1}, "sample"),
            ({"sample": "[" * 100_000, "format": "json"}, "sample"),
            ({"sample": "{", "format": "jsonl"}, "sample"),
            ({"sample": "<a>", "format": "xml"}, "sample"),
            ({"sample": "<!DOCTYPE a><a><b><c>1</c></b></a>", "format": "xml"}, "sample"),
            ({"sample": '[{"a\\u0000": 1}]', "format": "json"}, "sample"),
            ({"sample": '[{"a": "\\ud800"}]', "format": "json", "name": "-"}, "name"),
            ({"sample": "a\n1\n", "format": "excel"}, "format"),
            ({"sample": "a\n1\n", "locale": "xx"}, "locale"),
            ({"sample": "a\n1\n", "colour": "red"}, "colour"),
        ],
    )
    def test_what_cannot_be_read_is_told_by_its_field(self, editor: Api, body: dict[str, Any], field: str) -> None:
        answer = editor.post("datasets/infer/", body)
        assert (answer.status_code, [each["field"] for each in answer.json()["errors"]]) == (400, [field])

    def test_a_sample_is_bounded(self, editor: Api) -> None:
        assert editor.post("datasets/infer/", {"sample": "a\n" * 200_000}).status_code == 413

    def test_what_takes_too_long_or_is_too_wide_is_refused(self, editor: Api, monkeypatch: pytest.MonkeyPatch) -> None:
        wide = ",".join(f"c{number}" for number in range(501)) + "\n" + ",".join("1" * 501) + "\n"
        assert "501 columns" in refusal(editor.post("datasets/infer/", {"sample": wide, "format": "csv"}))
        monkeypatch.setattr("workers.api.datasets.MOST_SECONDS", -1)
        assert "too long" in refusal(editor.post("datasets/infer/", {"sample": "a\n1\n", "format": "csv"}))

    def test_many_records_cost_no_more_than_each_once(self) -> None:
        looked = []

        class Counting(dict[str, Any]):
            def get(self, *args: Any) -> Any:
                looked.append(args)
                return super().get(*args)

        infer_dataset(records=[Counting(a=number) for number in range(50)])
        assert len(looked) == 50

    def test_a_viewer_asks_for_none(self, workspace: Workspace) -> None:
        viewer = Api(make_user("vera", workspace=workspace, role=Role.VIEWER))
        assert viewer.post("datasets/infer/", {"sample": "a\n1\n"}).status_code == 403


def refusal(response: Any) -> str:
    """What a 400 says of the sample."""
    assert response.status_code == 400, response.json()
    [error] = response.json()["errors"]
    assert error["field"] == "sample"
    return str(error["message"])
