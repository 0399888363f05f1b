"""What an example must come to."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pydantic
import pytest

from embedded.demo import expectations, is_done, judge, table
from embedded.expectations import Expectation, count_rows
from embedded.system import EXAMPLES
from manifests.loading import load

RUN = {
    "id": 7,
    "job": "task:one",
    "state": "succeeded",
    "counts": {"total": 1, "succeeded": 1, "failed": 0},
    "created_at": "2026-01-01T00:00:00Z",
    "ended_at": "2026-01-01T00:00:01.5Z",
}
LOADED = {"input": 2, "new": 2, "updated": 0, "deleted": 0, "skipped": 0, "failed": 0, "output": 2}
PAYLOADS: list[dict[str, Any]] = [
    {"state": "succeeded", "attempts": 3, "result": {"status": 200, "rows": LOADED}, "error": None}
]


def problems(expected: dict[str, Any], *, files: Path = EXAMPLES / "data") -> list[str]:
    return Expectation.model_validate(expected).problems(run=RUN, payloads=PAYLOADS, files=files)


class TestDeliveries:
    def problems(self, expected: dict[str, Any], *deliveries: dict[str, Any]) -> list[str]:
        run = {**RUN, "deliveries": list(deliveries)}
        return Expectation.model_validate(expected).problems(run=run, payloads=PAYLOADS, files=EXAMPLES / "data")

    def test_all_sinks_count_together(self) -> None:
        assert self.problems({"delivered": 3}, {"delivered": 1, "dead": 0}, {"delivered": 2, "dead": 0}) == []

    def test_one_that_was_given_up_is_a_problem_and_so_is_one_too_many(self) -> None:
        (problem,) = self.problems({"delivered": 1}, {"delivered": 1, "dead": 1})
        assert "'dead': 1" in problem
        (problem,) = self.problems({}, {"delivered": 1, "dead": 0})
        assert "'delivered': 1" in problem

    @pytest.mark.parametrize(
        ("state", "owed", "done"),
        [("running", 0, False), ("succeeded", 1, False), ("succeeded", 0, True)],
    )
    def test_a_run_is_done_when_nothing_of_it_is_owed(self, state: str, owed: int, done: bool) -> None:
        assert is_done({"state": state, "deliveries": [{"waiting": 0, "due": owed}]}) is done
        assert is_done({"state": state, "deliveries": [{"waiting": owed, "due": 0}]}) is done


class TestProblems:
    @pytest.mark.parametrize(
        "expected",
        [
            {},
            {"counts": {"succeeded": 1, "failed": 0}},
            {"attempts": 3},
            {"attempts": {"at_least": 2}},
            {"results": [{"payload": 0, "holds": {"status": 200}}]},
        ],
    )
    def test_a_run_that_is_as_expected_has_none(self, expected: dict[str, Any]) -> None:
        assert problems(expected) == []

    @pytest.mark.parametrize(
        ("expected", "problem"),
        [
            ({"state": "failed"}, "the state is 'succeeded', expected 'failed'"),
            ({"counts": {"failed": 1}}, "the count of failed is 0, expected 1"),
            ({"attempts": 1}, "3 attempts were made, expected 1 to 1"),
            ({"attempts": {"at_least": 4}}, "3 attempts were made, expected 4 to 1000000000"),
            (
                {"results": [{"holds": {"status": 201}}]},
                "the result of payload 0 is {'status': 200}, expected {'status': 201}",
            ),
            (
                {"results": [{"payload": 9, "holds": {"a": 1}}]},
                "the result of payload 9 is {'a': None}, expected {'a': 1}",
            ),
        ],
    )
    def test_what_differs_is_named(self, expected: dict[str, Any], problem: str) -> None:
        assert problems(expected) == [problem]

    def test_rows_are_held_against_the_file_itself(self, tmp_path: Path) -> None:
        (tmp_path / "a.csv").write_text('a,b\n1,"two\nlines"\n3,4\n')
        assert problems({"rows": [{"file": "a.csv"}]}, files=tmp_path) == []
        (tmp_path / "a.csv").write_text("a,b\n1,2\n")
        (problem,) = problems({"rows": [{"file": "a.csv"}]}, files=tmp_path)
        assert "'input': 2" in problem
        assert "'input': 1" in problem

    def test_a_row_that_could_not_be_loaded_is_a_problem(self, tmp_path: Path) -> None:
        (tmp_path / "a.csv").write_text("a\n1\n2\n")
        short = [PAYLOADS[0] | {"result": {"rows": LOADED | {"failed": 1}}}]
        expected = Expectation.model_validate({"rows": [{"file": "a.csv"}]})
        assert len(expected.problems(run=RUN, payloads=short, files=tmp_path)) == 1

    def test_a_payload_without_a_result_is_a_problem(self, tmp_path: Path) -> None:
        (tmp_path / "a.csv").write_text("a\n1\n2\n")
        failed = [PAYLOADS[0] | {"result": None}]
        expected = Expectation.model_validate({"rows": [{"file": "a.csv"}]})
        assert len(expected.problems(run=RUN, payloads=failed, files=tmp_path)) == 1

    def test_a_misspelt_expectation_is_refused_rather_than_always_met(self) -> None:
        with pytest.raises(pydantic.ValidationError, match="atempts"):
            problems({"atempts": 1})


class TestCountRows:
    def test_json_lists_are_found_by_their_path(self, tmp_path: Path) -> None:
        (tmp_path / "a.json").write_text(json.dumps({"data": {"items": [1, 2, 3]}}))
        assert count_rows(tmp_path / "a.json", records="data.items") == 3

    def test_a_json_file_may_be_the_list(self, tmp_path: Path) -> None:
        (tmp_path / "a.json").write_text("[1, 2]")
        assert count_rows(tmp_path / "a.json") == 2


class TestTheExamples:
    def test_each_is_a_valid_job_with_an_expectation(self) -> None:
        files = sorted(EXAMPLES.glob("*.yaml"))
        documents = {each.name: each.document for each in load(*files).wanted}
        assert {"task:ping", "task:check-partners", "datasource:earthquakes", "datasource:flights"} <= set(documents)
        assert set(expectations(files)) == set(documents)
        assert all("expect" in document["metadata"] for document in documents.values())

    def test_two_hundred_partners_are_checked_and_some_fail_twice(self) -> None:
        (job,) = [each.job for each in load(EXAMPLES / "tasks.yaml").wanted if each.name == "task:check-partners"]
        assert job is not None
        assert len(job.payload) == 200
        assert sum("fail=2" in item.parameters["url"] for item in job.payload) == 40


class TestTable:
    def test_a_row_has_the_runs_figures(self) -> None:
        row = judge(RUN, PAYLOADS, Expectation(state="failed"))
        assert (row["attempts"], row["payloads"], row["duration"], row["as_expected"]) == (3, 1, 1.5, False)
        header, _, line = (re.split(" {2,}", found) for found in table([row]).splitlines())
        assert header == ["job", "run", "state", "payloads", "attempts", "duration", "as expected", "came to"]
        assert line == ["task:one", "7", "succeeded", "1", "3", "1.50 s", "NO", "status 200"]
