"""How to reach the destination. What these functions return holds passwords; what they raise never does."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import psycopg
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from jobs.errors import PermanentError

_OPTIONS = frozenset(
    {
        "host",
        "port",
        "dbname",
        "user",
        "password",
        "sslmode",
        "channel_binding",
        "target_session_attrs",
        "options",
        "application_name",
    }
)
"""What a URL may say. Other options read files of the worker's machine."""
_FORM = "expected postgresql://user:password@host:port/database, with special characters percent-encoded"


def from_secret(url: str, *, name: str, sockets: bool) -> str:
    """Check a secret's URL.

    Args:
        url: The secret's value.
        name: The secret's name, for messages.
        sockets: Whether a folder of unix sockets may stand for the host: such a server is the deployment's own.

    Returns:
        The connection string.

    Raises:
        PermanentError: It is no URL of a PostgreSQL server, or asks for what is not allowed. libpq's own message is not
            passed on: it repeats parts of the password when a special character in it was not encoded.
    """
    try:
        parts = conninfo_to_dict(url)
    except psycopg.Error:
        parts = {}
    if not url.startswith(("postgresql://", "postgres://")) or not _well_formed(parts):
        raise PermanentError(f"secret {name!r} is no PostgreSQL URL: {_FORM}", code="secret")
    refused = sorted(set(parts) - _OPTIONS)
    if refused:
        raise PermanentError(f"secret {name!r}: the URL's option {refused[0]} is not allowed here", code="secret")
    if "," in str(parts["host"]):  # libpq would try one after the other, and only the first is looked at here
        raise PermanentError(f"secret {name!r}: the URL must name one host", code="secret")
    if str(parts["host"]).startswith(("/", "@")) and not sockets:
        message = "names a folder of unix sockets, which only JOBS_DATASOURCE_OWN_DATABASE allows"
        raise PermanentError(f"secret {name!r} {message}", code="destination_refused")
    return make_conninfo("", **{part: str(value) for part, value in parts.items()})


def own(database: Mapping[str, Any], *, allowed: bool) -> str:
    """The connection string of this system's own database, from Django's settings for it.

    Raises:
        PermanentError: The deployment does not allow it.
    """
    if not allowed:
        message = "destination.postgresql.database: this system's own database is closed to datasources"
        raise PermanentError(
            f"{message}; whoever runs it opens it with JOBS_DATASOURCE_OWN_DATABASE", code="destination_refused"
        )
    names = {"dbname": "NAME", "user": "USER", "password": "PASSWORD", "host": "HOST", "port": "PORT"}
    return make_conninfo(**{ours: database[django] for ours, django in names.items() if database[django]})


def password_of(conninfo: str) -> str:
    """The password in a connection string, or nothing."""
    return str(conninfo_to_dict(conninfo).get("password") or "")


def _well_formed(parts: Mapping[str, Any]) -> bool:
    host, port, dbname = (str(parts.get(part) or "") for part in ("host", "port", "dbname"))
    return bool(host and dbname) and "@" not in host + dbname and (port.isdecimal() or not port)
