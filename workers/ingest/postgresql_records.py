"""What loads leave in PostgreSQL beside their rows: each load's key, so that it happens once, and each stream's state."""

from __future__ import annotations

import json
from typing import Any

import psycopg
from psycopg.sql import SQL, Composed, Identifier

from workers.ingest.spec import LoadSpec, Target
from workers.ingest.writing import Seal, Seen

JSON = Any

_KEEP_LOADS = "90 days"
_TABLES = {
    "_jobs_loads": "load_key text PRIMARY KEY, table_name text NOT NULL, outcome text, loaded_at timestamptz NOT NULL",
    "_jobs_state": (
        "table_name text, job text, stream text, generation bigint NOT NULL, cursor text, load_key text NOT NULL, outcome text, "
        "loaded_at timestamptz NOT NULL, PRIMARY KEY (table_name, job, stream)"
    ),
}


def prepare(connection: psycopg.Connection, target: Target) -> None:
    """Make the tables that are not there, within the caller's transaction.

    Looked for first: CREATE ... IF NOT EXISTS asks for the privilege to create even where nothing is to be created.
    """
    for table, columns in _TABLES.items():
        if not exists(connection, Identifier(target.schema, table)):
            statement = SQL("CREATE TABLE {} ({})").format(Identifier(target.schema, table), SQL(columns))
            connection.execute(statement)


def read(connection: psycopg.Connection, spec: LoadSpec) -> Seen:
    """The load's outcome and the stream's state; nothing of the table. Nothing at all where the tables are not there."""
    if not exists(connection, Identifier(spec.target.schema, "_jobs_state")):
        return Seen()
    load = connection.execute(_select(spec, "outcome", "_jobs_loads", "load_key = %s"), [spec.load_key]).fetchone()
    state = connection.execute(
        _select(
            spec, "load_key, cursor", "_jobs_state", "table_name = %s AND job = %s AND stream = %s AND generation = %s"
        ),
        [spec.target.table, spec.job, spec.stream, spec.generation],
    ).fetchone()
    key, reached = state or ("", None)
    return Seen(outcome=json.loads(load[0]) if load else None, state_key=key, reached=_parsed(reached))


def write(connection: psycopg.Connection, spec: LoadSpec, seal: Seal) -> None:
    """Leave the load's key and the stream's state, in the transaction of its rows."""
    loads, states = (Identifier(spec.target.schema, table) for table in _TABLES)
    outcome = json.dumps(seal.outcome)
    connection.execute(
        SQL("INSERT INTO {} (load_key, table_name, outcome, loaded_at) VALUES (%s, %s, %s, now())").format(loads),
        [spec.load_key, spec.target.table, outcome],
    )
    connection.execute(SQL("DELETE FROM {} WHERE loaded_at < now() - {}::interval").format(loads, _KEEP_LOADS))
    cursor = None if seal.reached is None else json.dumps(seal.reached)
    connection.execute(
        SQL(
            "INSERT INTO {} (table_name, job, stream, generation, cursor, load_key, outcome, loaded_at) "
            "VALUES (%s, %s, %s, %s, %s, %s, %s, now()) ON CONFLICT (table_name, job, stream) DO UPDATE SET "
            "generation = excluded.generation, cursor = excluded.cursor, load_key = excluded.load_key, "
            "outcome = excluded.outcome, loaded_at = excluded.loaded_at"
        ).format(states),
        [spec.target.table, spec.job, spec.stream, spec.generation, cursor, spec.load_key, outcome],
    )


def exists(connection: psycopg.Connection, named: Identifier) -> bool:
    """Whether there is a table, view or the like of that name."""
    row = connection.execute("SELECT to_regclass(%s) IS NOT NULL", [named.as_string(connection)]).fetchone()
    return bool(row and row[0])


def _select(spec: LoadSpec, columns: str, table: str, where: str) -> Composed:
    return SQL("SELECT {} FROM {} WHERE {}").format(SQL(columns), Identifier(spec.target.schema, table), SQL(where))


def _parsed(text: str | None) -> JSON:
    return None if text is None else json.loads(text)
