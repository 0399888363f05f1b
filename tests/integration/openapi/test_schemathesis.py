"""Whatever schemathesis makes of the document, the API answers as the document says: with all checks, as the owner and as nobody.

Each operation gets the cases that cover its parameters and its body, as many as time allows, and some random ones, of data that
fits and of data that does not. They are made when an operation's turn comes: all at once they take a gigabyte.
``make schemathesis`` goes on for longer, and with other random ones each time.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from itertools import chain, islice
from typing import Any

import pytest
import schemathesis
from django.contrib.auth.models import User
from django.core.signals import request_finished, request_started
from django.core.wsgi import get_wsgi_application
from django.db import close_old_connections
from hypothesis import HealthCheck, Phase, given, settings

from jobs.api.live.polls import MOST_SECONDS
from jobs.services.tokens import create_token
from jobsproject.openapi import document
from tests.integration.openapi.reading import Described, operations
from tests.integration.openapi.world import undone, who_calls
from tests.integration.people import NOW

pytestmark = [pytest.mark.django_db, pytest.mark.timeout(600)]
REFUSED = "400"
"""A body may fit its schema and be refused all the same: for a time zone that there is not, two fields that exclude each other, a
secret that is missing. JSON Schema has no words for that; the answer does."""
ACCEPTED = ["2xx", "401", "403", "404", "409", "410", "412", REFUSED]
MODES = (schemathesis.GenerationMode.POSITIVE, schemathesis.GenerationMode.NEGATIVE)
OPERATIONS = list(operations(document()))

Check = Callable[[schemathesis.Case[Any]], None]


@pytest.fixture(scope="module")
def api() -> Any:
    """The document, as schemathesis reads it, before the real application."""
    checks = {"positive_data_acceptance": {"expected-statuses": ACCEPTED}}
    read = schemathesis.openapi.from_dict(document(), config=schemathesis.Config.from_dict({"checks": checks}))
    read.app = _closing(get_wsgi_application())
    return read


def _closing(application: Any) -> Any:
    """The application as a server has it, which closes what it was answered with; schemathesis leaves files open."""

    def call(environment: dict[str, Any], start_response: Any) -> list[bytes]:
        with contextlib.closing(application(environment, start_response)) as answer:
            return [b"".join(answer)]

    return call


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
            _leave_out_polling(case)
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


def _leave_out_polling(case: schemathesis.Case[Any]) -> None:
    """A long poll reads what is committed, on connections of its own: tests/integration/live sees to those."""
    wait = str((case.query or {}).get("wait", ""))
    if case.operation.path.endswith("/events/") and wait.isdecimal() and int(wait) <= MOST_SECONDS:
        del case.query["wait"]


def cover(api: Any, operation: Any, check: Check, *, most: int) -> None:
    """Check up to so many cases that fit, and as many that do not."""
    made: Iterator[schemathesis.Case[Any]] = chain.from_iterable(
        islice(
            api.iter_coverage_cases(
                operation, generation_modes=[mode], generation_config=api.config.generation_for(operation=operation)
            ),
            most,
        )
        for mode in MODES
    )
    for case in made:
        check(case)


def make_up(operation: Any, check: Check, *, each: int, again: bool) -> None:
    """Check so many random cases that fit, and as many that do not; ``again``: the same ones each time."""
    for mode in MODES:
        bounded = settings(
            max_examples=each,
            deadline=None,
            database=None,
            derandomize=again,
            phases=[Phase.generate],
            suppress_health_check=list(HealthCheck),
        )
        bounded(given(case=operation.as_strategy(generation_mode=mode))(check))()
