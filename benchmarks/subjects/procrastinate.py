"""procrastinate: jobs as rows, fetched one by one, with every change of state an event in a table."""

from __future__ import annotations

import datetime as dt
import time

import procrastinate
import psycopg

from benchmarks.processes import running, wait_until
from benchmarks.servers import Servers, create_database, drop_database
from benchmarks.subjects.base import LIMIT_SECONDS, WARM_UP, Sample, Usage

DATABASE = "jobs_bench_procrastinate"
PROCESSES = 2
CONCURRENCY = 10


class Procrastinate:
    """Two worker processes. A job is complete when its ``succeeded`` event is in the table."""

    name = "procrastinate"

    def __init__(self, *, servers: Servers) -> None:
        self._servers = servers
        self._url = servers.database(name=DATABASE)

    def install(self) -> None:
        """A database with procrastinate's schema."""
        create_database(servers=self._servers, name=DATABASE)
        with self._app().open() as app:
            app.schema_manager.apply_schema()

    def remove(self) -> None:
        """Drop the database."""
        drop_database(servers=self._servers, name=DATABASE)

    def noops(self, *, count: int) -> Sample:
        """Defer all jobs in one batch."""
        arguments = [
            *("procrastinate", "--app=benchmarks.apps.procrastinate.app", "--log-level=warning"),
            *("worker", f"--concurrency={CONCURRENCY}"),
        ]
        with psycopg.connect(self._url, autocommit=True) as connection, self._app().open() as app:
            connection.execute("TRUNCATE procrastinate_jobs, procrastinate_workers CASCADE")
            with running(
                commands={f"procrastinate-{number}": arguments for number in range(PROCESSES)},
                environment={"BENCH_DATABASE_URL": self._url},
                ready=lambda: _count(connection, "SELECT count(*) FROM procrastinate_workers") >= PROCESSES,
            ) as workers:
                self._run(app, connection, count=WARM_UP)
                usage = Usage(workers=workers, connection=connection)
                began = time.time()
                ended = self._run(app, connection, count=count)
                return usage.sample(count=count, seconds=ended - began)

    def enqueue(self, *, count: int) -> Sample:
        """The time to defer ``count`` jobs in one batch, with no worker running."""
        with psycopg.connect(self._url, autocommit=True) as connection, self._app().open() as app:
            connection.execute("TRUNCATE procrastinate_jobs, procrastinate_workers CASCADE")
            began = time.time()
            app.configure_task("noop").batch_defer(*[{}] * count)
            return {"seconds": time.time() - began}

    def _app(self) -> procrastinate.App:
        return procrastinate.App(connector=procrastinate.SyncPsycopgConnector(conninfo=self._url))

    def _run(self, app: procrastinate.App, connection: psycopg.Connection, *, count: int) -> float:
        """Defer, wait for all, and return when the last job succeeded, in seconds since the epoch."""
        app.configure_task("noop").batch_defer(*[{}] * count)
        unfinished = "SELECT count(*) FROM procrastinate_jobs WHERE status IN ('todo', 'doing')"
        wait_until(
            lambda: _count(connection, unfinished) == 0,
            seconds=LIMIT_SECONDS,
            what="procrastinate to finish",
            pause=0.05,
        )
        query = "SELECT max(at) FROM procrastinate_events WHERE type = 'succeeded'"
        last: tuple[dt.datetime] | None = connection.execute(query).fetchone()
        if last is None:
            raise RuntimeError("procrastinate recorded no success")
        return last[0].timestamp()


def _count(connection: psycopg.Connection, query: str) -> int:
    row = connection.execute(query).fetchone()
    return int(row[0]) if row else 0
