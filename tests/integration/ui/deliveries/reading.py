"""What pages say, and how many queries they take."""

from __future__ import annotations

from typing import Any

from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

BASE = "/ui/w/acme/"


def text(client: Client, path: str) -> str:
    """What the page says; it must be there."""
    answer = client.get(BASE + path)
    assert answer.status_code == 200, answer.status_code
    return answer.content.decode()


def queries(client: Client, path: str) -> int:
    """How many it takes once the session knows the workspace."""
    text(client, path)
    with CaptureQueriesContext(connection) as found:
        text(client, path)
    return len(found)


def sent(client: Client, path: str, data: dict[str, Any] | None = None, status: int = 302) -> str:
    """Send a form, and what is answered."""
    answer = client.post(BASE + path, data or {})
    assert answer.status_code == status, (answer.status_code, answer.content.decode()[-3000:])
    return answer.content.decode()
