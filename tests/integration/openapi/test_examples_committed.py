"""The same of the examples that take rows that are committed."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
from django.test import Client

from jobsproject.openapi import document
from tests.integration.live.given import let_the_reader_go
from tests.integration.openapi.reading import Described, Judge, operations
from tests.integration.openapi.sending import COMMITTED, LIVE, assert_answered_as_described, send
from tests.integration.openapi.world import make_world
from tests.integration.people import signed_in

pytestmark = pytest.mark.django_db(transaction=True)
OPERATIONS = [each for each in operations(document()) if each.id in COMMITTED]
FRAME = re.compile("id: (?P<id>.*)\nevent: (?P<event>.*)\ndata: (?P<data>.*)\n\n")
ENTRY = {"$ref": "#/components/schemas/WorkspaceEvent"}


@pytest.fixture
def browser(tmp_path: Path) -> Client:
    owner = make_world(tmp_path)
    let_the_reader_go()
    return signed_in(owner)


@pytest.mark.parametrize("operation", OPERATIONS, ids=lambda operation: operation.id)
def test_an_example_is_accepted_and_answered_as_the_document_says(
    judge: Judge, described: dict[str, Any], browser: Client, operation: Described
) -> None:
    content = assert_answered_as_described(judge, described, operation, send(browser, operation))
    if operation.id in LIVE:
        assert b"run.succeeded" in content


def test_each_event_of_a_stream_is_as_the_document_says(judge: Judge, browser: Client) -> None:
    followed = next(each for each in OPERATIONS if each.id == "followRun")
    _, answer = followed.success
    said = answer["content"]["text/event-stream"]
    found = [found.groupdict() for found in FRAME.finditer(send(browser, followed).getvalue().decode())]
    assert found
    for each in (said["example"], *found):
        assert judge.problems(said["schema"], each, strict=True) == []
        assert judge.problems(ENTRY, json.loads(each["data"]), strict=True) == []
