"""Other systems' forms: what each becomes, and what cannot be converted."""

from __future__ import annotations

import json
from typing import Any

import pytest

from manifests import forms
from manifests.loading import load
from manifests.problems import Place
from manifests.reading import Written

CRON = {"type": "cron", "enabled": True, "expression": "0 0 6 ? * MON-FRI"}
INTUNED = {
    "id": "price-watch",
    "api_base": "https://apis.example.org/v1/",
    "payload": [{"apiName": "list-products", "parameters": {"category": "shoes"}, "retry": {"maximumAttempts": 2}}],
}
CALL = {"method": "POST", "url": "https://apis.example.org/v1/list-products", "body": {"json": {"category": "shoes"}}}


def converted(document: dict[str, Any]) -> tuple[list[dict[str, Any]], list[str]]:
    found, problems = forms.convert([Written(Place("a.json", 1), document)])
    return [each.data for each in found], [f"{each.field}: {each.message}" for each in problems]


CASES = [
    pytest.param(
        {"resource": "spark:nightly", "enabled": False, "default": True, "triggers": [CRON]},
        {
            "manifest": "schedule",
            "job": "spark:nightly",
            "enabled": False,
            "timezone": "UTC",
            "triggers": [{"type": "cron", "enabled": True, "expression": "0 0 6 ? * MON-FRI"}],
        },
        id="fusion schedule with a cron",
    ),
    pytest.param(
        {
            "resource": "task:a",
            "triggers": [
                {
                    "type": "interval",
                    "enabled": True,
                    "startTime": "2024-05-01T00:00:00Z",
                    "endTime": "2024-12-31T00:00:00Z",
                    "interval": 2,
                    "repeatUnit": "hour",
                },
                {"type": "cron", "enabled": False, "value": "0 0 6 ? * MON"},
                {"type": "job", "jobID": "datasource:b", "runOnSuccess": True, "runOnAbort": True},
            ],
        },
        {
            "manifest": "schedule",
            "job": "task:a",
            "enabled": True,
            "timezone": "UTC",
            "triggers": [
                {
                    "type": "interval",
                    "enabled": True,
                    "interval": 2,
                    "unit": "hour",
                    "start": "2024-05-01T00:00:00Z",
                    "end": "2024-12-31T00:00:00Z",
                },
                {"type": "cron", "enabled": False, "expression": "0 0 6 ? * MON"},
                {"type": "job", "enabled": True, "jobs": ["datasource:b"], "results": ["succeeded", "cancelled"]},
            ],
        },
        id="fusion schedule with the other triggers",
    ),
    pytest.param(
        {
            "id": "call-partner",
            "type": "rest-call",
            "hidden": True,
            "callParams": {
                "uri": "https://partner.example.org/x",
                "method": "post",
                "queryParams": {"a": "1"},
                "headers": {"Accept": "application/json"},
                "entity": "hello",
            },
        },
        {
            "key": "task:call-partner",
            "payload": [
                {
                    "kind": "http",
                    "name": "call",
                    "parameters": {
                        "method": "POST",
                        "url": "https://partner.example.org/x",
                        "query": {"a": "1"},
                        "headers": {"Accept": "application/json"},
                        "body": {"text": "hello"},
                    },
                }
            ],
            "metadata": {"hidden": True},
        },
        id="fusion REST call",
    ),
    pytest.param(
        {"id": "delete-old-system-logs", "type": "system-logs-cleanup", "collection": "system_logs"},
        {
            "key": "task:delete-old-system-logs",
            "payload": [{"kind": "log_cleanup", "name": "cleanup", "parameters": {"days": 30}}],
        },
        id="fusion log cleanup",
    ),
    pytest.param(
        {
            "id": "rollup",
            "type": "custom_python_job",
            "script": "print(1)",
            "sparkConfig": [{"key": "spark.driver.memory", "value": "1g"}],
        },
        {
            "key": "spark:rollup",
            "payload": [
                {
                    "kind": "spark",
                    "name": "application",
                    "parameters": {
                        "python": {"text": "print(1)"},
                        "configuration": {"spark.driver.memory": "1g"},
                    },
                }
            ],
        },
        id="fusion Python job",
    ),
    pytest.param(
        {
            "id": "movie-db",
            "connector": "fs",
            "type": "file",
            "collection": "movie-rows",
            "properties": {"path": "movies.csv"},
        },
        {
            "key": "datasource:movie-db",
            "payload": [
                {
                    "kind": "datasource",
                    "name": "movie-db",
                    "parameters": {
                        "source": {"path": "movies.csv"},
                        "destination": {"postgresql": {"database": "default", "table": "movie_rows"}},
                    },
                }
            ],
        },
        id="fusion datasource of a file",
    ),
    pytest.param(
        {
            **INTUNED,
            "configuration": {
                "maxConcurrentRequests": 3,
                "requestTimeout": 600,
                "maxRuns": 500,
                "retry": {"maximumAttempts": 3, "initialInterval": "10s", "backoffCoefficient": 2},
            },
            "schedule": {
                "jitter": "10m",
                "intervals": [{"every": "6h"}],
                "calendars": [{"hour": {"start": 9, "end": 17}, "minute": "0", "dayOfWeek": ["MONDAY"]}],
            },
            "sink": {
                "type": "webhook",
                "url": "https://example.org/in",
                "skipOnFail": True,
                "apisToSend": ["list-products"],
            },
        },
        {
            "key": "task:price-watch",
            "payload": [
                {"kind": "http", "name": "list-products", "parameters": CALL, "retry": {"maximum_attempts": 2}}
            ],
            "configuration": {
                "retry": {"maximum_attempts": 3, "initial_interval": "10s", "backoff_coefficient": 2},
                "max_concurrent_requests": 3,
                "timeout": "600s",
                "max_payloads": 500,
            },
            "schedules": [
                {
                    "timezone": "UTC",
                    "triggers": [
                        {"type": "every", "every": "6h"},
                        {
                            "type": "calendar",
                            "calendars": [{"hour": {"start": 9, "end": 17}, "minute": "0", "dayOfWeek": ["MONDAY"]}],
                        },
                    ],
                    "jitter": "10m",
                }
            ],
            "sinks": [
                {
                    "kind": "webhook",
                    "configuration": {"url": "https://example.org/in"},
                    "skip_on_fail": True,
                    "apis_to_send": ["list-products"],
                    "deliver": "payload",
                }
            ],
        },
        id="intuned job",
    ),
    pytest.param(
        {
            **INTUNED,
            "proxy": "http://proxy.example.org:3128",
            "sink": {
                "type": "s3",
                "bucket": "lake",
                "accessKeyId": {"secret": "lake-id"},
                "secretAccessKey": {"secret": "lake-key"},
                "region": "eu-central-1",
                "prefix": "x/",
                "forcePathStyle": True,
            },
        },
        {
            "key": "task:price-watch",
            "payload": [
                {
                    "kind": "http",
                    "name": "list-products",
                    "parameters": {**CALL, "proxy": "http://proxy.example.org:3128"},
                    "retry": {"maximum_attempts": 2},
                }
            ],
            "configuration": {},
            "sinks": [
                {
                    "kind": "s3",
                    "configuration": {
                        "bucket": "lake",
                        "region": "eu-central-1",
                        "prefix": "x/",
                        "path_style": True,
                        "access_key_secret": "lake-id",
                        "secret_key_secret": "lake-key",
                    },
                    "deliver": "payload",
                }
            ],
        },
        id="intuned job with a bucket and a proxy",
    ),
    pytest.param(
        {
            "key": "task:a",
            "payload": [],
            "recurrence": {"frequency": "daily", "interval": "2", "start_date": "2026-01-31T09:30:00"},
        },
        {
            "key": "task:a",
            "payload": [],
            "schedules": [
                {
                    "timezone": "UTC",
                    "triggers": [
                        {
                            "type": "frequency",
                            "frequency": "daily",
                            "interval": "2",
                            "start_date": "2026-01-31T09:30:00Z",
                        }
                    ],
                }
            ],
        },
        id="atlas recurrence of a job",
    ),
    pytest.param(
        {
            "manifest": "schedule",
            "job": "task:a",
            "recurrence": {
                "cron": "0 * * * *",
                "timezone": "Europe/Berlin",
                "start_date": "2026-01-31",
                "end_date": "2026-12-31",
            },
        },
        {
            "manifest": "schedule",
            "job": "task:a",
            "timezone": "Europe/Berlin",
            "triggers": [
                {
                    "type": "frequency",
                    "cron": "0 * * * *",
                    "start_date": "2026-01-31T00:00:00Z",
                    "end_date": "2026-12-31",
                }
            ],
        },
        id="atlas recurrence of a schedule",
    ),
]


@pytest.mark.parametrize(("written", "expected"), CASES)
def test_what_has_a_counterpart_becomes_it(written: dict[str, Any], expected: dict[str, Any]) -> None:
    assert converted(written) == ([expected], [])


@pytest.mark.parametrize(("written", "expected"), CASES)
def test_what_it_becomes_is_valid_here(written: dict[str, Any], expected: dict[str, Any]) -> None:
    [found] = load(json.dumps(written)).wanted
    assert found.name == expected.get("key", f"{expected.get('job')}/default")


@pytest.mark.parametrize("form", forms.NAMES)
def test_a_form_may_be_named_where_its_shape_says_it_too(form: str) -> None:
    shapes = {"fusion": {"resource": "task:a", "triggers": [CRON]}, "intuned": INTUNED}
    atlas = {"key": "task:a", "payload": [], "recurrence": {"frequency": "daily"}}
    written: dict[str, Any] = shapes.get(form, atlas)
    assert converted({"form": form, **written}) == converted(written)


@pytest.mark.parametrize(
    ("written", "words"),
    [
        ({"form": "hudson", "id": 1}, "form: expected one of fusion, intuned, atlas"),
        ({"form": "fusion", "id": "a"}, ": expected a schedule (resource, triggers), a task, a Spark"),
        (
            {"resource": "task:a", "triggers": [{"type": "once"}]},
            "triggers.0.type: expected one of interval, cron, job",
        ),
        ({"resource": "task:a", "triggers": [{**CRON, "zone": "UTC"}]}, "triggers.0.zone: unknown field of a trigger"),
        (
            {"resource": "task:a", "triggers": [{"type": "job", "jobID": "task:b"}]},
            "triggers.0: expected at least one of",
        ),
        ({"resource": "task:a", "triggers": "x"}, "triggers: expected a list"),
        (
            {"id": "a", "type": "rest-call", "callParams": {"uri": "solr://logs/update", "method": "post"}},
            "callParams.uri: expected an http or https address",
        ),
        ({"id": "a", "type": "rest-call"}, "callParams: expected an object with uri and method"),
        (
            {"id": "a", "type": "system-logs-cleanup", "collection": "system_logs", "query": "level_s:DEBUG"},
            "query: a query of Solr cannot be converted",
        ),
        ({"id": "a", "type": "aggregation", "sql": "SELECT 1"}, "type: aggregation works on collections"),
        (
            {"id": "a", "connector": "web", "properties": {"depth": 3}},
            "properties: properties of the connector web cannot",
        ),
        (
            {"id": "a", "connector": "fs", "pipeline": "p", "properties": {"path": "a.csv"}},
            "pipeline: what a pipeline or a parser does",
        ),
        ({**INTUNED, "auth_session": {"id": "x"}}, "auth_session: cannot be converted"),
        ({**INTUNED, "notifications": [{"type": "webhook"}]}, "notifications: cannot be converted"),
        ({**INTUNED, "api_base": None}, "api_base: APIs are calls here"),
        ({**INTUNED, "schedule": {}}, "schedule: expected intervals or calendars"),
        ({**INTUNED, "sink": {"type": "ftp"}}, "sink.type: expected webhook or s3"),
        (
            {**INTUNED, "configuration": {"requestTimeout": "1m"}},
            "configuration.requestTimeout: expected a number of seconds",
        ),
        (
            {
                **INTUNED,
                "sink": {"type": "s3", "bucket": "b", "accessKeyId": "AKIA", "secretAccessKey": {"secret": "name"}},
            },
            "sink.accessKeyId: expected {secret: NAME}",
        ),
        ({"name": "x", "personas": ["p"], "task_graph": [{"task": "t"}]}, "task_graph: steps of personas cannot be"),
        (
            {"key": "task:a", "payload": [], "schedules": [], "recurrence": {"frequency": "daily"}},
            "recurrence: give either recurrence or schedules, not both",
        ),
        (
            {"key": "task:a", "payload": [], "recurrence": {"frequency": "daily", "owner": "me"}},
            "recurrence.owner: has no meaning here",
        ),
    ],
)
def test_what_has_none_is_told_and_nothing_of_it_converted(written: dict[str, Any], words: str) -> None:
    found, problems = converted(written)
    assert found == []
    assert any(problem.startswith(words) for problem in problems), problems


@pytest.mark.parametrize(
    "written",
    [
        {"key": "task:a", "payload": []},
        {"manifest": "sink", "name": "a", "kind": "log"},
        {"manifest": "schedule", "job": "task:a", "triggers": []},
        {"manifest": "base", "name": "a", "type": "rest-call"},
    ],
)
def test_documents_of_this_system_are_left_as_they_are(written: dict[str, Any]) -> None:
    assert converted(written) == ([written], [])
