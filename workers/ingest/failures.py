"""What the libraries' errors mean for the attempt."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

import duckdb
import psycopg

from jobs.errors import PermanentError, TransientError

_MAX_CHARACTERS = 1000
# Where DuckDB turns from what is wrong to advice in terms of its own options, which are not ours.
_ADVICE = ("Possible fixes", "Possible solution", "Possible Solution", "Try setting", "LINE 1:", "The search space used was")


@contextlib.contextmanager
def explained() -> Iterator[None]:
    """Turn errors of DuckDB and psycopg into ours: what passes by itself is transient, what the data or the job does is not."""
    try:
        yield
    except (duckdb.IOException, duckdb.InternalException, duckdb.FatalException) as error:
        raise TransientError(_duckdb_words(error), code="files") from error
    except duckdb.OutOfMemoryException as error:
        raise PermanentError(f"{_duckdb_words(error)}; raise memory_limit_mb, or load it as JSON Lines or Parquet", code="memory") from error
    except duckdb.Error as error:
        raise PermanentError(_duckdb_words(error), code="data") from error
    # ReadOnly: the server was a standby for the moment of a failover.
    except (psycopg.OperationalError, psycopg.InterfaceError, psycopg.errors.ReadOnlySqlTransaction) as error:
        raise TransientError(f"PostgreSQL: {_postgresql_words(error)}", code="destination") from error
    except psycopg.Error as error:
        raise PermanentError(f"PostgreSQL: {_postgresql_words(error)}", code="destination") from error


def _duckdb_words(error: duckdb.Error) -> str:
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
