"""What is sent: bodies as bytes."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import urlencode

from workers.payloads.http.parameters import Body


def encode(body: Body) -> tuple[bytes, str]:
    """The bytes to send, and their content type."""
    if body.text is not None:
        return body.text.encode(), body.content_type or "text/plain; charset=utf-8"
    if body.form is not None:
        form = urlencode([(name, text) for name, value in body.form.items() for text in spell(value)])
        return form.encode(), body.content_type or "application/x-www-form-urlencoded"
    return json.dumps(body.json_, ensure_ascii=False).encode(), body.content_type or "application/json"


def spell(value: Any) -> list[str]:
    """A query's or a form's value as text; a list gives its name several times."""
    if isinstance(value, list):
        return [text for item in value for text in spell(item)]
    return [str(value).lower() if isinstance(value, bool) else str(value)]
