"""Into PostgreSQL: Arrow batches, written as CSV into COPY, in one transaction."""

from __future__ import annotations

import io
from typing import Any

import duckdb
import psycopg
import pyarrow
import pyarrow.csv
from psycopg.sql import SQL, Composed, Identifier

from jobs.errors import TransientError
from workers.child_main import Channel
from workers.ingest.loaded import Loaded
from workers.ingest.source import Query
from workers.ingest.spec import LoadSpec, Target

BATCH_ROWS = 20_000
SWAP_TRIES = 60
"""How often, a second each, to ask for the lock that replaces a table while somebody still reads it."""
_KEEP_LOADS = "90 days"
_CONNECTION: dict[str, Any] = {
    "connect_timeout": 10,
    "keepalives_idle": 30,
    "keepalives_interval": 10,
    "keepalives_count": 3,
    "tcp_user_timeout": 60_000,
    "application_name": "jobs-datasource",
}


def load(*, reader: duckdb.DuckDBPyConnection, query: Query, spec: LoadSpec, channel: Channel) -> Loaded:
    """Load the query's rows: all of them or, whenever and however it ends, none.

    Raises:
        psycopg.Error: See `workers.ingest.failures`.
        TransientError: The server took over fewer rows than were sent.
    """
    with psycopg.connect(spec.target.conninfo, **_CONNECTION) as connection:
        _prepare(connection, spec)
        with connection.transaction():
            # One load into a table at a time: the second waits, rather than dropping the first one's work.
            connection.execute(
                "SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", [f"{spec.target.schema}.{spec.target.table}"]
            )
            into = _append if spec.write == "append" else _replace
            return into(connection, reader, query, spec, channel)


def _prepare(connection: psycopg.Connection, spec: LoadSpec) -> None:
    """Make the schema, and for appends the table of loads, in a short transaction of its own.

    Looked for first: CREATE ... IF NOT EXISTS asks for the privilege to create even where nothing is to be created. The
    lock is there because two of them at once can still fail on the catalogue's unique index.
    """
    with connection.transaction():
        connection.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 1))", [spec.target.schema])
        if not _exists(connection, "SELECT to_regnamespace(%s) IS NOT NULL", Identifier(spec.target.schema)):
            connection.execute(SQL("CREATE SCHEMA {}").format(Identifier(spec.target.schema)))
        if spec.write == "append" and not _exists(
            connection, "SELECT to_regclass(%s) IS NOT NULL", _loads(spec.target)
        ):
            columns = SQL(
                "load_key text PRIMARY KEY, table_name text NOT NULL, rows bigint NOT NULL, loaded_at timestamptz NOT NULL"
            )
            connection.execute(SQL("CREATE TABLE {} ({})").format(_loads(spec.target), columns))


def _exists(connection: psycopg.Connection, question: str, named: Identifier) -> bool:
    row = connection.execute(question, [named.as_string(connection)]).fetchone()
    return bool(row and row[0])


def _replace(
    connection: psycopg.Connection, reader: duckdb.DuckDBPyConnection, query: Query, spec: LoadSpec, channel: Channel
) -> Loaded:
    """Fill a new table, then give it the old one's name. Readers see the old rows until the commit and the new ones after."""
    new = Identifier(spec.target.schema, f"_jobs_new_{connection.info.backend_pid}")
    connection.execute(SQL("CREATE TABLE {} ({})").format(new, _definitions(query)))
    rows = _copy(connection, new, reader, query, channel)
    _drop(connection, _table(spec.target))
    connection.execute(SQL("ALTER TABLE {} RENAME TO {}").format(new, Identifier(spec.target.table)))
    return Loaded(rows_read=rows, rows_written=rows, columns={c.name: c.postgresql_type for c in query.columns})


def _drop(connection: psycopg.Connection, table: Identifier) -> None:
    """Ask for the table a second at a time: whoever wants to read it waits behind us, so behind a long reader we let them by."""
    for attempt in range(1, SWAP_TRIES + 1):
        try:
            with connection.transaction():
                connection.execute("SET LOCAL lock_timeout = '1s'")
                connection.execute(SQL("DROP TABLE IF EXISTS {}").format(table))
                return
        except psycopg.errors.LockNotAvailable:
            if attempt == SWAP_TRIES:
                raise


def _append(
    connection: psycopg.Connection, reader: duckdb.DuckDBPyConnection, query: Query, spec: LoadSpec, channel: Channel
) -> Loaded:
    """Add the rows and, in the same transaction, the load's key: an attempt after a commit that nobody heard of adds nothing."""
    columns = {c.name: c.postgresql_type for c in query.columns}
    loads, table = _loads(spec.target), _table(spec.target)
    mine = SQL("INSERT INTO {} VALUES (%s, %s, 0, now()) ON CONFLICT DO NOTHING").format(loads)
    if connection.execute(mine, [spec.load_key, spec.target.table]).rowcount == 0:
        known = connection.execute(
            SQL("SELECT rows FROM {} WHERE load_key = %s").format(loads), [spec.load_key]
        ).fetchone()
        rows = known[0] if known else 0
        return Loaded(rows_read=rows, rows_written=rows, columns=columns, loaded_before=True)
    if not _exists(connection, "SELECT to_regclass(%s) IS NOT NULL", table):
        connection.execute(SQL("CREATE TABLE {} ({})").format(table, _definitions(query)))
    rows = _copy(connection, table, reader, query, channel)
    connection.execute(SQL("UPDATE {} SET rows = %s WHERE load_key = %s").format(loads), [rows, spec.load_key])
    connection.execute(SQL("DELETE FROM {} WHERE loaded_at < now() - {}::interval").format(loads, _KEEP_LOADS))
    return Loaded(rows_read=rows, rows_written=rows, columns=columns)


def _copy(
    connection: psycopg.Connection, table: Identifier, reader: duckdb.DuckDBPyConnection, query: Query, channel: Channel
) -> int:
    names = SQL(", ").join(Identifier(column.name) for column in query.columns)
    statement = SQL("COPY {} ({}) FROM STDIN (FORMAT csv)").format(table, names)
    values = ", ".join(column.copy_expression for column in query.columns)
    sent = 0
    with connection.cursor() as cursor:
        with cursor.copy(statement) as copy:
            for batch in reader.sql(f"SELECT {values} FROM ({query.sql})").to_arrow_reader(BATCH_ROWS):  # noqa: S608 - quoted
                copy.write(_as_csv(batch))
                sent += batch.num_rows
                channel.progress(current=sent, unit="rows")
        if cursor.rowcount != sent:
            raise TransientError(f"sent {sent} rows, and PostgreSQL took over {cursor.rowcount}", code="destination")
    return sent


def _as_csv(batch: pyarrow.RecordBatch) -> memoryview:
    """COPY's own reading of CSV: a NULL is nothing at all, an empty text is quoted. Arrow quotes every text."""
    sink = io.BytesIO()
    pyarrow.csv.write_csv(batch, sink, pyarrow.csv.WriteOptions(include_header=False))
    return sink.getbuffer()


def _definitions(query: Query) -> Composed:
    return SQL(", ").join(SQL("{} {}").format(Identifier(c.name), SQL(c.postgresql_type)) for c in query.columns)


def _table(target: Target) -> Identifier:
    return Identifier(target.schema, target.table)


def _loads(target: Target) -> Identifier:
    return Identifier(target.schema, "_jobs_loads")
