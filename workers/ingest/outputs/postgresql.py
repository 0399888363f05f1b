"""A table in PostgreSQL."""

from __future__ import annotations

from typing import Any

import psycopg
from psycopg.sql import SQL, Identifier

from jobs.errors import PermanentError
from workers.ingest import egress
from workers.ingest.spec import Target

LOCK_SECONDS = 10
"""How long to wait for those who read the table."""


def check(target: Target) -> dict[str, Any]:
    """Whether the server lets us in, and to the table or to where it would be made."""
    with _connected(target) as connection:
        columns = _columns(connection, target)
        if not (_may_write(connection, target) if columns else _may_create(connection, target)):
            user = connection.info.user
            what = "write to the table" if columns else "make the table"
            raise PermanentError(f"PostgreSQL: the user {user} may not {what} {target.described}", code="destination")
        server = connection.info.parameter_status("server_version")
        return {
            "output": target.described,
            "exists": bool(columns),
            "columns": columns,
            "server": f"PostgreSQL {server}",
        }


def delete(target: Target) -> dict[str, Any]:
    """Empty the table, behind the lock that loads take, so that a load is there before or after, and never in between."""
    with _connected(target) as connection, connection.transaction():
        connection.execute(SQL("SET LOCAL lock_timeout = '{}s'").format(LOCK_SECONDS))
        connection.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", [target.described])
        rows = _emptied(connection, target)
        _forget(connection, target)
    return {"output": target.described, "rows": rows}


def _emptied(connection: psycopg.Connection, target: Target) -> int:
    table = Identifier(target.schema, target.table)
    if not _exists(connection, table):
        return 0
    # Locked first: what is counted is what is deleted.
    connection.execute(SQL("LOCK TABLE {} IN ACCESS EXCLUSIVE MODE").format(table))
    rows = connection.execute(SQL("SELECT count(*) FROM {}").format(table)).fetchone()
    connection.execute(SQL("TRUNCATE {}").format(table))
    return int(rows[0]) if rows else 0


def _forget(connection: psycopg.Connection, target: Target) -> None:
    """The states of all who load into the table begin again; that is kept, for it must win over what we know ourselves."""
    states, loads = Identifier(target.schema, "_jobs_state"), Identifier(target.schema, "_jobs_loads")
    if _exists(connection, states):
        again = SQL("UPDATE {} SET cursor = NULL, outcome = NULL, load_key = 'deleted' WHERE table_name = %s")
        connection.execute(again.format(states), [target.table])
    if _exists(connection, loads):
        connection.execute(SQL("DELETE FROM {} WHERE table_name = %s").format(loads), [target.table])


def _columns(connection: psycopg.Connection, target: Target) -> dict[str, str]:
    rows = connection.execute(
        """
        SELECT attname, format_type(atttypid, atttypmod) FROM pg_attribute
        WHERE attrelid = to_regclass(%s) AND attnum > 0 AND NOT attisdropped ORDER BY attnum
        """,
        [Identifier(target.schema, target.table).as_string(connection)],
    )
    return dict(rows.fetchall())


def _may_write(connection: psycopg.Connection, target: Target) -> bool:
    table = Identifier(target.schema, target.table).as_string(connection)
    return _said(connection, "SELECT has_table_privilege(%s, 'INSERT')", table)


def _may_create(connection: psycopg.Connection, target: Target) -> bool:
    schema = Identifier(target.schema).as_string(connection)
    if _said(connection, "SELECT to_regnamespace(%s) IS NOT NULL", schema):
        return _said(connection, "SELECT has_schema_privilege(to_regnamespace(%s)::oid, 'CREATE')", schema)
    return _said(connection, "SELECT has_database_privilege(current_database(), 'CREATE')")


def _exists(connection: psycopg.Connection, table: Identifier) -> bool:
    return _said(connection, "SELECT to_regclass(%s) IS NOT NULL", table.as_string(connection))


def _said(connection: psycopg.Connection, question: Any, *about: str) -> bool:
    row = connection.execute(question, about).fetchone()
    return bool(row and row[0])


def _connected(target: Target) -> psycopg.Connection:
    conninfo = egress.pinned(target.conninfo, allow=target.allow)
    return psycopg.connect(conninfo, connect_timeout=10, application_name="jobs-datasource")
