"""What the libraries' errors mean for the attempt."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Iterator

import duckdb
import psycopg
import pyarrow

from jobs.errors import PermanentError, TransientError

_MAX_CHARACTERS = 1000
# Where DuckDB turns from what is wrong to advice in terms of its own options, which are not ours.
_ADVICE = (
    "*",
    "Possible fixes",
    "Possible solution",
    "Possible Solution",
    "Try setting",
    "LINE 1:",
    "The search space used was",
)
_DATA_ERRORS = (
    "Conversion Error",
    "Invalid Input Error",
    "Out of Range Error",
    "Out of Memory Error",
    "Not implemented Error",
)


@contextlib.contextmanager
def explained() -> Iterator[None]:
    """Turn errors of DuckDB and psycopg into ours: what passes by itself is transient, what the data or the job does is not."""
    try:
        yield
    except (duckdb.IOException, duckdb.InternalException, duckdb.FatalException) as error:
        raise TransientError(_duckdb_words(error), code="files") from error
    except duckdb.OutOfMemoryException as error:
        raise PermanentError(
            f"{_duckdb_words(error)}; raise memory_limit_mb, or load it as JSON Lines or Parquet", code="memory"
        ) from error
    except duckdb.Error as error:
        raise PermanentError(_duckdb_words(error), code="data") from error
    except (OSError, pyarrow.ArrowException) as error:
        raise _through_arrow(error) from error
    except psycopg.Error as error:
        raise _of_postgresql(error) from error
    except _sqlalchemy_errors() as error:
        raise _of_sqlalchemy(error) from None  # its own words repeat the statement with the values of a row


# ReadOnly: the server was a standby for the moment of a failover.
_PASSES = (psycopg.OperationalError, psycopg.InterfaceError, psycopg.errors.ReadOnlySqlTransaction)
_STAYS = (psycopg.errors.ProgramLimitExceeded, psycopg.errors.TooManyColumns)
"""Operational to psycopg, yet a row or a table that is too large stays so."""


def _of_postgresql(error: psycopg.Error) -> TransientError | PermanentError:
    kind = TransientError if isinstance(error, _PASSES) and not isinstance(error, _STAYS) else PermanentError
    return kind(f"PostgreSQL: {_postgresql_words(error)}", code="destination")


def _sqlalchemy_errors() -> tuple[type[Exception], ...]:
    """Looked for when an error is there: most loads do without SQLAlchemy, and its 25 MB."""
    module = sys.modules.get("sqlalchemy.exc")
    return (module.SQLAlchemyError,) if module else ()


def _of_sqlalchemy(error: Exception) -> TransientError | PermanentError:
    """Drivers call both a lost connection and, in SQLite, a missing table operational; of SQLite only a lock passes by itself."""
    cause = getattr(error, "orig", None)
    words = " ".join(str(cause or type(error).__name__).split())[:_MAX_CHARACTERS]
    passes = type(error).__name__ in ("OperationalError", "InterfaceError")
    if type(cause).__module__ == "sqlite3":
        passes = "locked" in words
    kind = TransientError if passes else PermanentError
    return kind(f"the database: {words}", code="database")


def _through_arrow(error: Exception) -> TransientError | PermanentError:
    """What DuckDB meets while Arrow pulls its batches comes out as Arrow's error, its kind only in the words."""
    words = _duckdb_words(error)
    if words.startswith(_DATA_ERRORS):
        return PermanentError(words, code="data")
    return TransientError(words, code="files")


def _duckdb_words(error: Exception) -> str:
    lines = []
    for line in str(error).splitlines():
        if line.startswith(_ADVICE):
            break
        if line.strip():
            lines.append(line.strip())
    return " ".join(lines)[:_MAX_CHARACTERS]


def _postgresql_words(error: psycopg.Error) -> str:
    parts = (error.diag.message_primary or str(error), error.diag.message_detail, error.diag.context)
    return "; ".join(part.strip() for part in parts if part)[:_MAX_CHARACTERS]
