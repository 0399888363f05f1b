"""SQL databases: the rows of a table or a query, by SQLAlchemy, a batch at a time."""

from __future__ import annotations

import datetime as dt
import decimal
import json
import operator
import uuid
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pyarrow
import sqlalchemy
from sqlalchemy.sql.elements import ColumnElement

from workers.ingest import database_engine
from workers.ingest.fetch.fetched import Allowance, Channel, Fetched, Since
from workers.ingest.fetch.spool import Spool
from workers.ingest.spec import Source, Sql

BATCH_ROWS = 10_000


def fetch(source: Source, *, folder: Path, since: Since | None, allowance: Allowance, channel: Channel) -> Fetched:
    """Write the rows to Parquet files; an incremental load asks the database for the new rows alone.

    Raises:
        sqlalchemy.exc.SQLAlchemyError: See `workers.ingest.failures`.
        PermanentError: As `Spool.finish`.
    """
    assert source.sql is not None
    spool = Spool(folder)
    engine = database_engine.engine(source.sql.url, allow=source.allow)
    with engine.connect().execution_options(stream_results=True, max_row_buffer=BATCH_ROWS) as connection:
        result = connection.execute(_statement(source.sql, since))
        names = list(result.keys())
        for rows in result.partitions(BATCH_ROWS):
            spool.write(as_batch(names, rows))
            channel.progress(current=spool.rows, unit="rows")
            if allowance.used_up(spool.rows):
                break
        if not spool.rows:
            spool.write(_nothing(names))
    paths = spool.finish()
    return Fetched(
        paths, "parquet", "none", "", sum(Path(path).stat().st_size for path in paths), is_empty=not spool.rows
    )


def as_batch(names: Sequence[str], rows: Sequence[Sequence[Any]]) -> pyarrow.RecordBatch:
    """Rows as an Arrow batch. Each column's type is what its values are; a column of mixed ones becomes text."""
    columns = list(zip(*rows, strict=True)) if rows else [()] * len(names)
    return pyarrow.RecordBatch.from_arrays([_array(column) for column in columns], names=list(names))


def _statement(sql: Sql, since: Since | None) -> sqlalchemy.Select[Any]:
    """A query is always put in brackets: so it can only be one that reads."""
    table: sqlalchemy.FromClause
    if sql.query:
        # A colon is the query's own, no parameter of ours.
        table = sqlalchemy.text(sql.query.strip().rstrip(";").replace(":", "\\:")).columns().subquery("_jobs_query")
    else:
        table = sqlalchemy.table(sql.table, schema=sql.schema or None)
    statement = sqlalchemy.select(sqlalchemy.text("*")).select_from(table)
    return statement.where(_beyond(since)) if since else statement


def _beyond(since: Since) -> ColumnElement[bool]:
    column: ColumnElement[Any] = sqlalchemy.column(since.column)
    compare = operator.ge if since.including else operator.gt
    beyond: ColumnElement[bool] = compare(column, since.value)
    return beyond


def _nothing(names: Sequence[str]) -> pyarrow.RecordBatch:
    return pyarrow.RecordBatch.from_arrays([pyarrow.nulls(0) for _ in names], names=list(names))


def _array(values: Sequence[Any]) -> pyarrow.Array:
    known = [_known(value) for value in values]
    try:
        return pyarrow.array(known)
    except (pyarrow.ArrowInvalid, pyarrow.ArrowTypeError, OverflowError):
        return pyarrow.array([None if value is None else _as_text(value) for value in known], pyarrow.string())


def _known(value: Any) -> Any:
    """What Arrow has no type for, in the form in which it has one."""
    match value:
        case memoryview() | bytearray():
            return bytes(value)
        case dict() | list() | tuple():
            return json.dumps(value, default=str)
        case None | bool() | int() | float() | str() | bytes() | decimal.Decimal():
            return value
        case dt.datetime() | dt.date() | dt.time() | dt.timedelta():
            return value
        case uuid.UUID():
            return str(value)
    return str(value)


def _as_text(value: Any) -> str:
    return value.hex() if isinstance(value, bytes) else str(value)
