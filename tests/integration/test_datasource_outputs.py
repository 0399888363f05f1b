"""What stands in each kind of destination: whether a load would get there, and deleting what loads have put there."""

from __future__ import annotations

import threading
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import duckdb as duck
import psycopg
import pytest
import sqlalchemy as sa
from django.db import connections

from jobs.errors import PermanentError
from tests.integration.s3_service import BUCKET, s3_service
from workers.ingest.outputs import duckdb, files, postgresql, sqlalchemy
from workers.ingest.spec import Target
from workers.payloads.datasource.connections import own

STATE = "table_name text, job text, stream text, generation bigint, cursor text, load_key text, outcome text"
LEFT_BEHIND = (
    f"CREATE TABLE {{schema}}_jobs_state ({STATE})",
    "INSERT INTO {schema}_jobs_state VALUES ('flights', 'acme/datasource:flights', 'flights', 7, '9', 'k1', '{{}}')",
    "INSERT INTO {schema}_jobs_state VALUES ('trains', 'acme/datasource:trains', 'trains', 8, '5', 'k2', '{{}}')",
    "CREATE TABLE {schema}_jobs_loads (load_key text, table_name text)",
    "INSERT INTO {schema}_jobs_loads VALUES ('k1', 'flights'), ('k2', 'trains')",
    "CREATE TABLE {schema}flights (day date, n int)",
    "INSERT INTO {schema}flights VALUES ('2001-01-05', 1), ('2001-01-06', 2)",
    "CREATE TABLE {schema}trains (n int)",
    "INSERT INTO {schema}trains VALUES (1)",
)
"""Two tables with a state and a load each."""

Query = Callable[..., list[tuple[Any, ...]]]


def check_that_only_flights_are_gone(query: Query, schema: str = "") -> None:
    """The table is there and empty, its state begins again in its generation, its loads are forgotten, and trains are as before."""
    states = query(f"SELECT table_name, generation, cursor, outcome, load_key FROM {schema}_jobs_state ORDER BY 1")
    assert [tuple(state) for state in states] == [("flights", 7, None, None, "deleted"), ("trains", 8, "5", "{}", "k2")]
    assert query(f"SELECT load_key FROM {schema}_jobs_loads") == [("k2",)]
    assert query(f"SELECT count(*) FROM {schema}flights") == [(0,)]
    assert query(f"SELECT count(*) FROM {schema}trains") == [(1,)]


class TestPostgresql:
    @pytest.fixture
    def conninfo(self, db: None) -> str:
        return own(connections["default"].settings_dict, allowed=True)

    @pytest.fixture
    def query(self, conninfo: str) -> Iterator[Query]:
        with psycopg.connect(conninfo, autocommit=True) as connection:

            def ask(statement: str, *values: object) -> list[Any]:
                cursor = connection.execute(statement, values)
                return cursor.fetchall() if cursor.description else []

            yield ask

    @pytest.fixture
    def schema(self, query: Query) -> Iterator[str]:
        name = f"outputs_{uuid.uuid4().hex[:8]}"
        query(f"CREATE SCHEMA {name}")
        yield name
        query(f"DROP SCHEMA {name} CASCADE")

    @pytest.fixture
    def target(self, conninfo: str, schema: str) -> Target:
        return Target(kind="postgresql", conninfo=conninfo, schema=schema, table="flights")

    @pytest.fixture
    def filled(self, query: Query, schema: str) -> str:
        for statement in LEFT_BEHIND:
            query(statement.format(schema=f"{schema}."))
        return schema

    def test_a_table_that_is_there_is_told_with_its_columns(self, target: Target, filled: str) -> None:
        facts = postgresql.check(target)
        assert facts["output"] == f"{filled}.flights"
        assert (facts["exists"], facts["columns"]) == (True, {"day": "date", "n": "integer"})
        assert facts["server"].startswith("PostgreSQL ")

    def test_one_that_is_not_there_is_no_error_and_is_not_made(self, target: Target, query: Query, schema: str) -> None:
        assert postgresql.check(target)["exists"] is False
        assert query("SELECT to_regclass(%s)", f"{schema}.flights") == [(None,)]

    @pytest.fixture
    def stranger(self, target: Target, query: Query) -> Iterator[Target]:
        """The same table for a user with no privilege on it."""
        name = f"stranger_{uuid.uuid4().hex[:8]}"
        query(f"CREATE ROLE {name} LOGIN PASSWORD 'strange'")
        query(f"GRANT USAGE ON SCHEMA {target.schema} TO {name}")
        conninfo = psycopg.conninfo.make_conninfo(target.conninfo, user=name, password="strange")
        yield Target(kind="postgresql", conninfo=conninfo, schema=target.schema, table="flights")
        query(f"DROP OWNED BY {name}")
        query(f"DROP ROLE {name}")

    def test_a_user_who_may_not_make_the_table_is_refused(self, stranger: Target) -> None:
        with pytest.raises(PermanentError, match=r"the user stranger_\w+ may not make the table outputs_\w+\.flights"):
            postgresql.check(stranger)

    def test_a_user_who_may_not_write_to_the_table_is_refused(
        self, stranger: Target, filled: str, query: Query
    ) -> None:
        with pytest.raises(PermanentError, match="may not write to the table"):
            postgresql.check(stranger)
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            postgresql.delete(stranger)
        assert query(f"SELECT count(*) FROM {filled}.flights") == [(2,)]

    def test_deleting_leaves_the_table_and_begins_its_states_again(
        self, target: Target, filled: str, query: Query
    ) -> None:
        assert postgresql.delete(target) == {"output": f"{filled}.flights", "rows": 2}
        check_that_only_flights_are_gone(query, f"{filled}.")

    def test_deleting_twice_or_before_the_first_load_deletes_nothing(self, target: Target, schema: str) -> None:
        assert postgresql.delete(target)["rows"] == 0
        assert postgresql.delete(target)["rows"] == 0

    def test_it_waits_for_a_load_that_is_under_way(
        self, target: Target, filled: str, conninfo: str, query: Query
    ) -> None:
        found: list[Any] = []
        with psycopg.connect(conninfo) as load:
            load.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", [f"{filled}.flights"])
            load.execute(f"INSERT INTO {filled}.flights VALUES ('2001-01-07', 3)")
            thread = threading.Thread(target=lambda: found.append(postgresql.delete(target)))
            thread.start()
            waiting = "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted"
            while query(waiting) == [(0,)]:
                assert thread.is_alive()
        thread.join()
        assert found == [{"output": f"{filled}.flights", "rows": 3}]


class TestDuckdb:
    @pytest.fixture
    def target(self, tmp_path: Path) -> Target:
        return Target(kind="duckdb", path=str(tmp_path / "out.duckdb"), table="flights")

    @pytest.fixture
    def filled(self, target: Target) -> Target:
        with duck.connect(target.path) as connection:
            for statement in LEFT_BEHIND:
                connection.execute(statement.format(schema=""))
        return target

    def test_it_tells_the_columns(self, filled: Target) -> None:
        facts = duckdb.check(filled)
        assert facts == {"output": "flights", "exists": True, "columns": {"day": "DATE", "n": "INTEGER"}}

    def test_a_file_that_is_not_there_is_not_made(self, target: Target) -> None:
        assert duckdb.check(target)["exists"] is False
        assert duckdb.delete(target) == {"output": "flights", "rows": 0}
        assert not Path(target.path).exists()

    def test_deleting_leaves_the_table_and_begins_its_states_again(self, filled: Target) -> None:
        assert duckdb.delete(filled) == {"output": "flights", "rows": 2}
        with duck.connect(filled.path) as connection:
            check_that_only_flights_are_gone(lambda statement: connection.execute(statement).fetchall())

    def test_a_view_in_the_file_cannot_reach_another_one(self, target: Target, tmp_path: Path) -> None:
        (tmp_path / "secret.csv").write_text("a\n1\n")
        with duck.connect(target.path) as connection:
            connection.execute(f"CREATE VIEW flights AS SELECT * FROM read_csv('{tmp_path}/secret.csv')")
        with pytest.raises(duck.Error):
            duckdb.delete(target)


class TestSqlalchemy:
    @pytest.fixture
    def target(self, tmp_path: Path) -> Target:
        return Target(kind="sqlalchemy", url=f"sqlite:///{tmp_path}/out.sqlite", table="flights")

    @pytest.fixture
    def query(self, target: Target) -> Query:
        engine = sa.create_engine(target.url, poolclass=sa.NullPool)

        def ask(statement: str) -> list[tuple[Any, ...]]:
            with engine.begin() as connection:
                result = connection.execute(sa.text(statement))
                return [tuple(row) for row in result] if result.returns_rows else []

        return ask

    @pytest.fixture
    def filled(self, target: Target, query: Query) -> Target:
        for statement in LEFT_BEHIND:
            query(statement.format(schema=""))
        return target

    def test_it_tells_the_columns(self, filled: Target) -> None:
        facts = sqlalchemy.check(filled)
        assert facts == {
            "output": "flights",
            "exists": True,
            "columns": {"day": "DATE", "n": "INTEGER"},
            "server": "sqlite",
        }

    def test_a_table_that_is_not_there_is_no_error(self, target: Target) -> None:
        assert sqlalchemy.check(target)["exists"] is False
        assert sqlalchemy.delete(target) == {"output": "flights", "rows": 0}

    def test_deleting_leaves_the_table_and_begins_its_states_again(self, filled: Target, query: Query) -> None:
        assert sqlalchemy.delete(filled) == {"output": "flights", "rows": 2}
        check_that_only_flights_are_gone(query)


class TestFiles:
    @pytest.fixture
    def target(self, tmp_path: Path) -> Target:
        return Target(kind="files", path=str(tmp_path / "flights.parquet"), format="parquet")

    def test_only_what_loads_have_written_is_removed(self, target: Target, tmp_path: Path) -> None:
        ours = ("flights.parquet", "flights-0123456789abcdef.parquet")
        others = ("flights-2001.parquet", "flights-0123456789abcdef.csv", "trains.parquet", "xflights.parquet")
        for name in (*ours, *others):
            (tmp_path / name).write_text("x")
        assert files.check(target) == {"output": "flights.parquet", "exists": True, "files": 2}
        assert files.delete(target) == {"output": "flights.parquet", "files": 2}
        assert sorted(file.name for file in tmp_path.iterdir()) == sorted(others)
        assert files.delete(target)["files"] == 0

    def test_a_link_to_a_file_elsewhere_is_removed_and_the_file_is_not(self, target: Target, tmp_path: Path) -> None:
        elsewhere = tmp_path / "elsewhere"
        elsewhere.write_text("x")
        Path(target.path).symlink_to(elsewhere)
        assert files.delete(target)["files"] == 1
        assert elsewhere.exists()


class TestFilesOnS3:
    def test_only_what_loads_have_written_is_removed(self) -> None:
        ours = [f"out/flights-{number:016x}.parquet" for number in range(3)] + ["out/flights.parquet"]
        others = ["out/flights-2001.parquet", "out/flights/flights.parquet", "flights.parquet", "out/flightsx.parquet"]
        with s3_service() as service:
            service.objects = dict.fromkeys(ours + others, b"x")
            path = f"s3://{BUCKET}/out/flights.parquet"
            target = Target(kind="files", path=path, format="parquet", s3=service.access)
            found, gone = files.check(target), files.delete(target)
        assert (found["exists"], found["files"]) == (True, 4)
        assert gone == {"output": path, "files": 4}
        assert list(service.objects) == others
