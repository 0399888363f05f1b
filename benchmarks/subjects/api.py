"""This system's API with a month of history: one web process as a deployment runs it, and nothing else."""

from __future__ import annotations

import contextlib
import datetime as dt
import os
import random
import socket
from collections.abc import Callable, Iterator, Sequence

import psycopg

from benchmarks.load import Answers, Client, Request
from benchmarks.processes import Group, cpu_seconds, running
from benchmarks.report import API_CALLS, percentile
from benchmarks.servers import Servers, empty_broker
from benchmarks.subjects.api_rows import JOBS, RUNS, fill
from benchmarks.subjects.base import Sample
from benchmarks.subjects.ours import NOOP, Ours, Session

DATABASE = "jobs_bench_api"
KEEP = "BENCH_KEEP"
"""Set to keep the filled database for the next run, and to use it when it is there: to fill it takes minutes."""
PER_SECOND = 50
REQUESTS = 500
TRIGGERS = 1_500
PAGE = 100
WEB = "gunicorn jobsproject.wsgi -k gthread -w 1 --threads 8 --no-control-socket -b 127.0.0.1:{port}"

_BASE = "/api/v1/workspaces/bench/"
_SCHEDULE = {"triggers": [{"type": "cron", "expression": "0 30 2 * * ?"}]}


class OursApi(Ours):
    """A web process with eight threads. A call is over when its whole answer has been read."""

    def __init__(self, *, servers: Servers) -> None:
        super().__init__(servers=servers, database=DATABASE)

    def install(self) -> None:
        """The schema and the history, counted into the totals as sweeps would have done; what was kept gets the migrations that
        came since."""
        if self._is_filled():
            self.migrate()
        else:
            super().install()
            self._fill()

    def remove(self) -> None:
        """Drop the database, unless it is to be kept."""
        if KEEP not in os.environ:
            super().remove()

    def calls(self) -> Sample:
        """p50 and p99 of each call at `PER_SECOND` a second, one after another, and what one takes of the web process's core."""
        sample: Sample = {}
        with self.web() as (client, connection, web):
            for name, requests in _requests(connection).items():
                client.steadily(requests[:PER_SECOND], per_second=PER_SECOND)
                before = cpu_seconds(web)
                sample |= _percentiles(name, client.steadily(requests, per_second=PER_SECOND))
                sample[f"{name}_cpu_ms"] = _each_ms(cpu_seconds(web) - before, len(requests))
        return sample

    def triggers(self) -> Sample:
        """How many triggers are accepted a second, each answered with its run, committed and published; and what one takes of the
        web process's core."""
        with self.web() as (client, connection, web):
            job = Request(f"{_BASE}jobs/task:template/trigger/", "POST", "{}")
            client.busily([job] * 100)
            before = cpu_seconds(web)
            _, seconds = client.busily([job] * TRIGGERS)
            cpu_ms = _each_ms(cpu_seconds(web) - before, TRIGGERS)
            _forget(connection)
        return {"triggers_per_second": TRIGGERS / seconds, "trigger_cpu_ms": cpu_ms}

    @contextlib.contextmanager
    def web(self) -> Iterator[tuple[Client, psycopg.Connection, list[Group]]]:
        """The web process, somebody who asks it, and a connection to its database."""
        empty_broker(url=self._broker_url)
        port = _free_port()
        web = WEB.format(port=port).split()
        with (
            self._driver() as driver,
            psycopg.connect(self._url, autocommit=True) as connection,
            running(commands={"web": web}, environment=self._environment, ready=lambda: _listens(port)) as web_process,
        ):
            session = Session(driver=driver, connection=connection, workers=[])
            yield Client(port=port, proof=self.proof(session)), connection, web_process

    def proof(self, session: Session) -> dict[str, str]:
        """The header that says who asks: a token."""
        return {"Authorization": f"Bearer {session.ask(do='token')['token']}"}

    def _is_filled(self) -> bool:
        if KEEP not in os.environ:
            return False
        try:
            with psycopg.connect(self._url) as connection:
                row = connection.execute("SELECT to_regclass('bench_is_filled')").fetchone()
                return row is not None and row[0] is not None
        except psycopg.OperationalError:
            return False

    def _fill(self) -> None:
        with self._driver() as driver, psycopg.connect(self._url, autocommit=True) as connection:
            connection.execute("SET TIME ZONE 'UTC'")
            session = Session(driver=driver, connection=connection, workers=[])
            document = {
                "key": "task:template",
                "schedules": [_SCHEDULE],
                "tags": ["bench"],
                "metadata": {"team": "data"},
            }
            session.ask(do="define", document=document, payload=NOOP, count=1)
            fill(connection)
            session.ask(do="count_runs")
            connection.execute("VACUUM (ANALYZE) jobs_run_totals")
            connection.execute("CREATE TABLE bench_is_filled ()")


def _requests(connection: psycopg.Connection) -> dict[str, list[Request]]:
    """What is asked in each call: other jobs, runs and filters each time, from a seed that stays."""
    draw = random.Random(7)
    newest = _number(connection, "SELECT max(id) FROM jobs_run")
    deep = _number(connection, f"SELECT id FROM jobs_run ORDER BY id DESC OFFSET {999 * PAGE} LIMIT 1")

    def run() -> int:
        return newest - draw.randrange(RUNS)

    def job() -> str:
        return f"task:job-{draw.randint(1, JOBS)}"

    filters: Sequence[Callable[[], str]] = (
        lambda: f"?limit={PAGE}",
        lambda: f"?limit={PAGE}&job={job()}",
        lambda: f"?limit={PAGE}&state=failed",
        lambda: f"?limit={PAGE}&state=running",
        lambda: f"?limit={PAGE}&job={job()}&state=cancelled",
        lambda: f"?limit={PAGE}&actor=nobody",
        lambda: f"?limit={PAGE}&trigger=rerun",
        lambda: f"?limit={PAGE}&until={_days_ago(draw.randint(1, 29))}",
        lambda: f"?limit={PAGE}&since={_days_ago(draw.randint(1, 29))}&order=id",
    )
    paths: dict[str, Callable[[], str]] = {
        "jobs": lambda: f"jobs/?limit={PAGE}&after={job()}",
        "runs": lambda: "runs/" + draw.choice(filters)(),
        "run": lambda: f"runs/{run()}/",
        "events": lambda: f"runs/{run()}/events/",
        "payloads": lambda: f"runs/{run()}/payloads/",
        "summary": lambda: "metrics/summary/",
        "throughput": lambda: "metrics/throughput/",
        "page_1": lambda: f"runs/?limit={PAGE}",
        "page_1000": lambda: f"runs/?limit={PAGE}&after={deep}",
    }
    return {name: [Request(_BASE + paths[name]()) for _ in range(REQUESTS)] for name in API_CALLS}


def _days_ago(days: int) -> str:
    return f"{dt.datetime.now(dt.UTC) - dt.timedelta(days=days):%Y-%m-%dT%H:%M:%SZ}"


def _percentiles(name: str, answers: Answers) -> Sample:
    return {f"{name}_p{percent}_ms": percentile(answers.seconds, percent=percent) * 1000 for percent in (50, 99)}


def _each_ms(seconds: float, count: int) -> float:
    return seconds * 1000 / count


def _forget(connection: psycopg.Connection) -> None:
    """The runs that were triggered."""
    triggered = "(SELECT id FROM jobs_run WHERE job_key = 'task:template' AND ended_at IS NULL)"
    for table in ("jobs_payload", "jobs_event"):
        connection.execute(f"DELETE FROM {table} WHERE run_id IN {triggered}")
    connection.execute("DELETE FROM jobs_run WHERE job_key = 'task:template' AND ended_at IS NULL")


def _number(connection: psycopg.Connection, query: str) -> int:
    row = connection.execute(query).fetchone()
    return int(row[0]) if row else 0


def _free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


def _listens(port: int) -> bool:
    with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
        return True
    return False
