"""Into PostgreSQL: Arrow batches, written as CSV into COPY, in one transaction."""

from __future__ import annotations

import io
import re
from typing import Any

import duckdb
import psycopg
import pyarrow
import pyarrow.csv
from psycopg.sql import SQL, Composed, Identifier

from jobs.errors import TransientError
from workers.ingest import egress
from workers.ingest import postgresql_records as records
from workers.ingest.columns import Column
from workers.ingest.spec import LoadSpec, Target
from workers.ingest.writing import Rows, Seen, Written, check_not_overtaken, is_recorded

BATCH_ROWS = 20_000
SWAP_TRIES = 60
"""How often, a second each, to ask for the lock that replaces a table while somebody still reads it."""
_STAGE = Identifier("_jobs_stage")
_CONNECTION: dict[str, Any] = {
    "connect_timeout": 10,
    "keepalives_idle": 30,
    "keepalives_interval": 10,
    "keepalives_count": 3,
    "tcp_user_timeout": 60_000,
    "application_name": "jobs-datasource",
}
_SHORT_NAMES = {
    "timestamp without time zone": "timestamp",
    "timestamp with time zone": "timestamptz",
    "time without time zone": "time",
}
_HAVE_NO_EQUALITY = frozenset({"json", "xml", "point", "polygon"})


def look(spec: LoadSpec) -> Seen:
    """The table's columns, and what earlier loads have left."""
    with _connected(spec.target) as connection:
        seen = records.read(connection, spec) if is_recorded(spec) else Seen()
        columns = _columns(connection, spec.target)
        return Seen(columns=columns, outcome=seen.outcome, state_key=seen.state_key, reached=seen.reached)


def type_of(column: Column) -> str:
    """The type that a new column gets."""
    return _short(column.postgresql_type)


def load(spec: LoadSpec, seen: Seen, rows: Rows) -> Written:
    """Load the rows; see `workers.ingest.writing.Destination`.

    Raises:
        psycopg.Error: See `workers.ingest.failures`.
        TransientError: The server took over fewer rows than were sent.
    """
    with _connected(spec.target) as connection:
        _prepare(connection, spec)
        with connection.transaction():
            # One load into a table at a time: the second waits, rather than dropping the first one's work.
            connection.execute(
                "SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", [f"{spec.target.schema}.{spec.target.table}"]
            )
            if is_recorded(spec):
                check_not_overtaken(seen, records.read(connection, spec))
            written = _WAYS[spec.write](connection, spec, rows)
            if is_recorded(spec):
                records.write(connection, spec, rows.seal(written))
            return written


def _connected(target: Target) -> psycopg.Connection:
    return psycopg.connect(egress.pinned(target.conninfo, allow=target.allow), **_CONNECTION)


def _prepare(connection: psycopg.Connection, spec: LoadSpec) -> None:
    """Make the schema and the tables of records, in a short transaction of its own.

    The lock is there because two CREATE ... at once can fail on the catalogue's unique index even with IF NOT EXISTS.
    """
    with connection.transaction():
        connection.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 1))", [spec.target.schema])
        named = Identifier(spec.target.schema).as_string(connection)
        there = connection.execute("SELECT to_regnamespace(%s) IS NOT NULL", [named]).fetchone()
        if not (there and there[0]):
            connection.execute(SQL("CREATE SCHEMA {}").format(Identifier(spec.target.schema)))
        if is_recorded(spec):
            records.prepare(connection, spec.target)


def _replace(connection: psycopg.Connection, spec: LoadSpec, rows: Rows) -> Written:
    """Fill a new table, then give it the old one's name. Readers see the old rows until the commit and the new ones after."""
    if not rows.query.columns:
        return Written(deleted=connection.execute(SQL("DELETE FROM {}").format(_table(spec.target))).rowcount)
    new = Identifier(spec.target.schema, f"_jobs_new_{connection.info.backend_pid}")
    connection.execute(SQL("CREATE TABLE {} ({})").format(new, _definitions(rows.query.columns)))
    count, size = _copy(connection, new, rows)
    deleted = _drop(connection, _table(spec.target))
    connection.execute(SQL("ALTER TABLE {} RENAME TO {}").format(new, Identifier(spec.target.table)))
    return Written(new=count, deleted=deleted, bytes=size, columns=_types(rows))


def _drop(connection: psycopg.Connection, table: Identifier) -> int:
    """Drop the table, if it is there; returns how many rows it had.

    Asks for it a second at a time: whoever wants to read it waits behind us, so behind a long reader we let them by.
    """
    if not records.exists(connection, table):
        return 0
    row = connection.execute(SQL("SELECT count(*) FROM {}").format(table)).fetchone()
    for attempt in range(1, SWAP_TRIES + 1):
        try:
            with connection.transaction():
                connection.execute("SET LOCAL lock_timeout = '1s'")
                connection.execute(SQL("DROP TABLE IF EXISTS {}").format(table))
                break
        except psycopg.errors.LockNotAvailable:
            if attempt == SWAP_TRIES:
                raise
    return row[0] if row else 0


def _append(connection: psycopg.Connection, spec: LoadSpec, rows: Rows) -> Written:
    """Add the rows to the table, which is made when it is not there."""
    table = _table(spec.target)
    _make(connection, spec, rows)
    count, size = _copy(connection, table, rows)
    return Written(new=count, bytes=size, columns=_types(rows))


def _merge(connection: psycopg.Connection, spec: LoadSpec, rows: Rows) -> Written:
    """Copy the rows into a temporary table of the table's own types; then change what differs and add what is new."""
    table = _table(spec.target)
    _make(connection, spec, rows)
    names = rows.query.names
    statement = SQL("CREATE TEMPORARY TABLE {} ON COMMIT DROP AS SELECT {} FROM {} WITH NO DATA")
    connection.execute(statement.format(_STAGE, _listed(names), table))
    count, size = _copy(connection, _STAGE, rows)
    connection.execute(SQL("ANALYZE {}").format(_STAGE))
    updated = _update(connection, spec, names)
    missing = SQL(
        "INSERT INTO {table} ({names}) SELECT {names} FROM {stage} s WHERE NOT EXISTS (SELECT FROM {table} t WHERE {same})"
    )
    new = connection.execute(
        missing.format(table=table, names=_listed(names), stage=_STAGE, same=_same(spec.key))
    ).rowcount
    return Written(new=new, updated=updated, unchanged=count - new - updated, bytes=size, columns=_types(rows))


def _update(connection: psycopg.Connection, spec: LoadSpec, names: list[str]) -> int:
    """Change the rows that differ, and no others: a row that is written anew costs its indexes and the log."""
    types = _columns(connection, spec.target) or {}
    values = [name for name in names if name not in spec.key]
    if not values:
        return 0
    cast = {name: SQL("::text" if types.get(name) in _HAVE_NO_EQUALITY else "") for name in values}
    sides = [
        SQL(", ").join(SQL("{}.{}{}").format(SQL(side), Identifier(name), cast[name]) for name in values)
        for side in ("t", "s")
    ]
    statement = SQL("UPDATE {} t SET {} FROM {} s WHERE {} AND ROW({}) IS DISTINCT FROM ROW({})").format(
        _table(spec.target),
        SQL(", ").join(SQL("{0} = s.{0}").format(Identifier(name)) for name in values),
        _STAGE,
        _same(spec.key),
        *sides,
    )
    return connection.execute(statement).rowcount


_WAYS = {"replace": _replace, "append": _append, "merge": _merge}


def _make(connection: psycopg.Connection, spec: LoadSpec, rows: Rows) -> None:
    """Make the table when it is not there, or the columns that it lacks."""
    table = _table(spec.target)
    if not records.exists(connection, table):
        definitions = _definitions(rows.query.columns)
        if spec.key:
            definitions += SQL(", PRIMARY KEY ({})").format(_listed(spec.key))
        connection.execute(SQL("CREATE TABLE {} ({})").format(table, definitions))
    for column in rows.add:
        statement = SQL("ALTER TABLE {} ADD COLUMN IF NOT EXISTS {}")
        connection.execute(statement.format(table, _definitions([column])))


def _copy(connection: psycopg.Connection, table: Identifier, rows: Rows) -> tuple[int, int]:
    """Rows and bytes that went over."""
    statement = SQL("COPY {} ({}) FROM STDIN (FORMAT csv)").format(table, _listed(rows.query.names))
    sent = size = 0
    with connection.cursor() as cursor:
        with cursor.copy(statement) as copy:
            for batch in _batches(rows.reader, rows.query.columns, rows.query.sql):
                data = _as_csv(batch)
                copy.write(data)
                sent, size = sent + batch.num_rows, size + len(data)
                rows.channel.progress(current=sent, total=rows.most, unit="rows")
        if cursor.rowcount != sent:
            raise TransientError(f"sent {sent} rows, and PostgreSQL took over {cursor.rowcount}", code="destination")
    return sent, size


def _batches(reader: duckdb.DuckDBPyConnection, columns: list[Column], query: str) -> pyarrow.RecordBatchReader:
    values = ", ".join(column.copy_expression for column in columns)
    return reader.sql(f"SELECT {values} FROM ({query})").to_arrow_reader(BATCH_ROWS)  # noqa: S608 - quoted


def _as_csv(batch: pyarrow.RecordBatch) -> memoryview:
    """COPY's own reading of CSV: a NULL is nothing at all, an empty text is quoted. Arrow quotes every text."""
    sink = io.BytesIO()
    pyarrow.csv.write_csv(batch, sink, pyarrow.csv.WriteOptions(include_header=False))
    return sink.getbuffer()


def _columns(connection: psycopg.Connection, target: Target) -> dict[str, str] | None:
    named = _table(target).as_string(connection)
    found = connection.execute(
        "SELECT attname, format_type(atttypid, atttypmod) FROM pg_attribute "
        "WHERE attrelid = to_regclass(%s) AND attnum > 0 AND NOT attisdropped ORDER BY attnum",
        [named],
    ).fetchall()
    return {name: _short(word) for name, word in found} or None


def _short(word: str) -> str:
    """One word for each type, as PostgreSQL has several: ``numeric(20, 0)`` is ``numeric(20)``."""
    plain = word.replace(", ", ",") if word.startswith("numeric") else word
    return _SHORT_NAMES.get(plain, re.sub(r"^numeric\((\d+),0\)$", r"numeric(\1)", plain))


def _types(rows: Rows) -> dict[str, str]:
    return {column.name: column.postgresql_type for column in rows.query.columns}


def _definitions(columns: list[Column]) -> Composed:
    return SQL(", ").join(SQL("{} {}").format(Identifier(c.name), SQL(c.postgresql_type)) for c in columns)


def _listed(names: list[str]) -> Composed:
    return SQL(", ").join(Identifier(name) for name in names)


def _same(key: list[str]) -> Composed:
    return SQL(" AND ").join(SQL("t.{0} = s.{0}").format(Identifier(name)) for name in key)


def _table(target: Target) -> Identifier:
    return Identifier(target.schema, target.table)
