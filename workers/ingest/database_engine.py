"""SQLAlchemy's engines, as loads use them."""

from __future__ import annotations

from collections.abc import Sequence

import sqlalchemy

from jobs.errors import PermanentError
from workers.ingest import egress

_OF_LIBPQ = ("postgresql+psycopg", "postgresql+psycopg2")


def engine(url: str, *, allow: Sequence[str]) -> sqlalchemy.Engine:
    """An engine without a pool: a load opens one connection at a time, and leaves none behind.

    What drivers in Python connect to is looked at once more, where they are used inside `workers.ingest.egress.only`.

    Args:
        allow: Networks that may be connected to although they are not public.

    Raises:
        PermanentError: There is no driver for such a database here, or its host may not be connected to.
        TransientError: Its host cannot be looked up.
    """
    parsed = sqlalchemy.make_url(url)
    found = egress.addresses(parsed.host or "", allow=allow)
    pinned = egress.libpq(parsed.host or "", found) if parsed.drivername in _OF_LIBPQ else {}
    try:
        return sqlalchemy.create_engine(parsed, poolclass=sqlalchemy.NullPool, connect_args=pinned)
    except (sqlalchemy.exc.NoSuchModuleError, ModuleNotFoundError) as error:
        raise PermanentError(
            f"this deployment has no driver for {parsed.drivername} databases: whoever runs it installs one",
            code="parameters",
        ) from error
