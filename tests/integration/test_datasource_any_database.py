"""Into a database that SQLAlchemy reaches, here PostgreSQL: what only shows where two may write at once."""

from __future__ import annotations

import sqlite3
import threading
import uuid
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any

import psycopg
import pytest
import sqlalchemy
from django.db import connections

from jobs.errors import TransientError
from tests.integration.child_work import wait_for
from tests.integration.ingest_loads import Heard, Loads
from workers.ingest.spec import Cursor, Target

AT = Cursor(column="at")


class Stopping(Heard):
    """A channel that stops its load when rows are written and not committed, until it is let go."""

    def __init__(self) -> None:
        super().__init__()
        self.stopped, self.let_go = threading.Event(), threading.Event()

    def progress(self, **known: Any) -> None:
        if known.get("unit") == "rows":
            self.stopped.set()
            assert self.let_go.wait(30)


@pytest.fixture
def target(db: None) -> Iterator[Target]:
    server = connections["default"].settings_dict
    url = sqlalchemy.URL.create(
        "postgresql+psycopg",
        username=server["USER"],
        password=server["PASSWORD"] or None,
        database=server["NAME"],
        query={"host": server["HOST"], "port": str(server["PORT"])},  # the host may be a folder of sockets
    )
    text = url.render_as_string(hide_password=False)
    plain = text.replace("+psycopg", "")
    schema = f"any_database_{uuid.uuid4().hex[:8]}"
    with psycopg.connect(plain) as connection:
        connection.execute(f"CREATE SCHEMA {schema}")
    yield Target(kind="sqlalchemy", table="t", schema=schema, url=text)
    with psycopg.connect(plain) as connection:
        connection.execute(f"DROP SCHEMA {schema} CASCADE")


@pytest.fixture
def loads(target: Target, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Loads:
    (tmp_path / "work").mkdir()
    monkeypatch.chdir(tmp_path / "work")
    return Loads(target, tmp_path)


def stored(loads: Loads) -> list[Any]:
    return [row[0] for row in loads.query(f"SELECT id FROM {loads.target.schema}.t ORDER BY id")]


@pytest.fixture
def together(target: Target, tmp_path: Path) -> Callable[..., Future[Any]]:
    """Makes two loads: the second begins when the first has written, and the first commits when the second waits for it."""

    def loading(*rows: dict[str, Any], keys: tuple[str, str]) -> Future[Any]:
        first, second = (Loads(target, tmp_path / key) for key in ("first", "second"))
        first.heard = stopping = Stopping()
        with ThreadPoolExecutor(2) as pool:
            loaded = pool.submit(first.rows, *rows, key=keys[0], cursor=AT)
            assert stopping.stopped.wait(30)
            again = pool.submit(second.rows, *rows, key=keys[1], cursor=AT)
            wait_for(lambda: again.done() or waits_for_a_lock(target))
            stopping.let_go.set()
        assert loaded.result()["rows"]["output"] == len(rows)
        return again

    for name in ("first", "second"):
        (tmp_path / name).mkdir()
    return loading


class TestKeys:
    def test_the_database_says_which_are_the_same(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.chdir(tmp_path)
        url = f"sqlite:///{tmp_path / 'a.sqlite'}"
        with sqlite3.connect(tmp_path / "a.sqlite") as connection:
            connection.execute("CREATE TABLE t (id text COLLATE NOCASE PRIMARY KEY, a text)")
            connection.execute("INSERT INTO t VALUES ('ABC', 'old'), ('d', 'old')")
        connection.close()
        loads = Loads(Target(kind="sqlalchemy", table="t", url=url), tmp_path)
        rows = [{"id": key, "a": "new"} for key in ("abc", "d", "e")]
        counted = loads.rows(*rows, write="merge")["rows"]
        assert (counted["updated"], counted["new"]) == (2, 1)
        assert loads.stored() == [("ABC", "new"), ("d", "new"), ("e", "new")]


def waits_for_a_lock(target: Target) -> bool:
    with psycopg.connect(target.url.replace("+psycopg", "")) as connection:
        waiting = "SELECT FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
        return connection.execute(waiting).fetchone() is not None


class TestTwoLoadsOfANewStream:
    def test_what_an_attempt_that_was_taken_for_dead_commits_is_the_loads_result(
        self, loads: Loads, together: Callable[..., Future[Any]]
    ) -> None:
        loads.rows({"id": 1, "at": 1}, write="replace")
        again = together({"id": 2, "at": 2}, {"id": 3, "at": 3}, keys=("same", "same"))
        assert again.result()["rows"]["output"] == 2
        assert stored(loads) == [1, 2, 3]

    def test_another_load_makes_the_slower_one_begin_again(
        self, loads: Loads, together: Callable[..., Future[Any]]
    ) -> None:
        loads.rows({"id": 1, "at": 1}, write="replace")
        again = together({"id": 2, "at": 2}, keys=("one", "other"))
        assert isinstance(again.exception(), TransientError)
        assert stored(loads) == [1, 2]
