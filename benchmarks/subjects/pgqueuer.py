"""pgqueuer: jobs as rows, claimed and logged in batches."""

from __future__ import annotations

import asyncio
import datetime as dt
import time

import asyncpg
import psycopg
from pgqueuer.db import AsyncpgDriver
from pgqueuer.queries import Queries

from benchmarks.processes import running, wait_until
from benchmarks.servers import Servers, create_database, drop_database
from benchmarks.subjects.base import LIMIT_SECONDS, WARM_UP, Sample, Usage

DATABASE = "jobs_bench_pgqueuer"
PROCESSES = 2
POLL_SECONDS = 0.2
"""Seldom, because counting reads the whole log; the end is the log's own time, so nothing is lost by it."""

_WORKERS = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
_COMPLETED = "SELECT count(*), max(created) FROM pgqueuer_log WHERE status = 'successful'"


class PgQueuer:
    """Two worker processes, in batches of 50 and on uvloop. A job is complete when the log says ``successful``."""

    name = "pgqueuer"

    def __init__(self, *, servers: Servers) -> None:
        self._servers = servers
        self._url = servers.database(name=DATABASE)

    def install(self) -> None:
        """A database with pgqueuer's schema, in its durable form."""
        create_database(servers=self._servers, name=DATABASE)
        asyncio.run(_install(self._url))

    def remove(self) -> None:
        """Drop the database."""
        drop_database(servers=self._servers, name=DATABASE)

    def noops(self, *, count: int) -> Sample:
        """Enqueue all jobs in one statement."""
        with psycopg.connect(self._url, autocommit=True) as connection:
            connection.execute("TRUNCATE pgqueuer, pgqueuer_log")
            with running(
                commands={f"pgqueuer-{number}": ["benchmarks.apps.pgqueuer"] for number in range(PROCESSES)},
                environment={"BENCH_DATABASE_URL": self._url},
                ready=lambda: connection.execute(_WORKERS).fetchone() == (PROCESSES,),
            ) as workers:
                self._run(connection, count=WARM_UP, done=WARM_UP)
                usage = Usage(workers=workers, connection=connection)
                began, ended = self._run(connection, count=count, done=WARM_UP + count)
                return usage.sample(count=count, seconds=ended - began)

    def enqueue(self, *, count: int) -> Sample:
        """The time to enqueue ``count`` jobs in one statement, with no worker running."""
        with psycopg.connect(self._url, autocommit=True) as connection:
            connection.execute("TRUNCATE pgqueuer, pgqueuer_log")
        began, ended = asyncio.run(_enqueue(self._url, count))
        return {"seconds": ended - began}

    def _run(self, connection: psycopg.Connection, *, count: int, done: int) -> tuple[float, float]:
        """Enqueue, wait for ``done`` successes in all; returns the times of the call and of the last success."""
        began, _ = asyncio.run(_enqueue(self._url, count))
        wait_until(
            lambda: _completed(connection)[0] >= done,
            seconds=LIMIT_SECONDS,
            what="pgqueuer to finish",
            pause=POLL_SECONDS,
        )
        return began, _completed(connection)[1].timestamp()


async def _install(url: str) -> None:
    connection = await asyncpg.connect(url)
    try:
        await Queries(AsyncpgDriver(connection)).install()
    finally:
        await connection.close()


async def _enqueue(url: str, count: int) -> tuple[float, float]:
    """When the call began and when it returned, in seconds since the epoch; connecting is not counted."""
    connection = await asyncpg.connect(url)
    try:
        queries = Queries(AsyncpgDriver(connection))
        began = time.time()
        await queries.enqueue(["noop"] * count, [None] * count, [0] * count)
        return began, time.time()
    finally:
        await connection.close()


def _completed(connection: psycopg.Connection) -> tuple[int, dt.datetime]:
    count, last = connection.execute(_COMPLETED).fetchone() or (0, None)
    return count, last
