"""Connections that do not wait for a server for ever.

PostgreSQL's own time limits are kept by the server: one that is stopped, or that something between swallows, keeps none, while the
kernel at the other end still confirms what it is sent.
"""

from __future__ import annotations

from collections.abc import Generator
from typing import Any

import psycopg
import sqlalchemy
from psycopg import errors


class NoAnswer(psycopg.OperationalError):
    """Nothing came within the time."""


_TOOK_TOO_LONG = (NoAnswer, errors.ConnectionTimeout, errors.LockNotAvailable, errors.QueryCanceled)


def took_too_long(error: object) -> bool:
    """Whether a time limit, of ours or of the server, is behind an error of the driver."""
    return isinstance(error, _TOOK_TOO_LONG)


def be_impatient(engine: sqlalchemy.Engine, *, seconds: float) -> None:
    """Let no statement of this engine's connections, from psycopg, wait for longer. Such a connection is then closed.

    Args:
        engine: It has not connected yet.
        seconds: For each statement; connecting has a time limit of its own.
    """

    class Impatient(psycopg.Connection[Any]):
        def wait(self, gen: Generator[Any, Any, Any], interval: float = 0.1, timeout: float | None = None) -> Any:
            try:
                return super().wait(gen, interval, seconds)
            except errors._WaitTimeout as error:
                self.pgconn.finish()  # whatever it would say now belongs to what was given up
                raise NoAnswer(f"no answer within {seconds:g} s") from error

    @sqlalchemy.event.listens_for(engine, "do_connect")
    def connect(_dialect: Any, _record: Any, arguments: list[Any], options: dict[str, Any]) -> Any:
        return Impatient.connect(*arguments, **options)
