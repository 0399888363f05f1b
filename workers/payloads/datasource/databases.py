"""Databases that SQLAlchemy reaches. What these functions return holds passwords; what they raise never does."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import sqlalchemy
from sqlalchemy.engine import URL

from jobs.errors import PermanentError
from workers import rooted_files

_OPTIONS = frozenset({"application_name", "charset", "sslmode"})
"""What a URL may say. Other options of the drivers read files of the worker's machine, or run what they name."""
_DRIVERS = {
    "postgresql": "postgresql+psycopg",
    "postgres": "postgresql+psycopg",
    "mysql": "mysql+pymysql",
    "mariadb": "mariadb+pymysql",
}
"""Whom a URL without a driver means. PostgreSQL's is here; a deployment that loads from others installs theirs."""
_FORM = (
    "expected dialect://user:password@host:port/database, with special characters percent-encoded, or sqlite:///path"
)


def from_secret(text: str, *, name: str, roots: Sequence[Path]) -> str:
    """Check a secret's URL.

    Args:
        text: The secret's value.
        name: The secret's name, for messages.
        roots: The folders in which a SQLite file may lie.

    Returns:
        The URL with the driver in it; a SQLite file's path is absolute.

    Raises:
        PermanentError: It is no such URL, or asks for what is not allowed.
    """
    try:
        url = sqlalchemy.make_url(text)
    except (sqlalchemy.exc.ArgumentError, ValueError):
        raise PermanentError(f"secret {name!r} is no database URL: {_FORM}", code="secret") from None
    if refused := sorted(set(url.query) - _OPTIONS):
        raise PermanentError(f"secret {name!r}: the URL's option {refused[0]} is not allowed here", code="secret")
    if url.get_backend_name() == "sqlite":
        url = _sqlite(url, name, roots)
    elif not url.host or not url.database or "@" in url.host + url.database:
        raise PermanentError(f"secret {name!r} is no database URL: {_FORM}", code="secret")
    return url.set(drivername=_DRIVERS.get(url.drivername, url.drivername)).render_as_string(hide_password=False)


def password_of(url: str) -> str:
    """The password in a URL, or nothing."""
    return str(sqlalchemy.make_url(url).password or "")


def _sqlite(url: URL, name: str, roots: Sequence[Path]) -> URL:
    if (
        url.query
        or url.drivername not in ("sqlite", "sqlite+pysqlite")
        or not url.database
        or url.database[:5] == "file:"
    ):
        raise PermanentError(f"secret {name!r}: a SQLite URL is sqlite:///path and nothing more", code="secret")
    if url.database == ":memory:":
        raise PermanentError(f"secret {name!r}: nothing is left of a database in memory", code="secret")
    return url.set(database=str(rooted_files.located(url.database, roots=roots, field=f"secret {name!r}")))
