"""Sending what the document's examples say, and holding the answer against what it says of that."""

from __future__ import annotations

import json
from typing import Any

from django.test import Client

from tests.integration.openapi.reading import Described, Judge

LIVE = frozenset(("followWorkspace", "followJob", "followRun", "pollEventsOfWorkspace", "pollEventsOfJob"))
"""What is told live is read by a thread with a connection of its own, and by connections that go back to the pool meanwhile."""
COMMITTED = LIVE | {"redeliver"}
"""Operations that see only what is committed, and not what a test has written in its transaction."""


def send(browser: Client, operation: Described) -> Any:
    """Send an operation's example; the answer."""
    body = operation.body
    return browser.generic(
        operation.method.upper(),
        operation.address,
        "" if body is None else json.dumps(body["example"]),
        content_type="" if body is None else "application/json",
    )


def assert_answered_as_described(judge: Judge, described: dict[str, Any], operation: Described, found: Any) -> bytes:
    """What was answered to the example is what the document says of it; the body."""
    status, answer = operation.success
    content: bytes = found.getvalue()
    assert found.status_code == status, content
    known = described["components"]["headers"]
    for name in answer.get("headers", {}):
        assert name in found.headers or not known[name].get("required"), name
    media_type = found.headers.get("Content-Type", "").partition(";")[0]
    if "content" not in answer:
        assert content == b""
        return content
    shown = answer["content"].get(media_type) or answer["content"]["*/*"]
    if media_type == "application/json":
        assert judge.problems(shown["schema"], json.loads(content), strict=True) == []
    return content
