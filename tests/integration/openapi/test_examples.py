"""The examples of the document are real: the API accepts them, and answers as the document says."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib.auth.models import User

from jobsproject.openapi import document
from tests.integration.openapi.reading import Described, Judge, operations
from tests.integration.openapi.sending import COMMITTED, assert_answered_as_described, send
from tests.integration.openapi.world import who_calls
from tests.integration.people import signed_in

pytestmark = pytest.mark.django_db
OPERATIONS = [each for each in operations(document()) if each.id not in COMMITTED]


@pytest.mark.parametrize("operation", OPERATIONS, ids=lambda operation: operation.id)
def test_an_example_is_accepted_and_answered_as_the_document_says(
    judge: Judge, described: dict[str, Any], owner: User, operation: Described
) -> None:
    assert_answered_as_described(judge, described, operation, send(signed_in(who_calls(operation.id)), operation))
