"""Plans of the engine's statements, as their own connection gets them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psycopg
import pytest
from django.db import connection, transaction
from psycopg import sql as compose
from psycopg.adapt import PyFormat, Transformer

from jobs import sql

STATEMENTS = sorted(path.stem for path in Path(sql.__file__).parent.glob("*.sql"))


@dataclass(frozen=True)
class Node:
    """One step of a plan that ran. ``rows`` were read in all its loops, those that a filter dropped among them."""

    kind: str
    table: str
    condition: str
    rows: float


@dataclass
class Explained:
    """The generic plans of the statements that were executed, by the name of their file."""

    plans: dict[str, list[list[Node]]] = field(default_factory=dict)
    written_again: dict[str, set[str]] = field(default_factory=dict)
    """By statement the CTEs that write and would be executed again for a row that changed while the statement waited for it."""

    def nodes(self, statement: str, table: str) -> list[Node]:
        """What touched a table in any execution of a statement; writing to it is not reading it."""
        plans = self.plans.get(statement, [])
        return [node for plan in plans for node in plan if node.table == table and node.kind != "ModifyTable"]


def forget_statistics(tables: Sequence[str]) -> None:
    """Let the database know as little of these tables as if they had never been analysed; emptying them does not."""
    with connection.cursor() as cursor, transaction.atomic():
        cursor.execute("SET LOCAL allow_system_table_mods = on")
        cursor.execute("DELETE FROM pg_statistic WHERE starelid = ANY (%s::regclass[])", [list(tables)])


def explain_all(
    monkeypatch: pytest.MonkeyPatch, *, of: sql.Statements = sql.ENGINE, names: Sequence[str] = STATEMENTS
) -> Explained:
    """From now on explain each statement of jobs/sql right before it is executed, on its connection, and undo it.

    Args:
        of: The statements to explain instead.
        names: Their names.
    """
    explained = Explained()
    by_text = {text: name for name in names for text in (of.load(name), of.numbered(name)[0])}
    execute = psycopg.Cursor.execute

    def explain_first(cursor: psycopg.Cursor[Any], query: Any, params: Any = None, **options: Any) -> Any:
        if isinstance(query, str) and query in by_text:
            name = by_text[query]
            values = [params[each] for each in of.numbered(name)[1]] if isinstance(params, dict) else params
            connection = cursor.connection
            with connection.transaction(force_rollback=True), psycopg.Cursor(connection) as own:
                plan = _run(own, of.numbered(name)[0], values, execute)
            explained.plans.setdefault(name, []).append(list(flat(plan)))
            explained.written_again.setdefault(name, set()).update(_written_again(plan))
        return execute(cursor, query, params, **options)

    monkeypatch.setattr(psycopg.Cursor, "execute", explain_first)
    return explained


def _run(cursor: psycopg.Cursor[Any], query: str, values: Sequence[Any], execute: Any) -> dict[str, Any]:
    """Prepare as psycopg does, with the same parameter types, so that the session's plan_cache_mode rules."""
    types = ", ".join(_type(cursor, value, execute) for value in values)
    execute(cursor, f"PREPARE explained {f'({types})' if values else ''} AS {query}", prepare=False)
    arguments = compose.SQL(", ").join(compose.Literal(value) for value in values)
    given = compose.SQL("({})").format(arguments) if values else compose.SQL("")
    statement = compose.SQL("EXPLAIN (ANALYZE, FORMAT JSON) EXECUTE explained {}").format(given)
    row = execute(cursor, statement, prepare=False).fetchone()
    execute(cursor, "DEALLOCATE explained", prepare=False)
    plan: dict[str, Any] = row[0][0]["Plan"]
    return plan


def _type(cursor: psycopg.Cursor[Any], value: Any, execute: Any) -> str:
    if value is None:
        return "unknown"
    oid = Transformer(cursor).get_dumper(value, PyFormat.AUTO).oid
    return str(execute(cursor, f"SELECT {oid}::oid::regtype::text").fetchone()[0]) if oid else "unknown"


def flat(plan: dict[str, Any]) -> Iterator[Node]:
    """The steps of a plan that PostgreSQL has executed and tells as JSON."""
    removed = sum(value for key, value in plan.items() if key.startswith("Rows Removed by"))
    rows = (plan["Actual Rows"] + removed) * plan["Actual Loops"]
    condition = plan.get("Index Cond") or plan.get("TID Cond") or plan.get("Recheck Cond") or ""
    yield Node(plan["Node Type"], plan.get("Relation Name", ""), condition, rows)
    for child in plan.get("Plans", []):
        yield from flat(child)


def _written_again(plan: dict[str, Any]) -> Iterator[str]:
    """The names of CTEs that write and that a recheck would read anew.

    Where an UPDATE, a DELETE or a row lock meets a row that changed meanwhile, PostgreSQL executes what lies below it once more for
    that row (EvalPlanQual). A CTE, subquery or function that is joined there gives the row that it gave before; under an Append or
    in a correlated subquery it is executed again, which fails when it writes.
    """
    parts = list(_parts(plan))
    writing = {
        part["Subplan Name"].removeprefix("CTE ")
        for part in parts
        if part.get("Subplan Name", "").startswith("CTE ") and _writes(part)
    }
    for part in parts:
        if part["Node Type"] == "LockRows" or part.get("Operation") in ("Update", "Delete"):
            for child in part.get("Plans", []):
                yield from writing & set(_read_anew(child, anew=False))


def _read_anew(plan: dict[str, Any], *, anew: bool) -> Iterator[str]:
    relation = plan["Parent Relationship"]
    if relation == "InitPlan":
        return
    anew = anew or relation in ("SubPlan", "Member")
    if plan["Node Type"] == "CTE Scan" and anew:
        yield plan["CTE Name"]
    if plan["Node Type"] == "Subquery Scan" and not anew:
        return
    for child in plan.get("Plans", []):
        yield from _read_anew(child, anew=anew)


def _parts(plan: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield plan
    for child in plan.get("Plans", []):
        yield from _parts(child)


def _writes(plan: dict[str, Any]) -> bool:
    return any(part["Node Type"] == "ModifyTable" for part in _parts(plan))
