"""The examples of the document are real: the API accepts them, and answers as the document says."""

from __future__ import annotations

import json
from typing import Any

import pytest
from django.contrib.auth.models import User

from jobsproject.openapi import document
from tests.integration.openapi.reading import Described, Judge, operations
from tests.integration.openapi.sending import send
from tests.integration.openapi.world import who_calls
from tests.integration.people import signed_in

pytestmark = pytest.mark.django_db
ON_ITS_OWN_CONNECTION = "redeliver"
"""It sees only what is committed: test_example_of_redelivery.py."""
OPERATIONS = [each for each in operations(document()) if each.id != ON_ITS_OWN_CONNECTION]


@pytest.mark.parametrize("operation", OPERATIONS, ids=lambda operation: operation.id)
def test_an_example_is_accepted_and_answered_as_the_document_says(
    judge: Judge, described: dict[str, Any], owner: User, operation: Described
) -> None:
    status, answer = operation.success
    found = send(signed_in(who_calls(operation.id)), operation)
    content = found.getvalue()
    assert found.status_code == status, content
    known = described["components"]["headers"]
    for name in answer.get("headers", {}):
        assert name in found.headers or not known[name].get("required"), name
    media_type = found.headers.get("Content-Type", "").partition(";")[0]
    if "content" not in answer:
        assert content == b""
        return
    shown = answer["content"].get(media_type) or answer["content"]["*/*"]
    if media_type == "application/json":
        assert judge.problems(shown["schema"], json.loads(content), strict=True) == []
