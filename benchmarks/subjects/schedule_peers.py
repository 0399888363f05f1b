"""Other schedulers, each with so many entries that are all due at the same moment."""

from __future__ import annotations

import datetime as dt
import json
import time
from collections.abc import Mapping

import psycopg
import redis
from celery import Celery
from celery.schedules import crontab
from redbeat import RedBeatSchedulerEntry

from benchmarks.arrivals import Arrivals, watch
from benchmarks.processes import end, memory_mb, running, start
from benchmarks.servers import Servers, client_url, create_database, drop_database, empty_broker
from benchmarks.subjects.base import LIMIT_SECONDS, Sample

LEAD_SECONDS = 8.0
"""Time to load the entries, before they are due."""
_QUEUE = "celery"


class DjangoCeleryBeat:
    """django-celery-beat's DatabaseScheduler. A fire is complete when its message is in the queue.

    It becomes slower with each entry that it has, so all are there; but what it sends within half a minute tells its rate.
    """

    name = "django-celery-beat"
    DATABASE, BROKER_NUMBER, SECONDS = "jobs_bench_beat", 13, 30.0

    def __init__(self, *, servers: Servers) -> None:
        self._servers = servers
        self._broker_url = servers.broker(number=self.BROKER_NUMBER)
        self._environment = {
            "BROKER_URL": self._broker_url,
            "BENCH_DATABASE_URL": servers.database(name=self.DATABASE),
            "DJANGO_SETTINGS_MODULE": "benchmarks.apps.beat_settings",
        }

    def install(self) -> None:
        """A database with its tables."""
        create_database(servers=self._servers, name=self.DATABASE)
        migration = start(name="beat-migrate", arguments=["django", "migrate"], environment=self._environment)
        try:
            if migration.wait(timeout=60):
                raise RuntimeError("django-celery-beat could not be installed: see .data/bench/beat-migrate.log")
        finally:
            end([migration])

    def remove(self) -> None:
        """Drop the database, empty the broker."""
        drop_database(servers=self._servers, name=self.DATABASE)
        empty_broker(url=self._broker_url).flushdb()

    def fires(self, *, count: int) -> Sample:
        """All entries have one crontab."""
        client = empty_broker(url=self._broker_url)
        due_at = next_minute(lead_seconds=LEAD_SECONDS)
        with psycopg.connect(self._environment["BENCH_DATABASE_URL"], autocommit=True) as connection:
            connection.execute("TRUNCATE django_celery_beat_periodictask, django_celery_beat_crontabschedule CASCADE")
            connection.execute(_CRONTAB, {"minute": str(due_at.minute), "hour": str(due_at.hour)})
            connection.execute(_ENTRIES, {"count": count})
        scheduler = "django_celery_beat.schedulers:DatabaseScheduler"
        return _celery_beat(
            name=self.name,
            scheduler=scheduler,
            environment=self._environment,
            client=client,
            due_at=due_at,
            count=count,
            seconds=self.SECONDS,
        )


class RedBeat:
    """celery-redbeat: entries in Redis. A fire is complete when its message is in the queue."""

    name = "redbeat"
    BROKER_NUMBER = 14

    def __init__(self, *, servers: Servers) -> None:
        self._broker_url = servers.broker(number=self.BROKER_NUMBER)
        self._redis_url = client_url(url=self._broker_url)

    def install(self) -> None:
        """Nothing."""

    def remove(self) -> None:
        """Empty the broker."""
        empty_broker(url=self._broker_url).flushdb()

    def fires(self, *, count: int) -> Sample:
        """Entries with one crontab each."""
        client = empty_broker(url=self._broker_url)
        app = Celery("beats", broker=self._broker_url)
        app.conf.update(redbeat_redis_url=self._redis_url, enable_utc=True, timezone="UTC")
        due_at = next_minute(lead_seconds=LEAD_SECONDS + count / 500)
        schedule = crontab(minute=due_at.minute, hour=due_at.hour, app=app)
        for number in range(count):
            RedBeatSchedulerEntry(f"entry-{number}", "noop", schedule, app=app).save()
        environment = {"BROKER_URL": self._broker_url, "BENCH_REDIS_URL": self._redis_url}
        return _celery_beat(
            name=self.name,
            scheduler="redbeat.RedBeatScheduler",
            environment=environment,
            client=client,
            due_at=due_at,
            count=count,
            seconds=LIMIT_SECONDS,
        )


class ApScheduler:
    """APScheduler 3: jobs in PostgreSQL, a pool of ten threads. A fire is complete when its job runs, which does nothing."""

    name = "apscheduler"
    DATABASE = "jobs_bench_apscheduler"

    def __init__(self, *, servers: Servers) -> None:
        self._servers = servers

    def install(self) -> None:
        """A database; APScheduler makes its table."""
        create_database(servers=self._servers, name=self.DATABASE)

    def remove(self) -> None:
        """Drop the database."""
        drop_database(servers=self._servers, name=self.DATABASE)

    def fires(self, *, count: int) -> Sample:
        """Jobs with a cron trigger each."""
        url = self._servers.database(name=self.DATABASE)
        with psycopg.connect(url, autocommit=True) as connection:
            connection.execute("DROP TABLE IF EXISTS apscheduler_jobs")
        due_at = time.time() + LEAD_SECONDS + count / 300
        script = start(
            name="apscheduler",
            arguments=["benchmarks.apps.apscheduler_beat", str(count), str(LIMIT_SECONDS)],
            environment={"BENCH_DATABASE_URL": url},
            talk=True,
        )
        try:
            output, _ = script.communicate(f"{due_at:.0f}\n", timeout=LIMIT_SECONDS * 2)
        finally:
            end([script])
        if script.returncode:
            raise RuntimeError("APScheduler failed: see .data/bench/apscheduler.log")
        ready_at, fired = [json.loads(line) for line in output.splitlines()]
        if ready_at > round(due_at):
            raise RuntimeError("APScheduler was not ready when its jobs were due")
        return Arrivals([at - round(due_at) for at in fired]).sample()


_CRONTAB = """
    INSERT INTO django_celery_beat_crontabschedule (minute, hour, day_of_week, day_of_month, month_of_year, timezone)
    VALUES (%(minute)s, %(hour)s, '*', '*', '*', 'UTC')
"""
_ENTRIES = """
    INSERT INTO django_celery_beat_periodictask
        (name, task, args, kwargs, headers, enabled, one_off, total_run_count, date_changed, description, crontab_id)
    SELECT 'entry-' || n, 'noop', '[]', '{}', '{}', true, false, 0, now(), '', c.id
    FROM generate_series(1, %(count)s) AS n, django_celery_beat_crontabschedule AS c
"""


def next_minute(*, lead_seconds: float) -> dt.datetime:
    """The first full minute that is at least so far away."""
    earliest = dt.datetime.now(dt.UTC) + dt.timedelta(seconds=lead_seconds)
    return earliest.replace(second=0, microsecond=0) + dt.timedelta(minutes=1)


def _celery_beat(
    *,
    name: str,
    scheduler: str,
    environment: Mapping[str, str],
    client: redis.Redis,
    due_at: dt.datetime,
    count: int,
    seconds: float,
) -> Sample:
    """Run ``celery beat`` until all messages are sent, or until so long after they were due."""
    command = ["celery", "-q", "-A", "benchmarks.apps.beats", "beat", "-S", scheduler, "--loglevel", "WARNING"]
    with running(commands={name: command}, environment=environment, ready=lambda: True) as groups:
        before = client.llen(_QUEUE)
        if before:
            raise RuntimeError(f"{name} has sent messages before they were due")
        arrivals = watch(
            length=lambda: int(client.llen(_QUEUE)), due_at=due_at.timestamp(), count=count, seconds=seconds
        )
        peak = memory_mb(groups, peak=True)
    return arrivals.sample() | ({} if peak is None else {"beat_rss_mb": peak})
