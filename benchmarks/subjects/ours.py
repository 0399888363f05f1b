"""This system: two Celery workers as a deployment runs them, and a process that starts runs."""

from __future__ import annotations

import contextlib
import datetime as dt
import json
import time
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import psycopg
from celery import Celery

from benchmarks.processes import Group, end, running, start, wait_until
from benchmarks.servers import Servers, create_database, drop_database, empty_broker
from benchmarks.subjects.base import LIMIT_SECONDS, WARM_UP, Sample, Usage
from benchmarks.subjects.celery_workers import QUIET, answering

BROKER_NUMBER = 9
DATABASE = "jobs_bench_ours"
PROCESSES = 2
QUEUES = "default,http,datasource,spark,sinks"
THREADS = 16
IDLE_SECONDS = 0.02
MIGRATE_SECONDS = 600
"""An index on a long history takes minutes."""

NOOP = {"kind": "noop"}
_HISTORY_TABLES = ", ".join(
    (
        "jobs_run",
        "jobs_payload",
        "jobs_attempt",
        "jobs_lane",
        "jobs_requeued",
        "jobs_event",
        "jobs_log_line",
        "jobs_rejected_row",
        "jobs_stored_file",
        "jobs_handle",
        "jobs_follow_up",
        "jobs_pin",
        "jobs_cleanup",
        "sinks_handover",
        "sinks_delivery",
        "sinks_failed_delivery",
    )
)
_ACTIVE = "SELECT EXISTS (SELECT FROM jobs_run WHERE wake_at IS NOT NULL)"
_ENDED = "SELECT max(ended_at), min(state), max(state) FROM jobs_run WHERE id > %s"


class Ours:
    """Two worker processes of 16 threads. A payload is complete when its run is closed (``run.ended_at``)."""

    name = "ours"
    limits: Mapping[str, Any] = {}
    """What the configuration of the measured jobs says besides."""

    def __init__(self, *, servers: Servers, database: str = DATABASE, pool: str = "threads") -> None:
        self._servers = servers
        self._pool = pool
        self._name = database
        self._url = servers.database(name=database)
        self._broker_url = servers.broker(number=BROKER_NUMBER)
        self._app = Celery("ours", broker=self._broker_url)
        self._environment = {
            "BROKER_URL": self._broker_url,
            "DATABASE_URL": self._url,
            "DEBUG": "false",
            "DJANGO_SETTINGS_MODULE": "jobsproject.settings",
            "JOBS_EGRESS_ALLOW": "127.0.0.0/8",
            "LOG_LEVEL": "WARNING",
            "SECURE_COOKIES": "false",  # spoken to without TLS
        }

    def install(self) -> None:
        """A database with this system's schema."""
        create_database(servers=self._servers, name=self._name)
        self.migrate()

    def migrate(self) -> None:
        """Bring the schema up to date. Raises RuntimeError."""
        migration = start(name="ours-migrate", arguments=["django", "migrate"], environment=self._environment)
        try:
            if migration.wait(timeout=MIGRATE_SECONDS):
                raise RuntimeError("the migrations failed: see .data/bench/ours-migrate.log")
        finally:
            end([migration])

    def remove(self) -> None:
        """Drop the database, empty the broker."""
        drop_database(servers=self._servers, name=self._name)
        empty_broker(url=self._broker_url).flushdb()

    def noops(self, *, count: int, strict: bool = False, keep: bool = False, threads: int = THREADS) -> Sample:
        """One run of ``count`` no-op payloads, batched or one commit a payload.

        Args:
            keep: Leave the rows of earlier runs where they are.
        """
        with self._session(keep=keep, threads=threads) as session:
            job_id = session.define(
                name="many", payload=NOOP, count=count, configuration={"strict": strict, **self.limits}
            )
            usage = Usage(workers=session.workers, connection=None if keep else session.connection)
            began, ended = session.run(do="start", job_id=job_id)
            return usage.sample(count=count, seconds=ended - began)

    def single_runs(self, *, count: int, times: int = 1) -> Sample:
        """Many runs of one no-op payload, started in one call of the bulk service; so often, one after another."""
        with self._session() as session:
            job_id = session.define(name="single", payload=NOOP, count=1, configuration={**self.limits})
            calls = [session.run(do="start_many", job_id=job_id, count=count) for _ in range(times)]
            return {"done_per_second": count * times / sum(ended - began for began, ended in calls)}

    def enqueue(self, *, count: int) -> Sample:
        """The time that ``start_run`` takes, its commit and its messages included, with no worker running."""
        empty_broker(url=self._broker_url)
        with self._driver() as driver, psycopg.connect(self._url, autocommit=True) as connection:
            session = Session(driver=driver, connection=connection, workers=[])
            session.clear()
            session.ask(do="start", job_id=session.define(name="warm-up", payload=NOOP, count=WARM_UP))
            answer = session.ask(do="start", job_id=session.define(name="many", payload=NOOP, count=count))
            session.clear()
            return {"seconds": answer["returned"] - answer["began"]}

    def get(self, *, url: str, count: int, at_once: int) -> Sample:
        """One run of ``count`` GETs with ``at_once`` lanes, on workers with enough threads for them."""
        with self._session(threads=-(-at_once // PROCESSES)) as session:
            payload = {"kind": "http", "parameters": {"method": "GET", "url": url}}
            warm_up = session.define(
                name="gets", payload=payload, count=WARM_UP, configuration={"max_concurrent_requests": at_once}
            )
            session.run(do="start", job_id=warm_up)
            job_id = session.define(
                name="gets", payload=payload, count=count, configuration={"max_concurrent_requests": at_once}
            )
            began, ended = session.run(do="start", job_id=job_id)
            return {"done_per_second": count / (ended - began)}

    def latency(self, *, times: int) -> list[float]:
        """Seconds from the call of ``start_run`` to the first payload's ``started_at``, one run after another, at idle."""
        with self._session() as session:
            job_id = session.define(name="single", payload=NOOP, count=1)
            return [session.latency(job_id=job_id) for _ in range(times)]

    @contextlib.contextmanager
    def _session(self, *, threads: int = THREADS, keep: bool = False) -> Iterator[Session]:
        """Workers and driver, started, warm, and with nothing in the way."""
        empty_broker(url=self._broker_url)
        worker = ["celery", "-A", "jobsproject", "worker", "-P", self._pool, "-c", str(threads), "-Q", QUEUES, *QUIET]
        with (
            self._driver() as driver,
            psycopg.connect(self._url, autocommit=True) as connection,
            running(
                commands={f"ours-{number}": [*worker, "-n", f"bench{number}@%h"] for number in range(PROCESSES)},
                environment=self._environment,
                ready=lambda: answering(app=self._app, nodes=PROCESSES),
            ) as workers,
        ):
            session = Session(driver=driver, connection=connection, workers=workers)
            if not keep:
                session.clear()
            session.run(do="start", job_id=session.define(name="warm-up", payload=NOOP, count=WARM_UP))
            session.run(
                do="start_many", job_id=session.define(name="warm-up-single", payload=NOOP, count=1), count=WARM_UP
            )
            yield session

    @contextlib.contextmanager
    def _driver(self) -> Iterator[Group]:
        driver = start(
            name="ours-driver", arguments=["benchmarks.ours_driver"], environment=self._environment, talk=True
        )
        try:
            yield driver
        finally:
            end([driver])


class OursInPool(Ours):
    """`Ours` with another of Celery's pools."""

    def __init__(self, *, servers: Servers, pool: str) -> None:
        super().__init__(servers=servers, database=f"{DATABASE}_{pool}", pool=pool)
        self.name = f"ours-{pool}"


class Session:
    """One measurement's processes, and a connection that watches the database."""

    def __init__(self, *, driver: Group, connection: psycopg.Connection, workers: list[Group]) -> None:
        self.workers = workers
        self.connection = connection
        self._driver = driver

    def ask(self, *, do: str, **arguments: object) -> dict[str, Any]:
        """Have the driver do something; returns its answer. Raises RuntimeError when it has ended."""
        if self._driver.stdin is None or self._driver.stdout is None:
            raise RuntimeError("the driver was started without pipes")
        self._driver.stdin.write(json.dumps({"do": do, **arguments}) + "\n")
        self._driver.stdin.flush()
        line = self._driver.stdout.readline()
        if not line:
            raise RuntimeError("the driver has ended: see .data/bench/ours-driver.log")
        answer: dict[str, Any] = json.loads(line)
        return answer

    def define(
        self,
        *,
        name: str,
        payload: dict[str, Any],
        count: int,
        configuration: dict[str, Any] | None = None,
        sinks: Sequence[dict[str, Any]] = (),
    ) -> int:
        """Save a job of ``count`` equal payloads; returns its id."""
        document = {"key": f"task:{name}", "configuration": configuration or {}, "sinks": list(sinks)}
        return int(self.ask(do="define", document=document, payload=payload, count=count)["job_id"])

    def run(self, **request: Any) -> tuple[float, float]:
        """Start runs and wait for their ends; returns the times of the call and of the last end, in seconds since the epoch.

        Raises:
            RuntimeError: One of them did not succeed.
        """
        last_id = self.one("SELECT coalesce(max(id), 0) FROM jobs_run")[0]
        began: float = self.ask(**request)["began"]
        wait_until(lambda: not self.one(_ACTIVE)[0], seconds=LIMIT_SECONDS, what="the runs to end", alive=self.workers)
        ended_at, *states = self.one(_ENDED, [last_id])
        if set(states) != {"succeeded"} or not isinstance(ended_at, dt.datetime):
            raise RuntimeError(f"the runs ended as {states}: see the logs in .data/bench")
        return began, ended_at.timestamp()

    def latency(self, *, job_id: int) -> float:
        """Seconds from the trigger to the start of the first payload, after a pause that lets the workers come to rest."""
        time.sleep(IDLE_SECONDS)
        began, _ = self.run(do="start", job_id=job_id)
        query = "SELECT started_at FROM jobs_payload WHERE run_id = (SELECT max(id) FROM jobs_run) AND position = 0"
        started_at: dt.datetime = self.one(query)[0]
        return started_at.timestamp() - began

    def clear(self) -> None:
        """Forget all runs, so that every measurement begins with the same small tables."""
        self.connection.execute(f"TRUNCATE {_HISTORY_TABLES} CASCADE")  # what is owed to sinks, too

    def one(self, query: str, parameters: list[object] | None = None) -> tuple[Any, ...]:
        """The first row that a query finds. Raises RuntimeError: there is none."""
        row = self.connection.execute(query, parameters).fetchone()
        if row is None:
            raise RuntimeError("the database returned no row")
        return tuple(row)
