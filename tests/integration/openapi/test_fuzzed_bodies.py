"""No body is an error of the system: 10,000 of them, made of the document's examples."""

from __future__ import annotations

import copy
import json
import random
from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client

from jobsproject.openapi import document
from tests.integration.openapi.reading import Described, operations
from tests.integration.openapi.world import undone, who_calls

pytestmark = pytest.mark.django_db
JSON = Any
BODIES = 10_000
OPERATIONS = [each for each in operations(document()) if each.body is not None]
EACH = -(-BODIES // len(OPERATIONS))
STRANGE: list[JSON] = [
    None,
    True,
    0,
    -1,
    2**63,
    -(2**200),
    1.5,
    1e308,
    "",
    "\x00",
    "\ud800",
    "ß" * 3000,
    "{{ secret }}",
    "2026-02-30T25:61:00Z",
    "9999-12-31T23:59:59.999999Z",
    "0001-01-01T00:00:00+23:59",
    "* * * * *",
    "R/-P1D",
    "1e999 years",
    [],
    [[]],
    [None] * 200,
    {},
    {"": {}},
    {"$ref": "#"},
]
"""Values that stand where others were expected."""


def mutated(example: JSON, chance: random.Random) -> JSON:
    """The example with one to three things about it changed."""
    body = copy.deepcopy(example)
    for _ in range(chance.randint(1, 3)):
        body = chance.choice(_CHANGES)(body, chance)
    return body


def _replaced(body: JSON, chance: random.Random) -> JSON:
    """Something in it is something else."""
    if isinstance(body, dict) and body and chance.random() < 0.85:
        name = chance.choice(list(body))
        return body | {name: _replaced(body[name], chance)}
    if isinstance(body, list) and body and chance.random() < 0.85:
        place = chance.randrange(len(body))
        return [*body[:place], _replaced(body[place], chance), *body[place + 1 :]]
    return copy.deepcopy(chance.choice(STRANGE))


def _lacking(body: JSON, chance: random.Random) -> JSON:
    """Something is left out of it."""
    if isinstance(body, dict) and body:
        name = chance.choice(list(body))
        rest = {each: value for each, value in body.items() if each != name}
        return rest if chance.random() < 0.5 else rest | {name: _lacking(body[name], chance)}
    return body[1:] if isinstance(body, list) else body


def _with_more(body: JSON, chance: random.Random) -> JSON:
    """Something more is in it."""
    if isinstance(body, dict):
        return body | {chance.choice(["version", "extends", "\x00", "name", "x" * 300]): chance.choice(STRANGE)}
    return [*body, chance.choice(STRANGE)] if isinstance(body, list) else body


def _nested(body: JSON, chance: random.Random) -> JSON:
    """It lies within something."""
    for _ in range(chance.choice([1, 2, 150])):
        body = [body] if chance.random() < 0.5 else {"payload": body}
    return body


_CHANGES: list[Callable[[JSON, random.Random], JSON]] = [_replaced, _replaced, _replaced, _lacking, _with_more, _nested]


def written(body: JSON, chance: random.Random) -> bytes:
    """The body as it is sent: now and then broken."""
    content = json.dumps(body).encode()
    if chance.random() < 0.05:
        place = chance.randrange(len(content))
        return content[:place] + chance.choice([b"", b"\xff", b"\x00", b'"', b"{"]) + content[place + 1 :]
    return content


@pytest.mark.timeout(600)
@pytest.mark.parametrize("operation", OPERATIONS, ids=lambda operation: operation.id)
def test_no_body_is_an_error_of_the_system(owner: User, operation: Described, request: pytest.FixtureRequest) -> None:
    wanted: int | None = request.config.getoption("--examples")
    chance = random.Random(operation.id if wanted is None else None)
    browser = Client(raise_request_exception=False)
    browser.force_login(who_calls(operation.id))
    for _ in range(EACH if wanted is None else 10 * wanted):
        assert operation.body is not None
        content = written(mutated(operation.body["example"], chance), chance)
        with undone():
            answer = browser.generic(
                operation.method.upper(), operation.address, content, content_type="application/json"
            )
            assert answer.status_code < 500, content
