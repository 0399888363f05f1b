"""What the document says of the conventions is what the API does: parameters, headers, roles and scopes."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from typing import Any

import pytest
import redis
from django.contrib.auth.models import User

from jobs.api.pages import Query
from jobs.models import KeptAnswer, Scope
from jobsproject import env
from jobsproject.openapi import document
from tests.integration.openapi.reading import Described, Judge, operations
from tests.integration.openapi.sending import LIVE, send
from tests.integration.openapi.world import undone, who_calls
from tests.integration.people import Api, signed_in

pytestmark = pytest.mark.django_db
OPERATIONS = {each.id: each for each in operations(document()) if each.id not in LIVE}


def of(operation: Described, place: str) -> set[str]:
    """The names of an operation's parameters in the query or in the header."""
    return {each["name"] for each in operation.says["parameters"] if each["in"] == place}


@pytest.fixture
def read(monkeypatch: pytest.MonkeyPatch) -> set[str]:
    """The names of all parameters that views look for in queries."""
    found: set[str] = set()
    original = Query.__init__

    def noted(self: Query, request: Any, *, known: Iterable[str] = (), paged: bool = True) -> None:
        names = list(known)
        found.update(names, ("after", "limit") if paged else ())
        original(self, request, known=names, paged=paged)

    monkeypatch.setattr(Query, "__init__", noted)
    return found


@pytest.mark.parametrize("operation", OPERATIONS.values(), ids=lambda operation: operation.id)
def test_what_is_read_of_the_query_is_what_is_described(owner: User, operation: Described, read: set[str]) -> None:
    send(signed_in(who_calls(operation.id)), operation).getvalue()
    if read:
        assert of(operation, "query") == read


@pytest.mark.parametrize(
    "name", ["getRun", "listRuns", "getJob", "listJobs", "listPayloads", "getSchedule", "getDelivery"]
)
def test_an_answer_of_some_fields_has_the_other_form(owner: User, judge: Judge, name: str) -> None:
    operation = OPERATIONS[name]
    joined = "&" if "?" in operation.address else "?"
    answer = signed_in(owner).get(f"{operation.address}{joined}fields=state")
    schema = operation.success[1]["content"]["application/json"]["schema"]
    assert answer.status_code == 200
    assert judge.problems(schema, answer.json()) == []
    assert judge.problems(schema, answer.json(), strict=True) != []


def test_a_scope_that_is_too_small_is_refused_and_the_one_that_is_named_is_not(owner: User) -> None:
    operation = OPERATIONS["triggerJob"]
    assert operation.says["x-scope"] == "jobs:run"
    path = operation.address.partition("/workspaces/demo/")[2]
    for scope, expected in ((Scope.READ, 403), (Scope.RUN, 202)):
        with undone():
            assert Api(owner, workspace="demo", scopes=(scope,)).post(path, {}).status_code == expected


def test_roles_and_scopes_are_named_where_there_are_some() -> None:
    assert (OPERATIONS["listSecrets"].says["x-role"], OPERATIONS["listSecrets"].says["x-scope"]) == (
        "owner",
        "secrets:write",
    )
    assert OPERATIONS["replaceJob"].says["x-role"] == "editor"
    assert OPERATIONS["createToken"].says["x-scope"] == "admin"
    assert "x-role" not in OPERATIONS["createToken"].says


def test_a_post_takes_a_key_and_says_what_a_second_one_is_answered_with(owner: User) -> None:
    operation = OPERATIONS["createSink"]
    assert "Idempotency-Key" in of(operation, "header")
    client = signed_in(owner)
    answers = [
        client.post(operation.address, body, content_type="application/json", headers={"Idempotency-Key": "k1"})
        for body in (operation.body["example"], operation.body["example"], {"kind": "log"})  # type: ignore[index]
    ]
    assert [answer.status_code for answer in answers] == [201, 201, 422]
    assert "Idempotent-Replayed" in answers[1].headers
    assert {"201", "422"} <= operation.says["responses"].keys()
    assert "Idempotent-Replayed" in operation.success[1]["headers"]


@pytest.mark.parametrize("name", ["createWorkspaceToken", "linkToResults"])
def test_an_answer_that_holds_a_secret_takes_no_key(owner: User, name: str) -> None:
    operation = OPERATIONS[name]
    assert "Idempotency-Key" not in of(operation, "header")
    answer = signed_in(owner).post(
        operation.address,
        operation.body["example"],  # type: ignore[index]
        content_type="application/json",
        headers={"Idempotency-Key": "k1"},
    )
    assert [error["field"] for error in answer.json()["errors"]] == ["Idempotency-Key"]
    assert not KeptAnswer.objects.exists()


@pytest.fixture
def one_a_minute(settings: Any, redis_url: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("STORE", redis_url)
    settings.JOBS_API_RATE, settings.JOBS_API_RATE_STORE = (1, 60), env.redis("STORE", "")
    with redis.Redis.from_url(settings.JOBS_API_RATE_STORE) as store:
        _forget(store)
        yield
        _forget(store)


def _forget(store: Any) -> None:
    for key in store.scan_iter("jobs:api-rate:*"):
        store.delete(key)


@pytest.mark.usefixtures("one_a_minute")
def test_one_request_too_many_is_answered_as_the_document_says(
    owner: User, described: dict[str, Any], judge: Judge
) -> None:
    shown = described["components"]["responses"]["TooManyRequests"]
    client = signed_in(owner)
    answers = [client.get(OPERATIONS["listSecrets"].address) for _ in range(2)]
    assert answers[1].status_code == 429
    assert not set(shown["headers"]) - set(answers[1].headers.keys())
    content = shown["content"]["application/problem+json"]
    assert judge.problems(content["schema"], answers[1].json(), strict=True) == []
    assert (answers[1].json()["type"], answers[1].json()["title"]) == (
        content["example"]["type"],
        content["example"]["title"],
    )


WRITES = [each for each in OPERATIONS.values() if each.method.upper() not in ("GET", "HEAD")]


@pytest.mark.parametrize("operation", WRITES, ids=lambda operation: operation.id)
def test_no_write_overlooks_a_condition(owner: User, operation: Described) -> None:
    """What compares If-Match refuses another version, and what has none to compare refuses the header."""
    body = operation.body
    answer = signed_in(who_calls(operation.id)).generic(
        operation.method.upper(),
        operation.address,
        "" if body is None else json.dumps(body["example"]),
        content_type="" if body is None else "application/json",
        headers={"If-Match": '"999999"'},
    )
    assert answer.status_code == 412, answer.content


def test_most_writes_have_something_to_compare() -> None:
    compared = {each.id for each in WRITES if "If-Match" in of(each, "header")}
    assert {"replaceJob", "triggerJob", "pauseJob", "replaceSchedule", "rerunRun", "runJobNow"} <= compared
    assert not {"createJob", "createToken", "setSecret"} & compared
