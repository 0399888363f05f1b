"""Into any database that SQLAlchemy reaches: a batch of rows at a time, in one transaction."""

from __future__ import annotations

import contextlib
import datetime as dt
import functools
import itertools
import json
from collections.abc import Callable, Iterator
from typing import Any

import sqlalchemy
from sqlalchemy import BigInteger, DateTime, MetaData, Numeric, String, Table, Text
from sqlalchemy import Column as SqlColumn
from sqlalchemy.dialects import mysql

from workers.ingest import database_engine, egress, sql
from workers.ingest.columns import Column
from workers.ingest.spec import LoadSpec, Target
from workers.ingest.writing import Rows, Seal, Seen, Written, check_not_overtaken, is_recorded

JSON = Any
_BATCH_ROWS = 5_000
_CHUNK_ROWS = 100
"""Keys that are looked for at once: databases limit how long a condition may be."""
_TYPES: dict[str, Callable[[], sqlalchemy.types.TypeEngine[Any]]] = {
    "BOOLEAN": sqlalchemy.Boolean,
    "FLOAT": sqlalchemy.Double,
    "DOUBLE": sqlalchemy.Double,
    "BLOB": sqlalchemy.LargeBinary,
    "DATE": sqlalchemy.Date,
    "TIME": sqlalchemy.Time,
    "TIMESTAMP": DateTime,
    "TIMESTAMP_S": DateTime,
    "TIMESTAMP_MS": DateTime,
    "TIMESTAMP_NS": DateTime,
    "TIMESTAMP WITH TIME ZONE": functools.partial(DateTime, timezone=True),
}
_LONG_TEXT = Text().with_variant(mysql.LONGTEXT(), "mysql", "mariadb")
"""MySQL's own TEXT ends at 64 KiB, and an outcome may hold rejected rows."""
_KEEP_LOADS = dt.timedelta(days=90)
_WHOLE = frozenset({"TINYINT", "UTINYINT", "SMALLINT", "USMALLINT", "INTEGER", "UINTEGER", "BIGINT"})


def look(spec: LoadSpec) -> Seen:
    """The table's columns, and what earlier loads have left."""
    engine = database_engine.engine(spec.target.url, allow=spec.target.allow)
    with egress.only(spec.target.allow), engine.connect() as connection:
        seen = _read(connection, spec) if is_recorded(spec) else Seen()
        columns = _columns(connection, spec.target)
    return Seen(columns=columns, outcome=seen.outcome, state_key=seen.state_key, reached=seen.reached)


def type_of(column: Column) -> str:
    """The type that a new column gets, in SQL's own words."""
    return str(_type(column))


def load(spec: LoadSpec, seen: Seen, rows: Rows) -> Written:
    """Load the rows; see `workers.ingest.writing.Destination`.

    ``replace`` empties the table and fills it again in the transaction: whoever reads meanwhile sees the old rows. Tables and
    columns are made before it, because not every database takes such statements back.

    Raises:
        sqlalchemy.exc.SQLAlchemyError: See `workers.ingest.failures`.
    """
    with egress.only(spec.target.allow):
        return _load(spec, seen, rows)


def _load(spec: LoadSpec, seen: Seen, rows: Rows) -> Written:
    engine = database_engine.engine(spec.target.url, allow=spec.target.allow)
    with engine.begin() as connection:
        table = _make(connection, spec, rows)
    if is_recorded(spec):
        _reserve(engine, spec)
    with engine.begin() as connection:
        if is_recorded(spec):
            _lock(connection, spec)
            check_not_overtaken(seen, _read(connection, spec))
        written = _WAYS[spec.write](connection, table, spec, rows)
        if is_recorded(spec):
            _write(connection, spec, rows.seal(written))
    return written


def _replace(connection: sqlalchemy.Connection, table: Table, spec: LoadSpec, rows: Rows) -> Written:
    deleted = connection.execute(table.delete()).rowcount
    if not rows.query.columns:
        return Written(deleted=deleted)
    return Written(new=_insert(connection, table, rows), deleted=deleted, columns=_types(rows))


def _append(connection: sqlalchemy.Connection, table: Table, spec: LoadSpec, rows: Rows) -> Written:
    return Written(new=_insert(connection, table, rows), columns=_types(rows))


def _merge(connection: sqlalchemy.Connection, table: Table, spec: LoadSpec, rows: Rows) -> Written:
    """Change the rows whose keys are there, add the others: in statements that every database has."""
    updated = count = 0
    for batch in _batches(rows):
        for chunk in _chunks(batch):
            updated += _merge_chunk(connection, table, spec.key, chunk)
        count += len(batch)
        rows.channel.progress(current=count, total=rows.most, unit="rows")
    return Written(new=count - updated, updated=updated, columns=_types(rows))


def _merge_chunk(connection: sqlalchemy.Connection, table: Table, key: list[str], rows: list[dict[str, Any]]) -> int:
    """Returns how many were there."""
    known, new = _told_apart(connection, table, key, rows)
    values = [column.name for column in table.c if column.name not in key]
    if known and values:
        mine = sqlalchemy.and_(*(table.c[name] == sqlalchemy.bindparam(f"key_{n}") for n, name in enumerate(key)))
        change = table.update().where(mine).values({name: sqlalchemy.bindparam(f"to_{name}") for name in values})
        keys = [{f"key_{n}": row[name] for n, name in enumerate(key)} for row in known]
        changed = [{f"to_{name}": row[name] for name in values} for row in known]
        connection.execute(change, [a | b for a, b in zip(keys, changed, strict=True)])
    if new:
        connection.execute(table.insert(), new)
    return len(known)


def _told_apart(
    connection: sqlalchemy.Connection, table: Table, key: list[str], rows: list[dict[str, Any]]
) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """The rows whose keys are there, and the others.

    What is the same is for the database to say: to its collation ``a`` may be ``A``. It is asked row by row only when it found
    keys that are none of ours to the letter.
    """

    def same(row: dict[str, Any]) -> sqlalchemy.ColumnElement[bool]:
        return sqlalchemy.and_(*(table.c[name] == row[name] for name in key))

    def is_there(row: dict[str, Any]) -> bool:
        return connection.execute(sqlalchemy.select(*columns).where(same(row)).limit(1)).first() is not None

    columns = [table.c[name] for name in key]
    found = connection.execute(sqlalchemy.select(*columns).where(sqlalchemy.or_(*map(same, rows))))
    there = {tuple(each) for each in found}
    letters = [tuple(row[name] for name in key) in there for row in rows]
    if sum(letters) < len(there):
        letters = [known or is_there(row) for row, known in zip(rows, letters, strict=True)]
    return list(itertools.compress(rows, letters)), [row for row, known in zip(rows, letters, strict=True) if not known]


def _chunks(rows: list[dict[str, Any]]) -> Iterator[list[dict[str, Any]]]:
    for start in range(0, len(rows), _CHUNK_ROWS):
        yield rows[start : start + _CHUNK_ROWS]


_WAYS = {"replace": _replace, "append": _append, "merge": _merge}


def _insert(connection: sqlalchemy.Connection, table: Table, rows: Rows) -> int:
    count = 0
    for batch in _batches(rows):
        connection.execute(table.insert(), batch)
        count += len(batch)
        rows.channel.progress(current=count, total=rows.most, unit="rows")
    return count


def _batches(rows: Rows) -> Iterator[list[dict[str, Any]]]:
    values = ", ".join(_value(column) for column in rows.query.columns)
    reader = rows.reader.sql(f"SELECT {values} FROM ({rows.query.sql})").to_arrow_reader(_BATCH_ROWS)  # noqa: S608
    for batch in reader:
        yield batch.to_pylist()


def _value(column: Column) -> str:
    """DuckDB SQL for a value that every driver takes."""
    if column.type in _TYPES or column.type in _WHOLE or column.type.startswith("DECIMAL("):
        return sql.name(column.name)
    return f"CAST({sql.name(column.name)} AS VARCHAR) AS {sql.name(column.name)}"


def _make(connection: sqlalchemy.Connection, spec: LoadSpec, rows: Rows) -> Table:
    """Make what is missing: the tables of records, the table, its columns."""
    if is_recorded(spec):
        _records(spec.target).create_all(connection)
    columns = [SqlColumn(c.name, _keyed(c, spec), primary_key=c.name in spec.key) for c in rows.query.columns]
    table = Table(spec.target.table, MetaData(), *columns, schema=spec.target.schema or None)
    existing = _columns(connection, spec.target)
    if existing is None:
        table.create(connection)
    # A replace finds the old table's columns: it has no new table to put in its place.
    for column in rows.query.columns if existing is not None else ():
        if column.name not in (existing or {}):
            _add(connection, table, column)
    return table


def _add(connection: sqlalchemy.Connection, table: Table, column: Column) -> None:
    quote = connection.dialect.identifier_preparer
    kind = _type(column).compile(dialect=connection.dialect)
    statement = f"ALTER TABLE {quote.format_table(table)} ADD {quote.quote(column.name)} {kind}"
    connection.execute(sqlalchemy.text(statement.replace(":", "\\:")))


def _keyed(column: Column, spec: LoadSpec) -> sqlalchemy.types.TypeEngine[Any]:
    """A key of text needs a length in some databases."""
    kind = _type(column)
    return String(255) if column.name in spec.key and isinstance(kind, Text) else kind


def _type(column: Column) -> sqlalchemy.types.TypeEngine[Any]:
    if column.type in _TYPES:
        return _TYPES[column.type]()
    if column.type in _WHOLE:
        return BigInteger()
    if column.type.startswith("DECIMAL("):
        precision, scale = column.type.removeprefix("DECIMAL(").rstrip(")").split(",")
        return Numeric(int(precision), int(scale))
    return Text()


def _columns(connection: sqlalchemy.Connection, target: Target) -> dict[str, str] | None:
    inspector = sqlalchemy.inspect(connection)
    if not inspector.has_table(target.table, schema=target.schema or None):
        return None
    return {c["name"]: str(c["type"]) for c in inspector.get_columns(target.table, schema=target.schema or None)}


def _records(target: Target) -> MetaData:
    schema = target.schema or None
    metadata = MetaData()
    Table(
        "_jobs_loads",
        metadata,
        SqlColumn("load_key", String(500), primary_key=True),
        SqlColumn("table_name", String(100)),
        SqlColumn("outcome", _LONG_TEXT),
        SqlColumn("loaded_at", DateTime),
        schema=schema,
    )
    Table(
        "_jobs_state",
        metadata,
        SqlColumn("table_name", String(100), primary_key=True),
        SqlColumn("job", String(300), primary_key=True),
        SqlColumn("stream", String(200), primary_key=True),
        SqlColumn("generation", BigInteger),
        SqlColumn("cursor", Text),
        SqlColumn("load_key", String(500)),
        SqlColumn("outcome", _LONG_TEXT),
        SqlColumn("loaded_at", DateTime, server_default=sqlalchemy.func.now()),
        schema=schema,
    )
    return metadata


def _reserve(engine: sqlalchemy.Engine, spec: LoadSpec) -> None:
    """Make the stream's row when it is not there, for a row that is not there cannot be locked."""
    _, states = _records(spec.target).sorted_tables
    stream = {"table_name": spec.target.table, "job": spec.job, "stream": spec.stream}
    values = {**stream, "generation": spec.generation, "load_key": ""}
    # Somebody else may make it in between, which is as good.
    with contextlib.suppress(sqlalchemy.exc.IntegrityError), engine.begin() as connection:
        if not connection.scalar(sqlalchemy.select(sqlalchemy.func.count()).where(_mine(states, spec))):
            connection.execute(states.insert(), values)


def _lock(connection: sqlalchemy.Connection, spec: LoadSpec) -> None:
    """Let one load of the stream at a time write: by an update, which locks in SQLite too, where FOR UPDATE means nothing."""
    _, states = _records(spec.target).sorted_tables
    connection.execute(states.update().where(_mine(states, spec)).values(load_key=states.c.load_key))


def _read(connection: sqlalchemy.Connection, spec: LoadSpec) -> Seen:
    schema = spec.target.schema or None
    if not sqlalchemy.inspect(connection).has_table("_jobs_state", schema=schema):
        return Seen()
    loads, states = _records(spec.target).sorted_tables
    known = sqlalchemy.select(loads.c.outcome).where(loads.c.load_key == spec.load_key)
    outcome = connection.execute(known).scalar_one_or_none()
    stream = sqlalchemy.select(states.c.load_key, states.c.cursor).where(_mine(states, spec))
    row = connection.execute(stream.where(states.c.generation == spec.generation)).one_or_none()
    return Seen(
        outcome=None if outcome is None else json.loads(outcome),
        state_key=row.load_key if row else "",
        reached=json.loads(row.cursor) if row and row.cursor else None,
    )


def _write(connection: sqlalchemy.Connection, spec: LoadSpec, seal: Seal) -> None:
    loads, states = _records(spec.target).sorted_tables
    outcome = json.dumps(seal.outcome)
    stream = {"table_name": spec.target.table, "job": spec.job, "stream": spec.stream}
    cursor = None if seal.reached is None else json.dumps(seal.reached)
    now = dt.datetime.now(dt.UTC).replace(tzinfo=None)  # not every database keeps a zone
    connection.execute(loads.delete().where(loads.c.loaded_at < now - _KEEP_LOADS))
    load = {"load_key": spec.load_key, "table_name": spec.target.table, "outcome": outcome, "loaded_at": now}
    connection.execute(loads.insert(), load)
    connection.execute(states.delete().where(_mine(states, spec)))
    values = {"generation": spec.generation, "cursor": cursor, "load_key": spec.load_key, "outcome": outcome}
    connection.execute(states.insert(), stream | values)


def _mine(states: Table, spec: LoadSpec) -> sqlalchemy.ColumnElement[bool]:
    return sqlalchemy.and_(
        states.c.table_name == spec.target.table, states.c.job == spec.job, states.c.stream == spec.stream
    )


def _types(rows: Rows) -> dict[str, str]:
    return {column.name: str(_type(column)) for column in rows.query.columns}
