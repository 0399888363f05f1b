"""The table of a sink: made when it is not there, and looked at before the first row."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import sqlalchemy
from sqlalchemy import MetaData, Table, types
from sqlalchemy.dialects import postgresql

from jobs.errors import PermanentError
from sinks.database.configuration import ColumnType, DatabaseConfiguration

_TYPES: dict[ColumnType, Callable[[], types.TypeEngine[Any]]] = {
    "text": types.Text,
    "integer": types.BigInteger,
    "number": types.Double,
    "decimal": types.Numeric,
    "boolean": types.Boolean,
    "timestamp": lambda: types.DateTime(timezone=True),
    "date": types.Date,
    "json": lambda: types.JSON().with_variant(postgresql.JSONB(), "postgresql"),
}


def table_of(*, connection: sqlalchemy.Connection, configuration: DatabaseConfiguration, make: bool) -> Table:
    """The table as the database has it.

    Args:
        make: Whether to make it when it is not there. Somebody else may make it at the same time.

    Raises:
        PermanentError: It is not there (``table``), or lacks columns or what keeps its key unique (``columns``).
        sqlalchemy.exc.SQLAlchemyError: The database did not answer, or refused.
    """
    if not _is_there(connection, configuration):
        if not make:
            raise PermanentError(f"there is no table {configuration.target}", code="table")
        _make(connection, configuration)
    table = Table(configuration.table, MetaData(), schema=configuration.db_schema, autoload_with=connection)
    _check(connection, configuration, table)
    for column in table.columns:
        if isinstance(column.type, types.JSON):
            column.type.none_as_null = True  # no value is NULL, as in every other column, and not JSON's null
    return table


def _is_there(connection: sqlalchemy.Connection, configuration: DatabaseConfiguration) -> bool:
    return sqlalchemy.inspect(connection).has_table(configuration.table, schema=configuration.db_schema)


def _make(connection: sqlalchemy.Connection, configuration: DatabaseConfiguration) -> None:
    columns = [
        sqlalchemy.Column(name, _TYPES[column.type](), primary_key=name in configuration.known_by, autoincrement=False)
        for name, column in configuration.all_columns.items()
    ]
    table = Table(configuration.table, MetaData(), *columns, schema=configuration.db_schema)
    try:
        with connection.begin_nested():
            table.create(connection)
    except (sqlalchemy.exc.IntegrityError, sqlalchemy.exc.ProgrammingError, sqlalchemy.exc.OperationalError):
        if not _is_there(connection, configuration):
            raise  # or somebody was faster


def _check(connection: sqlalchemy.Connection, configuration: DatabaseConfiguration, table: Table) -> None:
    if missing := [name for name in configuration.all_columns if name not in table.columns]:
        raise PermanentError(f"the table {configuration.target} has no column {missing[0]}", code="columns")
    key = set(configuration.known_by)
    if {column.name for column in table.primary_key} == key:
        return
    inspector = sqlalchemy.inspect(connection)
    constraints = inspector.get_unique_constraints(configuration.table, schema=configuration.db_schema)
    indexes = inspector.get_indexes(configuration.table, schema=configuration.db_schema)
    unique = [set(each["column_names"]) for each in constraints]
    unique += [set(filter(None, each["column_names"])) for each in indexes if each["unique"]]
    if key not in unique:
        named = ", ".join(configuration.known_by)
        raise PermanentError(
            f"nothing keeps {named} unique in {configuration.target}: give it a unique index", code="columns"
        )
