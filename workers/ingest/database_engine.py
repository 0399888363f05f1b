"""SQLAlchemy's engines, as loads use them."""

from __future__ import annotations

import sqlalchemy

from jobs.errors import PermanentError


def engine(url: str) -> sqlalchemy.Engine:
    """An engine without a pool: a load opens one connection at a time, and leaves none behind.

    Raises:
        PermanentError: There is no driver for such a database here.
    """
    parsed = sqlalchemy.make_url(url)
    try:
        return sqlalchemy.create_engine(parsed, poolclass=sqlalchemy.NullPool)
    except (sqlalchemy.exc.NoSuchModuleError, ModuleNotFoundError) as error:
        raise PermanentError(
            f"this deployment has no driver for {parsed.drivername} databases: whoever runs it installs one",
            code="parameters",
        ) from error
