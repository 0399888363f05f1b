"""Bad requests: always a problem in JSON, never HTML, never a 5xx."""

from __future__ import annotations

import json
from typing import Any

import psycopg
import pytest
from django.db import OperationalError, connection
from django.test import Client, override_settings
from psycopg_pool import PoolTimeout

from jobs.models import Job, Role, Workspace
from jobsproject.problems import KINDS
from tests.integration.people import Api, make_job, make_user, make_workspace

pytestmark = pytest.mark.django_db


@pytest.fixture
def workspace() -> Workspace:
    return make_workspace()


@pytest.fixture
def api(workspace: Workspace) -> Api:
    return Api(make_user("eve", workspace=workspace, role=Role.EDITOR))


def problem(response: Any, status: int) -> dict[str, Any]:
    """The problem in a response, once its form is checked."""
    assert response.status_code == status
    assert response.headers["Content-Type"] == "application/problem+json"
    found: dict[str, Any] = response.json()
    assert set(found) == {"type", "title", "status", "detail", "errors"}
    assert found["status"] == status
    word = found["type"].removeprefix("/problems/").removesuffix("/")
    assert (KINDS[word].status, KINDS[word].title) == (status, found["title"])
    return found


def job_with(metadata: str) -> str:
    return f'{{"key": "task:a", "payload": [{{"kind": "noop"}}], "metadata": {metadata}}}'


@pytest.mark.parametrize(
    ("body", "field", "words"),
    [
        ("5", "", "expected an object"),
        ("{", "", "line 1, column 2"),
        (b"\xff", "", "not UTF-8"),
        (b"\xef\xbb\xbf{}", "", "BOM"),
        ('{"key": "task:a", "key": "task:b"}', "", "'key' stands twice"),
        (r'{"\ud800": 1, "\ud800": 2}', "", "stands twice"),
        ("[" * 200_000, "", "nested too deeply"),
        (job_with("[" * 500 + "]" * 500), "metadata.0.0", "nested too deeply"),
        (job_with('{"n": NaN}'), "", "NaN is no JSON number"),
        (job_with('{"n": -Infinity}'), "", "-Infinity is no JSON number"),
        (job_with('{"n": 1e999}'), "metadata.n", "a finite number"),
        (job_with(f'{{"n": {"9" * 2000}}}'), "metadata.n", "at most 1000 digits"),
        (job_with(f'{{"n": {"9" * 5000}}}'), "", "too many digits"),
        (job_with(r'{"s": "\u0000"}'), "metadata.s", "cannot be stored"),
        (job_with(r'{"s": "\ud800"}'), "metadata.s", "cannot be stored"),
        (job_with(r'{"\u0000": 1}'), "metadata", "cannot be stored"),
        (r'{"key": "task:\u0000", "payload": []}', "key", "cannot be stored"),
        (r'{"key": "task:\ud83d", "payload": []}', "key", "cannot be stored"),
    ],
)
def test_a_body_that_cannot_be_kept_is_refused_with_the_place(
    api: Api, body: str | bytes, field: str, words: str
) -> None:
    [error] = problem(api.post("jobs/", body), 400)["errors"]
    assert error["field"] == field
    assert words in error["message"]
    assert not Job.objects.exists()


@pytest.mark.parametrize(
    "metadata", ['{"n": 1e15}', '{"n": 123456789012345678901234567890}', r'{"s": "\ud83d\ude00 \u0001"}']
)
def test_what_is_odd_and_can_be_kept_is_kept(api: Api, metadata: str) -> None:
    assert api.post("jobs/", job_with(metadata)).status_code == 201
    assert api.get("jobs/task:a/").json()["metadata"] == json.loads(metadata)


@pytest.mark.parametrize(
    "path",
    [
        "jobs/task:missing/",
        "jobs/task:%00/",
        "jobs/cron:x/",
        "jobs/task:a%2Fb/",
        "runs/0/",
        "runs/99999999999999999999999999/",
        f"runs/{'9' * 5000}/",
        "runs/-1/",
        "runs/x/",
        "runs/1/payloads/99999999999/",
        "nothing/",
    ],
)
def test_what_is_not_there_is_a_404(api: Api, path: str) -> None:
    problem(api.get(path), 404)


def test_an_address_without_its_last_slash_is_told_so_and_is_not_redirected(api: Api) -> None:
    assert problem(api.post("jobs", {}), 404)["detail"].endswith("end with a slash")


def test_a_wrong_address_needs_no_token() -> None:
    problem(Client().get("/api/v1/"), 404)


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [("PATCH", "jobs/", "GET, HEAD, POST"), ("POST", "runs/", "GET, HEAD"), ("OPTIONS", "runs/", "GET, HEAD")],
)
def test_a_method_that_is_not_offered_is_a_405_that_names_those_that_are(
    api: Api, method: str, path: str, allowed: str
) -> None:
    response = api.send(method, path)
    problem(response, 405)
    assert response.headers["Allow"] == allowed


def test_a_form_is_no_job(api: Api) -> None:
    problem(api.client.post(api.base + "jobs/", {"key": "task:a"}, headers=api.headers), 415)


def test_a_body_beyond_the_limit_is_refused_unread(api: Api) -> None:
    with override_settings(DATA_UPLOAD_MAX_MEMORY_SIZE=1000):
        assert "at most 1000 bytes" in problem(api.post("jobs/", "[" + " " * 1000), 413)["detail"]


@pytest.mark.parametrize("accept", ["text/html", "application/xml", "nonsense"])
def test_accept_does_not_turn_an_answer_into_html_or_a_refusal(api: Api, workspace: Workspace, accept: str) -> None:
    make_job(workspace)
    response = api.client.get(api.base + "jobs/task:ping/", headers=api.headers | {"Accept": accept})
    assert (response.status_code, response.headers["Content-Type"]) == (200, "application/json")


def test_the_browsers_format_parameter_is_a_parameter_like_any_other(api: Api) -> None:
    assert problem(api.get("jobs/", format="html"), 400)["errors"][0]["field"] == "format"


def test_a_host_that_is_not_ours_gets_a_problem_too() -> None:
    with override_settings(DEBUG=False, ALLOWED_HOSTS=["example.com"]):
        problem(Client().get("/api/v1/workspaces/acme/jobs/", headers={"Host": "evil.test"}), 400)


def test_a_database_that_is_away_is_a_503_with_a_time_to_come_back(api: Api) -> None:
    def away(execute: object, sql: str, *args: object) -> None:
        raise OperationalError("connection refused")

    with connection.execute_wrapper(away):
        response = api.get("jobs/")
    problem(response, 503)
    assert response.headers["Retry-After"] == "5"
    assert "refused" not in response.content.decode()


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("error", [psycopg.OperationalError, PoolTimeout])
def test_so_is_one_that_is_away_when_a_run_is_to_start(
    api: Api, workspace: Workspace, monkeypatch: pytest.MonkeyPatch, error: type[Exception]
) -> None:
    make_job(workspace)

    def away() -> None:
        raise error("connection refused")

    monkeypatch.setattr("jobs.hotpath.connection", away)
    problem(api.post("jobs/task:ping/trigger/"), 503)


def test_an_error_of_the_system_is_a_problem_too_and_says_nothing_of_its_cause(
    api: Api, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def broken(**arguments: object) -> None:
        raise RuntimeError("the cause")

    monkeypatch.setattr("jobs.api.jobs.list_jobs", broken)
    response = api.get("jobs/")
    problem(response, 500)
    assert "the cause" not in response.content.decode()
    assert "api.failed" in caplog.text
