"""The example of delivering again, which takes rows that are committed."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.integration.openapi.reading import Judge, operations
from tests.integration.openapi.sending import send
from tests.integration.openapi.world import make_world
from tests.integration.people import signed_in


@pytest.mark.django_db(transaction=True)
def test_it_is_accepted_and_answered_as_the_document_says(
    described: dict[str, Any], judge: Judge, tmp_path: Path
) -> None:
    operation = next(each for each in operations(described) if each.id == "redeliver")
    status, answer = operation.success
    found = send(signed_in(make_world(tmp_path)), operation)
    assert found.status_code == status
    assert judge.problems(answer["content"]["application/json"]["schema"], found.json(), strict=True) == []
