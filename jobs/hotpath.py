"""Database connections of the run engine.

Celery's Django fix-up closes Django's connection after every task, at 5 ms of PostgreSQL each, and the ORM costs more than the
statements do; so the engine has a psycopg pool of its own, one a process. Its sessions pin what the planner may do: the
statements in jobs/sql touch few rows through an index each, and a payload table that was just filled has no statistics that
would say so. tests/integration/engine/test_plans.py holds the plans to it.
"""

from __future__ import annotations

import os
import select
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import psycopg
from django.db import DEFAULT_DB_ALIAS, connections
from psycopg.rows import namedtuple_row
from psycopg_pool import ConnectionPool, PoolTimeout

from jobs import sql

SESSION = " ".join(
    f"-c {setting}"
    for setting in (
        "plan_cache_mode=force_generic_plan",
        "enable_seqscan=off",
        "enable_hashjoin=off",
        "enable_mergejoin=off",
        "enable_incremental_sort=off",
        "jit=off",
        "statement_timeout=60s",
        "lock_timeout=30s",
        # A process that is stopped in the middle (a debugger, a frozen machine) must not keep locks from those that go on.
        "idle_in_transaction_session_timeout=10s",
        # What a host that vanished has locked is free within half a minute.
        "tcp_keepalives_idle=10",
        "tcp_keepalives_interval=5",
        "tcp_keepalives_count=4",
        "timezone=UTC",
    )
)
_GET_SECONDS = 3.0
_RECONNECT_SECONDS = 1.0
"""The pool gives up this soon, so that the next who asks makes it try again: its own back-off would last as long as the outage.
Who waits asks again as often, for the pool forgets those who were waiting when it gave up."""

LANES = "lanes"
HEARTBEAT = "heartbeat"
"""The heartbeat has a connection of its own: it must not queue behind the work that it keeps alive. Nor does it wait for a row that
somebody keeps locked: all lanes of its process would wait with it, for longer than their leases."""
CLEANUP = "cleanup"
"""A log cleanup's batch takes tenths of a second: no lane shall wait for a connection meanwhile."""
SINKS = "sinks"
"""Reading what is delivered takes tenths of a second, too, where results are large: lanes and deliveries shall not wait for each
other."""
_POOL_SIZES = {LANES: 4, HEARTBEAT: 1, CLEANUP: 2, SINKS: 4}
"""A lane has a connection while a statement runs, a millisecond or so, and the lanes of a process share these. One each would
mean that a run of fifty lanes forks fifty servers."""

_BESIDES = {HEARTBEAT: " -c lock_timeout=1s"}
"""What the sessions of a role have besides `SESSION`."""

FEW_ROWS = 20
"""A cursor holds its last result until it is used again: with more rows than these it is not kept."""


class EngineConnection(psycopg.Connection[Any]):
    """Keeps a cursor for each statement that was executed on it.

    What psycopg has found out about a statement's parameters and columns is the cursor's: to find it out anew takes longer than all
    the rest that is done on this side.
    """

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self.cursors: dict[str, psycopg.RawCursor[Any]] = {}


_pools: dict[tuple[int, str, str], ConnectionPool[EngineConnection]] = {}
_opening = threading.Lock()

RETRYABLE = (
    psycopg.OperationalError,
    psycopg.errors.DeadlockDetected,
    psycopg.errors.SerializationFailure,
    psycopg.errors.IdleInTransactionSessionTimeout,
)
"""What passes: a restarting server, a broken connection, a deadlock's victim, a process that stood still within a transaction."""


@contextmanager
def connection(role: str = LANES) -> Iterator[EngineConnection]:
    """A connection in autocommit mode, returned to the pool afterwards. Raises psycopg.OperationalError when there is none."""
    pool = _pool(role)
    leased = _living(pool)
    try:
        yield leased
    finally:
        pool.putconn(leased)  # rolls back what an error has left open


def ask() -> None:
    """Hear from the server, however long it takes. Raises psycopg.OperationalError when it does not answer."""
    with connection() as leased:
        leased.execute("SELECT 1")


def _living(pool: ConnectionPool[EngineConnection]) -> EngineConnection:
    """A connection that the server has not ended: after a restart the pool is full of dead ones, each good for one failure."""
    while True:
        leased = _any(pool)
        if not _is_dead(leased):
            return leased
        leased.close()
        pool.putconn(leased)


def _any(pool: ConnectionPool[EngineConnection]) -> EngineConnection:
    until = time.monotonic() + _GET_SECONDS
    while True:
        try:
            return pool.getconn(timeout=_RECONNECT_SECONDS)
        except PoolTimeout:
            if time.monotonic() >= until:
                raise


def _is_dead(idle: EngineConnection) -> bool:
    """Whether an idle connection has something to read: its server's farewell, or the end. Costs microseconds and no round trip."""
    if idle.closed:
        return True
    poll = select.poll()
    poll.register(idle.fileno(), select.POLLIN)
    return bool(poll.poll(0))


def execute(
    connection: EngineConnection,
    statement: str,
    parameters: Mapping[str, Any],
    *,
    of: sql.Statements = sql.ENGINE,
) -> psycopg.Cursor[Any]:
    """Execute ``<statement>.sql``; of the parameters only those that it names are sent.

    The statement goes out as the server wants it: psycopg would take a long one apart for each execution, at a millisecond. Read
    the answer before the same statement is executed on this connection again.
    """
    text, names = of.numbered(statement)
    cursor = connection.cursors.pop(text, None) or psycopg.RawCursor(connection)
    cursor.execute(text, [parameters[name] for name in names])
    if cursor.rowcount <= FEW_ROWS:
        connection.cursors[text] = cursor
    return cursor


def close() -> None:
    """Close this process's connections (tests do, before they drop a database)."""
    for key in [key for key in _pools if key[0] == os.getpid()]:
        _pools.pop(key).close()


def _pool(role: str) -> ConnectionPool[EngineConnection]:
    """The pool of this process (a forked child must not share its parent's) for Django's present database."""
    key = (os.getpid(), _settings()["NAME"], role)
    pool = _pools.get(key)
    if pool is None:
        with _opening:
            pool = _pools.get(key) or _pools.setdefault(key, _open(role))
    return pool


def connect() -> EngineConnection:
    """A connection of its own, for who needs a session and not only a statement: a lock that it holds, messages that it waits for.

    Raises:
        psycopg.OperationalError: There is none to have.
    """
    return EngineConnection.connect(**_parameters())


def _open(role: str) -> ConnectionPool[EngineConnection]:
    return ConnectionPool(
        connection_class=EngineConnection,
        kwargs=_parameters(besides=_BESIDES.get(role, "")),
        min_size=0,
        max_size=_POOL_SIZES[role],
        reconnect_timeout=_RECONNECT_SECONDS,
        open=True,
        name="engine",
    )


def _settings() -> dict[str, Any]:
    """Not from ``django.db.connection``, which looks for the thread's own connection first."""
    settings: dict[str, Any] = connections.settings[DEFAULT_DB_ALIAS]
    return settings


def _parameters(besides: str = "") -> dict[str, Any]:
    settings = _settings()
    return {
        "host": settings["HOST"] or None,
        "port": settings["PORT"] or None,
        "user": settings["USER"] or None,
        "password": settings["PASSWORD"] or None,
        "dbname": settings["NAME"],
        "options": SESSION + besides,
        "application_name": "jobs-engine",
        "autocommit": True,
        "prepare_threshold": 0,
        "connect_timeout": 5,
        "row_factory": namedtuple_row,
    }
