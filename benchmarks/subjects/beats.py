"""This system's beats: up to a million schedules, each of a job of its own."""

from __future__ import annotations

import contextlib
import datetime as dt
import functools
import time
from collections.abc import Iterator

import psycopg
import redis

from benchmarks.arrivals import Arrivals, sent_runs
from benchmarks.filling import bulk
from benchmarks.processes import Group, cpu_seconds, cpu_seconds_of, memory_mb, running, started_at, wait_until
from benchmarks.servers import Servers, client_url, empty_broker
from benchmarks.subjects.base import LIMIT_SECONDS, Sample
from benchmarks.subjects.ours import NOOP, QUEUES, Ours, Session

LEAD_SECONDS = 3.0
"""From the moment that the beats are ready until the schedules are due."""
QUIET_SECONDS = 20.0
PUBLISH_SECONDS = 2.0
"""From the commit of the last run until its message is sent, in any case."""
EDIT_SECONDS = 0.2
"""From the call that saves a schedule until it is due."""
_TEMPLATE = {"triggers": [{"type": "cron", "expression": "0 0 0 1 1 ?"}]}
_HISTORY = "jobs_run, jobs_payload, jobs_event, scheduler_fire"
_LISTENING = (
    "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND query = 'LISTEN jobs_schedules'"
)
_READY_AT = "SELECT max(extract(epoch FROM state_change)) FROM pg_stat_activity WHERE query = 'LISTEN jobs_schedules'"
_COPY_JOBS = """
    INSERT INTO jobs_job (name, {columns})
    SELECT 'job-' || n, {values} FROM jobs_job AS t, generate_series(1, %(count)s) AS n WHERE t.name = 'template'
"""
# Each at a second of its own, a month to a year from now.
_COPY_SCHEDULES = """
    INSERT INTO scheduler_schedule (job_id, document, next_fire_at, next_run_at, {columns})
    SELECT j.id, jsonb_set(t.document, '{{triggers,0,expression}}', to_jsonb(to_char(due.at, 'SS MI HH24 DD MM ?'))),
        due.at, due.at, {values}
    FROM scheduler_schedule AS t, jobs_job AS j,
        LATERAL (SELECT date_trunc('second', now() + interval '30 d' + (j.id * 7919 %% 25920000) * interval '1 s') AS at) AS due
    WHERE t.job_id = (SELECT id FROM jobs_job WHERE name = 'template') AND j.name LIKE 'job-%%'
"""
# The same second for all, in a hundred different expressions.
_ARM = """
    UPDATE scheduler_schedule SET decided_until = %(at)s::timestamptz - interval '1 s', next_fire_at = %(at)s, next_run_at = %(at)s,
        document = jsonb_set(document, '{triggers,0,expression}',
            to_jsonb(to_char(%(at)s::timestamptz, 'SS MI HH24 "* * ? 2026-"') || 2027 + id %% 100))
    WHERE id %% %(nth)s = %(remainder)s
"""
_WRONG = """
    SELECT (SELECT count(*) FROM scheduler_schedule WHERE id %% %(nth)s = %(remainder)s) - count(DISTINCT schedule_id)
        + count(*) - count(DISTINCT (schedule_id, scheduled_for)) + count(*) FILTER (WHERE scheduled_for <> %(at)s)
    FROM jobs_run
"""
_OWED = "SELECT 1 FROM scheduler_schedule WHERE next_run_at <= %(at)s LIMIT 1"
_BACKENDS = "SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND application_name = 'jobs-engine'"


class OursBeats(Ours):
    """Beats of a deployment, and no worker: a fire is complete when its run is committed and a message for it is sent."""

    def __init__(self, *, servers: Servers, count: int) -> None:
        super().__init__(servers=servers, database=f"jobs_bench_beats_{count}")
        self._count = count
        self._rounds = 0

    def install(self) -> None:
        """The schema, and the schedules: copies of one that was saved as a person would."""
        super().install()
        with self._driver() as driver, psycopg.connect(self._url, autocommit=True) as connection:
            connection.execute("SET TIME ZONE 'UTC'")
            session = Session(driver=driver, connection=connection, workers=[])
            document = {"key": "task:template", "schedules": [_TEMPLATE]}
            session.ask(do="define", document=document, payload=NOOP, count=1)
            with bulk(connection, "jobs_job", "scheduler_schedule"):
                self._copy(connection, "jobs_job", _COPY_JOBS, but=["id", "name"])
                clock = ["next_fire_at", "next_run_at"]
                self._copy(connection, "scheduler_schedule", _COPY_SCHEDULES, but=["id", "job_id", "document", *clock])
            connection.execute(
                "DELETE FROM scheduler_schedule WHERE job_id = (SELECT id FROM jobs_job WHERE name = 'template')"
            )

    def _copy(self, connection: psycopg.Connection, table: str, statement: str, *, but: list[str]) -> None:
        """Copy a row as many times as there are to be schedules."""
        query = "SELECT column_name FROM information_schema.columns WHERE table_name = %s AND column_name <> ALL (%s)"
        columns = [name for (name,) in connection.execute(query, [table, but])]
        values = ", ".join(f"t.{name}" for name in columns)
        connection.execute(statement.format(columns=", ".join(columns), values=values), {"count": self._count})

    def fires(self, *, beats: int = 1, nth: int = 1) -> Sample:
        """Every ``nth`` schedule is due at one second."""
        with self._beats(beats) as (connection, groups):
            at = self._arm(connection, nth=nth)
            arrivals, wrong = self._watch(connection, at=at, nth=nth)
            peak = memory_mb(groups, peak=True)
        return arrivals.sample() | {"wrong_fires": wrong} | ({} if peak is None else {"beat_rss_mb": peak})

    def start_and_edit(self) -> Sample:
        """Seconds from a beat's start until it waits for what is due, and until a schedule that was saved is heeded."""
        with self._beats(1) as (connection, groups), self._driver() as driver:
            ready_at = _number(connection, _READY_AT)
            session = Session(driver=driver, connection=connection, workers=[])
            session.ask(do="define", document={"key": "task:edited"}, payload=NOOP, count=1)
            return {"start_seconds": ready_at - started_at(groups[0]), "edit_seconds": self._edit(session)}

    def idle(self) -> Sample:
        """What a beat uses that has nothing to do, with its part of PostgreSQL's where that is on this machine; and its memory."""
        with self._beats(1) as (connection, groups):
            time.sleep(2)
            began, before, servers_before = time.monotonic(), cpu_seconds(groups), _server_cpu(connection)
            time.sleep(QUIET_SECONDS)
            seconds = time.monotonic() - began
            sample = {"cpu_percent": (cpu_seconds(groups) - before) / seconds * 100}
            sample["server_cpu_percent"] = (_server_cpu(connection) - servers_before) / seconds * 100
            return sample

    @contextlib.contextmanager
    def _beats(self, count: int) -> Iterator[tuple[psycopg.Connection, list[Group]]]:
        """Beats that have looked once and wait."""
        empty_broker(url=self._broker_url)
        commands = {f"beat-{number}": ["celery", "-q", "-A", "jobsproject", "beat"] for number in range(count)}
        with psycopg.connect(self._url, autocommit=True) as connection:
            _forget(connection)
            waiting = functools.partial(_number, connection, _LISTENING)
            with running(commands=commands, environment=self._environment, ready=lambda: waiting() >= count) as groups:
                yield connection, groups

    def _arm(self, connection: psycopg.Connection, *, nth: int) -> dt.datetime:
        """Let some of the schedules be due soon, other ones in each round; when that is."""
        self._rounds += 1
        lead = LEAD_SECONDS + self._count / nth / 5000
        at = (dt.datetime.now(dt.UTC) + dt.timedelta(seconds=lead)).replace(microsecond=0)
        connection.execute(_ARM, {"at": at, "nth": nth, "remainder": self._rounds % nth})
        if dt.datetime.now(dt.UTC) >= at:
            raise RuntimeError("the schedules were due before all of them were saved")
        return at

    def _watch(self, connection: psycopg.Connection, *, at: dt.datetime, nth: int) -> tuple[Arrivals, float]:
        client = redis.Redis.from_url(client_url(url=self._broker_url))
        wait_until(lambda: dt.datetime.now(dt.UTC) > at, seconds=LIMIT_SECONDS, what="the time", pause=0.1)
        # Seldom and in few words: who asks takes from the same two processors.
        wait_until(
            lambda: not _number(connection, _OWED, {"at": at}), seconds=LIMIT_SECONDS, what="the beats", pause=0.25
        )
        time.sleep(PUBLISH_SECONDS)
        sent = sent_runs(client, queues=QUEUES.split(","))
        wrong = _number(connection, _WRONG, {"at": at, "nth": nth, "remainder": self._rounds % nth})
        wrong += abs(self._count // nth - len(sent))
        return Arrivals([sent_at - at.timestamp() for sent_at in sent.values()]), wrong

    def _edit(self, session: Session) -> float:
        """Seconds from the call that saves a schedule, due very soon, until it has fired."""
        began = dt.datetime.now(dt.UTC)
        at = began + dt.timedelta(seconds=EDIT_SECONDS)
        schedule = {"triggers": [{"type": "once", "at": at.isoformat()}]}
        session.ask(do="define", document={"key": "task:edited", "schedules": [schedule]}, payload=NOOP, count=1)
        fired = functools.partial(
            _number, session.connection, "SELECT max(extract(epoch FROM decided_at)) FROM scheduler_fire"
        )
        wait_until(lambda: fired() > 0, seconds=LIMIT_SECONDS, what="the edited schedule")
        fired_at = fired()
        session.ask(do="define", document={"key": "task:edited"}, payload=NOOP, count=1)
        return fired_at - began.timestamp()


def _forget(connection: psycopg.Connection) -> None:
    """All runs and fires of earlier measurements."""
    connection.execute("SET TIME ZONE 'UTC'")
    connection.execute(f"TRUNCATE {_HISTORY} CASCADE")
    connection.execute("VACUUM (ANALYZE) jobs_job, scheduler_schedule")
    connection.execute("CHECKPOINT")


def _number(connection: psycopg.Connection, query: str, parameters: dict[str, object] | None = None) -> float:
    """The one value of a query; 0 for NULL."""
    row = connection.execute(query, parameters).fetchone()
    return float(row[0] or 0) if row else 0.0


def _server_cpu(connection: psycopg.Connection) -> float:
    """Of the beats' sessions, in seconds."""
    return sum(cpu_seconds_of(pid) for (pid,) in connection.execute(_BACKENDS))
