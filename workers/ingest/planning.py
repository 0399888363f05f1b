"""Between reading and writing: which rows are loaded, and what happens to the table."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

import duckdb

from jobs.errors import PermanentError
from workers.ingest import sql
from workers.ingest.columns import Column, duckdb_type_of, misfits
from workers.ingest.contract import Changes, changes
from workers.ingest.incremental import Window
from workers.ingest.source import Query
from workers.ingest.spec import LoadSpec
from workers.ingest.staging import Rejects, Staged

JSON = Any


@dataclass(frozen=True, slots=True)
class Plan:
    """What is to be written.

    Args:
        query: Yields the rows.
        add: Columns that the table shall gain.
        told: What happens to the table's columns, for people.
        rejects: What is left out.
        reached: The cursor's value once the rows are there.
        input, count: Rows that were read, and rows that are left; None where nobody knows before they are written.
    """

    query: Query
    add: list[Column]
    told: list[str]
    rejects: Rejects
    reached: JSON = None
    input: int | None = None
    count: int | None = None


def plan(
    reader: duckdb.DuckDBPyConnection,
    query: Query,
    spec: LoadSpec,
    *,
    columns: Mapping[str, str] | None,
    type_of: Callable[[Column], str],
    window: Window,
) -> Plan:
    """Decide about every row, unless all of them are to be written as they come.

    Args:
        columns: The table's columns and their types; None when there is no table.
        type_of: The destination's word for a column's type.

    Raises:
        PermanentError: The job names columns that the source does not have, the contract is broken, or too many rows fail.
    """
    _check_columns(query, spec)
    types = {column.name: type_of(column) for column in query.columns}
    is_new = spec.write == "replace" and spec.target.kind != "sqlalchemy"
    found = changes(incoming=query.columns, types=types, existing=columns, contract=spec.contract, is_new=is_new)
    told = found.told if spec.target.kind != "files" else []
    if spec.source.limit_rows and not spec.cursor:
        query = replace(query, sql=f"SELECT * FROM ({query.sql}) LIMIT {spec.source.limit_rows}")  # noqa: S608 - a number
    rejects = Rejects(keep=spec.keep_rejected)
    if not (spec.cursor or spec.most_rejected or spec.write == "merge" or spec.contract == "discard_row"):
        return Plan(query, found.add, told, rejects)
    staged = Staged(reader, query, rejects=rejects)
    _leave_out(staged, spec, found, {} if is_new else columns or {}, window)
    staged.check(spec.most_rejected)
    return Plan(staged.query, found.add, told, rejects, _reached(staged, spec, window), staged.input, staged.rows)


def nothing(window: Window) -> Plan:
    """The plan of a load that found no rows; its query has no columns, and with replace means that the table is emptied."""
    return Plan(Query("", []), [], [], Rejects(keep=0), window.reached_json, 0, 0)


def _check_columns(query: Query, spec: LoadSpec) -> None:
    wanted = [("key", name) for name in spec.key] + ([("cursor.column", spec.cursor.column)] if spec.cursor else [])
    for field, name in wanted:
        if name not in query.names:
            raise PermanentError(
                f"{field}: there is no column {name!r}; there are {', '.join(query.names[:50])}", code="data"
            )


def _leave_out(staged: Staged, spec: LoadSpec, found: Changes, existing: Mapping[str, str], window: Window) -> None:
    if spec.cursor and window.begins:
        staged.forget(_before(staged.query, spec.cursor.column, window))
    staged.require(spec.key, what="the key")
    if spec.cursor:
        staged.require([spec.cursor.column], what="the cursor")
    for name in found.discard:
        staged.discard(f"{sql.name(name)} IS NOT NULL", f"the table has no column {name}")
    staged.without(found.discard)
    _fit(staged, spec, existing)
    if spec.target.kind == "postgresql":
        _without_nul(staged)
    if spec.cursor and spec.source.limit_rows:
        staged.first(spec.source.limit_rows, order=spec.cursor.column)
    if spec.write == "merge":
        staged.only_last(spec.key, order=spec.cursor.column if spec.cursor else None)


def _fit(staged: Staged, spec: LoadSpec, existing: Mapping[str, str]) -> None:
    """Values that the table's own types cannot hold."""
    for column in staged.query.columns:
        held = duckdb_type_of(existing.get(column.name, ""), kind=spec.target.kind)
        if held is None or held == column.type:
            continue
        name = sql.name(column.name)
        condition = misfits(name, held)
        reason = f"column {column.name}: the value is no {existing[column.name]}"
        if spec.contract == "discard_row":
            staged.discard(condition, reason)
        else:
            staged.fail(condition, reason)
        staged.cast(column, held)


def _without_nul(staged: Staged) -> None:
    """PostgreSQL has no such character, neither in its text nor in its jsonb, where it is written in six others."""
    for column in staged.query.columns:
        name = sql.name(column.name)
        if column.type == "VARCHAR":
            staged.fail(f"contains({name}, chr(0))", f"column {column.name}: the value contains the character NUL")
        if column.type == "JSON":
            written = r"(^|[^\\])(\\\\)*\\u0000"
            condition = f"regexp_matches(CAST({name} AS VARCHAR), {sql.text(written)})"
            staged.fail(condition, f"column {column.name}: the value contains the character NUL")


def _before(query: Query, name: str, window: Window) -> str:
    assert window.begins is not None
    (column,) = [column for column in query.columns if column.name == name]
    sign = "<" if window.including else "<="
    return f"{sql.name(name)} {sign} CAST({sql.text(window.begins.value)} AS {column.type})"


def _reached(staged: Staged, spec: LoadSpec, window: Window) -> JSON:
    """The highest value seen so far: a cursor never goes back."""
    if spec.cursor is None:
        return None
    (column,) = [column for column in staged.query.columns if column.name == spec.cursor.column]
    highest = staged.highest(column, at_least=window.reached)
    return highest.to_json() if highest else window.reached_json
