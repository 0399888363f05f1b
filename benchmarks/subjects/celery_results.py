"""Celery on Redis with django-celery-results: a row in PostgreSQL for each task, as many Django projects run it."""

from __future__ import annotations

import datetime as dt
import time

import psycopg
from celery import Celery

from benchmarks.processes import end, running, start, wait_until
from benchmarks.servers import Servers, create_database, drop_database, empty_broker
from benchmarks.subjects.base import LIMIT_SECONDS, WARM_UP, Sample, Usage
from benchmarks.subjects.celery_workers import QUIET, answering

BROKER_NUMBER = 12
DATABASE = "jobs_bench_celery_results"


class CeleryResults:
    """One worker with two prefork children. A task is complete when its row says so (``date_done``)."""

    name = "celery-results"

    def __init__(self, *, servers: Servers) -> None:
        self._servers = servers
        self._broker_url = servers.broker(number=BROKER_NUMBER)
        self._app = Celery("results", broker=self._broker_url)
        self._environment = {
            "BROKER_URL": self._broker_url,
            "BENCH_DATABASE_URL": servers.database(name=DATABASE),
            "DJANGO_SETTINGS_MODULE": "benchmarks.apps.results_settings",
        }

    def install(self) -> None:
        """A database with django-celery-results' tables."""
        create_database(servers=self._servers, name=DATABASE)
        migration = start(name="results-migrate", arguments=["django", "migrate"], environment=self._environment)
        try:
            if migration.wait(timeout=60):
                raise RuntimeError("django-celery-results could not be installed: see .data/bench/results-migrate.log")
        finally:
            end([migration])

    def remove(self) -> None:
        """Drop the database, empty the broker."""
        drop_database(servers=self._servers, name=DATABASE)
        empty_broker(url=self._broker_url).flushdb()

    def noops(self, *, count: int) -> Sample:
        """Publish one message a task, over one connection that is kept."""
        empty_broker(url=self._broker_url)
        with (
            psycopg.connect(self._environment["BENCH_DATABASE_URL"], autocommit=True) as connection,
            running(
                commands={
                    "celery-results": [
                        "celery",
                        "-A",
                        "benchmarks.apps.celery_results",
                        "worker",
                        "-P",
                        "prefork",
                        "-c",
                        "2",
                        *QUIET,
                    ]
                },
                environment=self._environment,
                ready=lambda: answering(app=self._app, nodes=1),
            ) as workers,
        ):
            connection.execute("TRUNCATE django_celery_results_taskresult")
            self._run(connection, count=WARM_UP, done=WARM_UP)
            usage = Usage(workers=workers, connection=connection)
            began = time.time()
            ended = self._run(connection, count=count, done=WARM_UP + count)
            return usage.sample(count=count, seconds=ended - began)

    def _run(self, connection: psycopg.Connection, *, count: int, done: int) -> float:
        """Publish, wait for ``done`` rows in all, and return when the last of them was written, in seconds since the epoch."""
        with self._app.producer_or_acquire() as producer:
            for _ in range(count):
                self._app.send_task("noop", producer=producer)
        wait_until(
            lambda: _completed(connection)[0] >= done, seconds=LIMIT_SECONDS, what="Celery's results", pause=0.05
        )
        return _completed(connection)[1].timestamp()


def _completed(connection: psycopg.Connection) -> tuple[int, dt.datetime]:
    query = "SELECT count(*), max(date_done) FROM django_celery_results_taskresult WHERE status = 'SUCCESS'"
    count, last = connection.execute(query).fetchone() or (0, None)
    return count, last
