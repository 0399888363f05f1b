"""A table in a database that SQLAlchemy reaches."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import sqlalchemy as sa

from workers.ingest import database_engine
from workers.ingest.spec import Target


def check(target: Target) -> dict[str, Any]:
    """Connect, and look for the table."""
    with _begun(target) as connection:
        columns = _columns(connection, target)
        kind = connection.dialect.name
    return {"output": target.described, "exists": bool(columns), "columns": columns, "server": kind}


def delete(target: Target) -> dict[str, Any]:
    """Empty the table, in one transaction; behind the rows that loads lock, so that one is there before or after."""
    with _begun(target) as connection:
        _forget(connection, target)
        rows = (
            connection.execute(sa.delete(_table(target, target.table))).rowcount if _columns(connection, target) else 0
        )
    return {"output": target.described, "rows": rows}


def _forget(connection: sa.Connection, target: Target) -> None:
    """As in PostgreSQL."""
    states, loads = _table(target, "_jobs_state"), _table(target, "_jobs_loads")
    inspector = sa.inspect(connection)
    if inspector.has_table(states.name, schema=states.schema):
        again = sa.update(states).where(states.c.table_name == target.table)
        connection.execute(again.values(cursor=None, outcome=None, load_key="deleted"))
    if inspector.has_table(loads.name, schema=loads.schema):
        connection.execute(sa.delete(loads).where(loads.c.table_name == target.table))


def _columns(connection: sa.Connection, target: Target) -> dict[str, str]:
    try:
        columns = sa.inspect(connection).get_columns(target.table, schema=target.schema or None)
    except sa.exc.NoSuchTableError:
        return {}
    return {column["name"]: str(column["type"]) for column in columns}


def _table(target: Target, name: str) -> sa.TableClause:
    known: list[sa.ColumnClause[Any]] = [sa.column(each) for each in ("table_name", "cursor", "outcome", "load_key")]
    return sa.table(name, *known, schema=target.schema or None)


@contextmanager
def _begun(target: Target) -> Iterator[sa.Connection]:
    engine = database_engine.engine(target.url, allow=target.allow)
    with engine.begin() as connection:
        yield connection
