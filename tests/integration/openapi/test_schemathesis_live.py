"""The same of what is told live, which sees only what is committed: test_schemathesis.py tells how cases are made."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Any

import pytest
import schemathesis
from django.contrib.auth.models import User

from jobs.api.live import polls
from jobs.services.tokens import create_token
from jobsproject.openapi import document
from tests.integration.openapi.exploring import cover, make_up, read_api
from tests.integration.openapi.reading import Described, operations
from tests.integration.openapi.sending import LIVE
from tests.integration.openapi.world import make_world
from tests.integration.people import NOW

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.timeout(600)]
OPERATIONS = [each for each in operations(document()) if each.id in LIVE]


@pytest.fixture(scope="module")
def api() -> Any:
    return read_api()


@pytest.fixture
def world(tmp_path: Path) -> User:
    return make_world(tmp_path)


@pytest.fixture
def examples(request: pytest.FixtureRequest) -> int:
    """As the option says."""
    return request.config.getoption("--examples") or 8


@pytest.fixture(autouse=True)
def _nothing_is_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody writes an event meanwhile; tests/integration/live waits for some."""
    at_once = partial(polls._poll_here, seconds=0)
    monkeypatch.setattr(polls, "poll_here", lambda *, topic, cursor, seconds: at_once(topic, cursor))


@pytest.mark.parametrize("operation", OPERATIONS, ids=lambda operation: operation.id)
class TestEveryOperation:
    def test_as_the_owner(self, api: Any, operation: Described, world: User, examples: int) -> None:
        token = create_token(user=world, name="schemathesis", now=NOW)[1]

        def check(case: schemathesis.Case[Any]) -> None:
            case.call_and_validate(headers={"Authorization": f"Bearer {token}"})

        sent = api[operation.path][operation.method]
        cover(api, sent, check, most=2 * examples)
        make_up(sent, check, each=examples, again=True)

    def test_as_nobody(self, api: Any, operation: Described, world: User, examples: int) -> None:
        def check(case: schemathesis.Case[Any]) -> None:
            case.call_and_validate()

        sent = api[operation.path][operation.method]
        cover(api, sent, check, most=examples)
        make_up(sent, check, each=2, again=True)
