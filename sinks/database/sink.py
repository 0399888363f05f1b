"""Writes each record as a row, in one transaction a parcel; a row whose key is there is changed."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from operator import itemgetter
from typing import Any

import jmespath
import sqlalchemy
from sqlalchemy import Table
from sqlalchemy.dialects import postgresql, sqlite

from jobs.errors import PermanentError, TransientError
from sinks.base import Parcel, Receipt, Record, Surroundings
from sinks.database.configuration import DELIVERY, DatabaseConfiguration
from sinks.database.connecting import engine
from sinks.database.impatient import took_too_long
from sinks.database.table import table_of
from sinks.database.values import fitting
from sinks.lots import lots

_ROWS_AT_ONCE = 500
_PASSING = (sqlalchemy.exc.OperationalError, sqlalchemy.exc.InterfaceError, sqlalchemy.exc.TimeoutError)
_INSERTS: dict[str, Callable[[Table], Any]] = {"postgresql": postgresql.insert, "sqlite": sqlite.insert}

Row = dict[str, Any]


class DatabaseSink:
    """One table of a database."""

    def __init__(self, configuration: DatabaseConfiguration, surroundings: Surroundings) -> None:
        self._configuration = configuration
        self._open = ExitStack()
        self._engine = engine(
            url=surroundings.secret(configuration.url_secret),
            ca=surroundings.secret(configuration.ca_secret) if configuration.ca_secret else None,
            surroundings=surroundings,
            closing=self._open,
        )
        self._rows: _Rows | None = None
        self._lock = threading.Lock()

    def deliver(self, parcel: Parcel) -> Receipt:
        """Write the parcel's records in one transaction."""
        with _explained():
            rows = self._prepared()
            with self._engine.begin() as connection:
                written, size = rows.write(connection, parcel)
        return Receipt(bytes=size, details={"table": self._configuration.target, "rows": written})

    def check(self) -> str:
        """Look at the table, if it is there."""
        with _explained(), self._engine.connect() as connection:
            inspector = sqlalchemy.inspect(connection)
            there = inspector.has_table(self._configuration.table, schema=self._configuration.db_schema)
            if not there and self._configuration.create:
                return f"The database answers; {self._configuration.target} will be made with the first delivery."
            table_of(connection=connection, configuration=self._configuration, make=False)
        return f"The database answers, and {self._configuration.target} has the columns."

    def close(self) -> None:
        """Close the connections."""
        self._open.close()

    def _prepared(self) -> _Rows:
        with self._lock:
            if self._rows is None:
                with self._engine.begin() as connection:
                    table = table_of(
                        connection=connection, configuration=self._configuration, make=self._configuration.create
                    )
                self._rows = _Rows(self._configuration, table, self._engine.dialect.name)
            return self._rows


class _Rows:
    """From records to rows of a table."""

    def __init__(self, configuration: DatabaseConfiguration, table: Table, dialect: str) -> None:
        self._key = configuration.known_by
        self._columns = [
            (name, jmespath.compile(column.path), fitting(name=name, type_=table.columns[name].type))
            for name, column in configuration.all_columns.items()
        ]
        columns = list(configuration.all_columns)
        self._upsert = _upsert(table, _INSERTS[dialect](table), columns, self._key, configuration.newest_by)

    def write(self, connection: sqlalchemy.Connection, parcel: Parcel) -> tuple[int, int]:
        """Write the records; how many there were, and the bytes of their values as JSON."""
        about = {**parcel.heading(), DELIVERY: parcel.id}
        sized = (_sized(self._row(about, record)) for record in parcel.records())
        written, size = 0, 0
        for lot in lots(items=sized, most=_ROWS_AT_ONCE, size_of=itemgetter(1)):
            connection.execute(self._upsert, [row for row, _ in lot])
            written += len(lot)
            size += sum(row_size for _, row_size in lot)
        return written, size

    def _row(self, about: Mapping[str, Any], record: Record) -> Row:
        seen = {**about, **record.values()}
        try:
            row = {name: fit(path.search(seen)) for name, path, fit in self._columns}
        except jmespath.exceptions.JMESPathError as error:
            raise PermanentError(f"payload {record.position}: {error}", code="value") from error
        except PermanentError as error:
            raise PermanentError(f"payload {record.position}: {error}", code=error.code) from error
        if empty := [name for name in self._key if row[name] is None]:
            raise PermanentError(f"payload {record.position}: the key {empty[0]} is empty", code="value")
        return row


def _sized(row: Row) -> tuple[Row, int]:
    return row, len(json.dumps(row, default=str).encode())


def _upsert(table: Table, insert: Any, columns: list[str], key: list[str], newest_by: str | None) -> Any:
    """Written with the columns' names, for rows are given one by one: so two of the same key in a parcel follow one another.

    A row that is older by ``newest_by`` than the one that is there changes nothing; one of the same age does.
    """
    changed = {name: insert.excluded[name] for name in columns if name not in key}
    if not changed:
        return insert.on_conflict_do_nothing(index_elements=key)
    if newest_by is None:
        return insert.on_conflict_do_update(index_elements=key, set_=changed)
    there = table.columns[newest_by]
    newer = sqlalchemy.or_(there.is_(None), there <= insert.excluded[newest_by])
    return insert.on_conflict_do_update(index_elements=key, set_=changed, where=newer)


@contextmanager
def _explained() -> Iterator[None]:
    """Tell what may pass from what the rows or the table do; never with SQLAlchemy's words, which hold the values of a row."""
    try:
        yield
    except sqlalchemy.exc.SQLAlchemyError as error:
        cause = getattr(error, "orig", None)
        words = " ".join(str(cause or type(error).__name__).split("DETAIL:")[0].split())
        if took_too_long(cause):
            raise TransientError(f"the database: {words}", code="timeout") from None
        passes = isinstance(error, _PASSING)
        if type(cause).__module__ == "sqlite3":  # where a missing table is operational, too
            passes = "locked" in words or "busy" in words
        kind = TransientError if passes else PermanentError
        raise kind(f"the database: {words}", code="database") from None
