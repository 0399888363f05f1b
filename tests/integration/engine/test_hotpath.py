"""The engine's connections: what is kept of a statement, and what an error leaves behind."""

from __future__ import annotations

from pathlib import Path

import psycopg
import pytest

from jobs import hotpath
from jobs.sql import Statements

pytestmark = [pytest.mark.engine, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def numbers(tmp_path: Path) -> Statements:
    """A statement that answers so many rows as it is asked for."""
    (tmp_path / "numbers.sql").write_text("SELECT generate_series(1, %(count)s) AS number")
    return Statements(tmp_path)


def ask(connection: hotpath.EngineConnection, numbers: Statements, count: object) -> psycopg.Cursor[object]:
    return hotpath.execute(connection, "numbers", {"count": count}, of=numbers)


class TestACursor:
    def test_it_is_used_again_for_its_statement(self, numbers: Statements) -> None:
        with hotpath.connection() as connection:
            first = ask(connection, numbers, 2)
            assert [row.number for row in first] == [1, 2]  # type: ignore[attr-defined]
            again = ask(connection, numbers, 3)
            assert again is first
            assert [row.number for row in again] == [1, 2, 3]  # type: ignore[attr-defined]

    def test_it_is_not_kept_with_a_large_answer(self, numbers: Statements) -> None:
        with hotpath.connection() as connection:
            large = ask(connection, numbers, hotpath.FEW_ROWS + 1)
            assert ask(connection, numbers, 1) is not large

    def test_it_is_not_kept_after_an_error(self, numbers: Statements) -> None:
        with hotpath.connection() as connection:
            first = ask(connection, numbers, 1)
            with pytest.raises(psycopg.DataError):
                ask(connection, numbers, "many")
            assert ask(connection, numbers, 1) is not first


def begin_and_fail() -> None:
    with hotpath.connection() as connection:
        connection.execute("BEGIN")
        connection.execute("INSERT INTO left_open VALUES (1)")
        raise ZeroDivisionError


def test_a_transaction_that_an_error_has_left_open_is_rolled_back() -> None:
    with hotpath.connection() as connection:
        connection.execute("CREATE TABLE left_open (number int)")
    with pytest.raises(ZeroDivisionError):
        begin_and_fail()
    with hotpath.connection() as connection:
        assert connection.info.transaction_status == psycopg.pq.TransactionStatus.IDLE
        assert connection.execute("SELECT count(*) FROM left_open").fetchone() == (0,)
        connection.execute("DROP TABLE left_open")
