"""A connection that is cut at a chosen statement."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Any

import psycopg
import pytest
from django.db import connection as django_connection


class Saw:
    """Ends the server's side of the engine's connection at its n-th statement: before it, or after it was committed."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.at = 0
        self.after = False
        self.seen = 0
        self._execute = psycopg.Cursor.execute
        self._transaction = psycopg.Connection.transaction
        monkeypatch.setattr(psycopg.Cursor, "execute", self._cut_statement())
        monkeypatch.setattr(psycopg.Connection, "transaction", self._cut_transaction())

    def set(self, *, at: int, after: bool) -> None:
        """Cut once, at that statement from now."""
        self.at, self.after, self.seen = at, after, 0

    @property
    def fell(self) -> bool:
        """Whether the cut was made."""
        return self.seen >= self.at

    def _cut_statement(self) -> Any:
        def execute(cursor: psycopg.Cursor[Any], *arguments: Any, **options: Any) -> Any:
            cuts = self._counts(cursor.connection)
            if cuts and not self.after:
                end_session(cursor.connection)
            self._execute(cursor, *arguments, **options)
            if cuts and self.after:
                self._lose_answer(cursor.connection)
            return cursor

        return execute

    def _cut_transaction(self) -> Any:
        @contextlib.contextmanager
        def transaction(connection: psycopg.Connection[Any], *arguments: Any, **options: Any) -> Iterator[Any]:
            with self._transaction(connection, *arguments, **options) as block:
                yield block
                cuts = self._counts(connection)
                if cuts and not self.after:
                    end_session(connection)
            if cuts and self.after:
                self._lose_answer(connection)

        return transaction

    def _counts(self, connection: psycopg.Connection[Any]) -> bool:
        """Whether this statement of the engine is the one."""
        if connection.info.get_parameters().get("application_name") != "jobs-engine":
            return False
        self.seen += 1
        return self.seen == self.at

    def _lose_answer(self, connection: psycopg.Connection[Any]) -> None:
        end_session(connection)
        raise psycopg.OperationalError("server closed the connection unexpectedly")


def end_session(connection: psycopg.Connection[Any]) -> None:
    """As a server does that shuts down."""
    with django_connection.cursor() as cursor:
        cursor.execute("SELECT pg_terminate_backend(%s, 5000)", [connection.info.backend_pid])
