"""Sending what the document's examples say."""

from __future__ import annotations

import json
from typing import Any

from django.test import Client

from tests.integration.openapi.reading import Described


def send(browser: Client, operation: Described) -> Any:
    """Send an operation's example; the answer."""
    body = operation.body
    return browser.generic(
        operation.method.upper(),
        operation.address,
        "" if body is None else json.dumps(body["example"]),
        content_type="" if body is None else "application/json",
    )
