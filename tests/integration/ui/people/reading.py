"""Reading pages in tests."""

from __future__ import annotations

from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

BASE = "/ui/w/acme/"


def text(client: Client, path: str) -> str:
    """What the page says; it must be there. ``path`` is below acme, or begins with a slash."""
    answer = client.get(path if path.startswith("/") else BASE + path)
    assert answer.status_code == 200, answer.status_code
    return answer.content.decode()


def queries(client: Client, path: str) -> int:
    """How many it takes once the session knows the workspace."""
    text(client, path)
    with CaptureQueriesContext(connection) as found:
        text(client, path)
    return len(found)


def send(client: Client, path: str, **data: object) -> tuple[int, str]:
    """The status of a POST, and what it says."""
    answer = client.post(path if path.startswith("/") else BASE + path, data)
    return answer.status_code, answer.content.decode()
