"""From a URL in a secret to SQLAlchemy's engine, which connects to addresses that were looked at and to nothing else."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from typing import Any

import sqlalchemy
from sqlalchemy import URL

from jobs.errors import PermanentError
from sinks.base import Surroundings
from sinks.database.impatient import be_impatient
from sinks.tls import client_context

_OPTIONS = frozenset({"sslmode", "sslrootcert", "channel_binding", "target_session_attrs", "application_name"})
"""Of libpq's options those that lead neither to another host nor to files of the worker's machine."""
_UNAIDED = {
    "passfile": "/dev/null",
    "sslcert": "/dev/null/none",
    "sslkey": "/dev/null/none",
    "gssencmode": "disable",
}
"""So that libpq proves who we are with nothing that the worker's environment and home folder hold: those files cannot be there, and
where their names were empty it would look into the home folder."""
_CONNECTIONS = 8
_PORT = 5432


def engine(*, url: str, ca: str | None, surroundings: Surroundings, closing: ExitStack) -> sqlalchemy.Engine:
    """An engine for PostgreSQL, and what speaks its protocol, or for a SQLite file.

    Others are refused: their drivers connect in C, to wherever their options say, and nothing here could hold them back.

    Args:
        url: As SQLAlchemy takes it.
        ca: The authorities to trust, as PEM; None for what the URL says of TLS.
        surroundings: Permits.
        closing: Closes the connections, and forgets the authorities.

    Raises:
        PermanentError: It is no such URL (``configuration``), or it may not be reached (``egress_refused``, ``file_refused``).
        TransientError: Its host has no address at present.
    """
    try:
        parsed = sqlalchemy.make_url(url)
    except (sqlalchemy.exc.ArgumentError, ValueError):
        raise _wrong("the secret is no URL such as postgresql://user:password@host/database") from None
    surroundings.hide(*filter(None, [parsed.password and str(parsed.password)]))
    match parsed.get_backend_name():
        case "postgresql":
            made = _postgresql(parsed, surroundings, _trusting(ca, parsed, closing))
        case "sqlite" if ca is None:
            made = _sqlite(parsed, surroundings)
        case "sqlite":
            raise _wrong("ca_secret belongs to a server, and the URL is that of a file")
        case other:
            raise _wrong(f"expected a postgresql:// or sqlite:// URL, not {other}://")
    closing.callback(made.dispose)
    return made


def _postgresql(url: URL, surroundings: Surroundings, trusting: Mapping[str, str]) -> sqlalchemy.Engine:
    if not url.host or url.host.startswith(("/", "@")):
        raise _wrong("the URL names no host")
    _check_options(url)
    found = surroundings.permit(url.host, url.port or _PORT)
    made = sqlalchemy.create_engine(
        url.set(drivername="postgresql+psycopg", query={}),
        pool_size=_CONNECTIONS,
        connect_args={
            **_UNAIDED,
            **_password(url),
            **url.query,
            **trusting,
            **_pinned(url.host, found),
            **_patience(surroundings.timeout_seconds),
        },
    )
    be_impatient(made, seconds=surroundings.timeout_seconds)
    return made


def _check_options(url: URL) -> None:
    for name, value in url.query.items():
        if name not in _OPTIONS or (name == "sslrootcert" and value != "system"):
            raise _wrong(f"the URL's option {name} is not open to sinks; there are {', '.join(sorted(_OPTIONS))}")


def _trusting(ca: str | None, url: URL, closing: ExitStack) -> dict[str, str]:
    """Options of libpq by which it trusts these authorities alone. It reads them from a file, at each new connection."""
    if ca is None:
        return {}
    client_context(ca=ca)
    asked = str(url.query.get("sslmode", "verify-full"))
    if asked not in ("verify-ca", "verify-full") or "sslrootcert" in url.query:
        raise _wrong("with ca_secret the URL's sslmode is verify-full or verify-ca, and it has no sslrootcert")
    file = closing.enter_context(tempfile.NamedTemporaryFile("w", encoding="ascii", suffix=".pem"))  # noqa: SIM115 - it is closed
    file.write(ca)
    file.flush()
    return {"sslmode": asked, "sslrootcert": file.name}


def _password(url: URL) -> dict[str, str]:
    """An empty one is not replaced by that of the environment."""
    return {} if url.password else {"password": ""}


def _pinned(host: str, found: Sequence[str]) -> dict[str, Any]:
    """Options of libpq by which it tries these addresses, one after the other; certificates stay the host's."""
    return {"host": ",".join([host] * len(found)), "hostaddr": ",".join(found)}


def _patience(seconds: float) -> dict[str, Any]:
    """No step of a delivery may outlast the attempt: not connecting, not a statement, not a peer that is gone."""
    half = max(2, int(seconds / 2))
    return {
        "connect_timeout": half,
        "tcp_user_timeout": 1000 * half,
        "options": f"-c statement_timeout={1000 * half} -c lock_timeout={1000 * half}",
    }


def _sqlite(url: URL, surroundings: Surroundings) -> sqlalchemy.Engine:
    if not url.database or url.database.startswith("file:") or url.query:
        raise _wrong("expected sqlite:/// and the path of a file, without options")
    path = surroundings.path(url.database)
    return sqlalchemy.create_engine(
        URL.create("sqlite", database=str(path)), connect_args={"timeout": surroundings.timeout_seconds / 2}
    )


def _wrong(message: str) -> PermanentError:
    return PermanentError(f"url_secret: {message}", code="configuration")
