"""The environment of the system that `make up` runs in this checkout, for commands beside it.

manage.py asks for it before there are settings.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from embedded.owner_lock import holder
from embedded.private_files import read_json, write_private_json
from embedded.servers import DATA

UP_LOCK = "up.lock"
_FILE = "environment.json"


def tell_environment(environment: Mapping[str, str], *, data: Path = DATA) -> None:
    """Let commands beside the system use the same servers, keys and folders: a private file, beside secrets.json."""
    write_private_json(data / _FILE, dict(environment))


def running_environment(data: Path = DATA) -> dict[str, str]:
    """What the settings need to be those of the system that runs here; empty when none does."""
    return dict(read_json(data / _FILE)) if holder(data / UP_LOCK) else {}
