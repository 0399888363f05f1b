"""What a process that a test starts must be told, to be a worker of the test's own deployment."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

from django.db import connection


def environment(settings: Mapping[str, Any]) -> dict[str, str]:
    """This process's environment with the test's database, and with these settings."""
    known = connection.settings_dict
    user, password, host, name = (quote(str(known[part]), safe="") for part in ("USER", "PASSWORD", "HOST", "NAME"))
    port = f":{known['PORT']}" if known["PORT"] else ""
    return {
        **os.environ,
        "DJANGO_SETTINGS_MODULE": "jobsproject.settings",
        "DATABASE_URL": f"postgresql://{user}:{password}@{host}{port}/{name}",
        **{name: _as_text(value) for name, value in settings.items()},
    }


def _as_text(value: Any) -> str:
    """A setting as jobsproject.env reads it."""
    match value:
        case bool():
            return str(value).lower()
        case dict():
            return json.dumps(value)
        case list():
            return ",".join(map(str, value))
    return str(value)
