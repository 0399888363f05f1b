"""What a log cleanup may say, and what it is told when it says something else."""

from __future__ import annotations

from typing import Any

import pytest

from jobs.documents import parse_job
from jobs.errors import ValidationError
from workers.payloads.log_cleanup.parameters import LogCleanupParameters


def document(**parameters: Any) -> dict[str, Any]:
    return {"key": "task:clean", "payload": [{"kind": "log_cleanup", "parameters": parameters}]}


class TestItsFields:
    def test_nothing_must_be_said(self) -> None:
        parameters = LogCleanupParameters.model_validate(parse_job(document()).payload[0].parameters)
        assert (parameters.days, parameters.keep_newest, parameters.audit, parameters.dry_run) == (30, 10, False, False)
        assert (parameters.what, parameters.patterns, parameters.workspaces) == ([], [], None)

    def test_it_is_not_batched_and_belongs_to_tasks(self) -> None:
        assert parse_job(document()).runs_strictly
        with pytest.raises(ValidationError, match="kind"):
            parse_job(document() | {"key": "spark:clean"})

    def test_a_type_stands_for_all_its_jobs(self) -> None:
        assert LogCleanupParameters(job_types=["task", "spark"]).patterns == ["task:*", "spark:*"]

    @pytest.mark.parametrize(
        ("parameters", "field", "right"),
        [
            ({"days": -1}, "days", "at least 0"),
            ({"days": "30"}, "days", "a number"),
            ({"keep_newest": 1.5}, "keep_newest", "whole number"),
            ({"what": ["history"]}, "what.0", "runs"),
            ({"what": ["audit"]}, "what.0", "expected one of"),
            ({"jobs": ["ping"]}, "jobs.0", "task:ping"),
            ({"jobs": ["task:%"]}, "jobs.0", "task:ping"),
            ({"except_jobs": ["nothing:x"]}, "except_jobs.0", "task:ping"),
            ({"job_types": ["tasks"]}, "job_types.0", "datasource"),
            ({"states": ["running"]}, "states.0", "succeeded, failed, cancelled"),
            ({"jobs": ["task:a"], "job_types": ["task"]}, "", "not both"),
            ({"dry_run": 1}, "dry_run", "true or false"),
            ({"older_than": 3}, "older_than", "unknown field"),
        ],
    )
    def test_what_is_wrong_is_named_with_what_would_be_right(
        self, parameters: dict[str, Any], field: str, right: str
    ) -> None:
        with pytest.raises(ValidationError) as caught:
            parse_job(document(**parameters))
        (error,) = caught.value.errors
        assert error.field == ".".join(filter(None, ["payload.0.parameters", field]))
        assert right in error.message
