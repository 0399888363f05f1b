"""Loads in the test's own process, into each kind of table."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import duckdb
import psycopg
import sqlalchemy

from workers.ingest.load import run
from workers.ingest.spec import LoadSpec, Source, Target

JSON = Any


class Heard:
    """A channel that keeps what is said."""

    def __init__(self) -> None:
        self.lines: list[tuple[str, str]] = []

    def log(self, level: str, message: str) -> None:
        self.lines.append((level, message))

    def progress(self, **known: Any) -> None: ...


class Loads:
    """Loads into one target; ``folder`` is the test's own."""

    def __init__(self, target: Target, folder: Path) -> None:
        self.target = target
        self.heard = Heard()
        self._folder = folder
        self._number = 0

    def rows(self, *rows: dict[str, JSON], key: str = "", write: str = "append", **spec: Any) -> dict[str, Any]:
        """Load rows as JSON lines. Every load has a key of its own unless one is given."""
        path = self._folder / f"rows-{self._number}.jsonl"
        path.write_text("".join(f"{json.dumps(row)}\n" for row in rows))
        return self.load(Source(path=str(path), format="jsonl"), load_key=key, write=write, **spec)

    def load(
        self,
        source: Source,
        *,
        write: str = "append",
        load_key: str = "",
        key_columns: Sequence[str] = ("id",),
        **spec: Any,
    ) -> dict[str, Any]:
        """Load a source. ``key_columns`` are for a merge; ``spec`` are other fields of LoadSpec."""
        self._number += 1
        wanted = LoadSpec(
            source=source,
            target=self.target,
            write=write,
            load_key=load_key or f"load {self._number}",
            job="test/datasource:test",
            stream="s",
            key=list(key_columns) if write == "merge" else [],
        )
        return run(spec=replace(wanted, **spec).to_json(), channel=self.heard)  # type: ignore[arg-type]

    def query(self, statement: str) -> list[tuple[Any, ...]]:
        """Ask the destination; ``t`` is its table."""
        return _ASK[self.target.kind](self.target, statement)

    def stored(self, columns: str = "*") -> list[tuple[Any, ...]]:
        """The table's rows, sorted."""
        return sorted(self.query(f"SELECT {columns} FROM t"), key=str)


def _postgresql(target: Target, statement: str) -> list[tuple[Any, ...]]:
    with psycopg.connect(target.conninfo, options=f"-c search_path={target.schema}") as connection:
        return connection.execute(statement).fetchall()


def _duckdb(target: Target, statement: str) -> list[tuple[Any, ...]]:
    with duckdb.connect(target.path, read_only=True) as connection:
        return connection.execute(statement).fetchall()


def _sqlalchemy(target: Target, statement: str) -> list[tuple[Any, ...]]:
    with sqlalchemy.create_engine(target.url, poolclass=sqlalchemy.NullPool).connect() as connection:
        return [tuple(row) for row in connection.execute(sqlalchemy.text(statement))]


_ASK: dict[str, Callable[[Target, str], list[tuple[Any, ...]]]] = {
    "postgresql": _postgresql,
    "duckdb": _duckdb,
    "sqlalchemy": _sqlalchemy,
}
