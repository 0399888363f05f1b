"""Whatever schemathesis makes of the document, the API answers as the document says: with all checks, as the owner and as nobody.

Each operation gets the cases that cover its parameters and its body, as many as time allows, and some random ones, of data that
fits and of data that does not. They are made when an operation's turn comes: all at once they take a gigabyte.
``make schemathesis`` goes on for longer, and with other random ones each time.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
import schemathesis
from django.contrib.auth.models import User
from django.core.signals import request_finished, request_started
from django.db import close_old_connections

from jobs.services.tokens import create_token
from jobsproject.openapi import document
from tests.integration.openapi.exploring import cover, make_up, read_api
from tests.integration.openapi.reading import Described, operations
from tests.integration.openapi.sending import LIVE
from tests.integration.openapi.world import undone, who_calls
from tests.integration.people import NOW

pytestmark = [pytest.mark.django_db, pytest.mark.timeout(600)]
OPERATIONS = [each for each in operations(document()) if each.id not in LIVE]


@pytest.fixture(scope="module")
def api() -> Any:
    return read_api()


@pytest.fixture(autouse=True)
def _requests_keep_the_connection() -> Iterator[None]:
    """And with it the transaction in which the tests' rows stand: so does Django's own test client."""
    for signal in (request_started, request_finished):
        signal.disconnect(close_old_connections)
    yield
    for signal in (request_started, request_finished):
        signal.connect(close_old_connections)


@pytest.fixture
def token(owner: User, operation: Described) -> str:
    """Of the owner; or of a superuser, for what takes one."""
    return create_token(user=who_calls(operation.id), name="schemathesis", now=NOW)[1]


@pytest.fixture
def examples(request: pytest.FixtureRequest) -> int | None:
    """As the option says."""
    wanted: int | None = request.config.getoption("--examples")
    return wanted


@pytest.mark.parametrize("operation", OPERATIONS, ids=lambda operation: operation.id)
class TestEveryOperation:
    def test_as_the_owner(self, api: Any, operation: Described, token: str, examples: int | None) -> None:
        def check(case: schemathesis.Case[Any]) -> None:
            with undone():
                case.call_and_validate(headers={"Authorization": f"Bearer {token}"})

        sent = api[operation.path][operation.method]
        cover(api, sent, check, most=examples or 15)
        make_up(sent, check, each=examples or 4, again=examples is None)

    def test_as_nobody(self, api: Any, operation: Described, owner: User, examples: int | None) -> None:
        def check(case: schemathesis.Case[Any]) -> None:
            with undone():
                case.call_and_validate()

        sent = api[operation.path][operation.method]
        cover(api, sent, check, most=examples or 4)
        make_up(sent, check, each=examples or 1, again=examples is None)
