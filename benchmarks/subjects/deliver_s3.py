"""Deliveries to a local S3 server: this system's, and a bare loop of boto3 with as many requests at once."""

from __future__ import annotations

import contextlib
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg

from benchmarks.apps.boto3_puts import client
from benchmarks.processes import ROOT, end, memory_mb, start, wait_until
from benchmarks.servers import Servers
from benchmarks.subjects.base import LIMIT_SECONDS, Sample
from benchmarks.subjects.ours import NOOP, Ours, Session
from tests.swift import ACCESS_KEY, SECRET_KEY, running_swift

DATABASE = "jobs_bench_deliver"
BUCKET = "results"
AT_ONCE = 8
"""As many attempts as `workers.delivering` makes at one sink at once."""
FIRST = 1_000
"""Results in the object before the large one: clients, buffers and caches are there then."""

_OWED = """
    SELECT EXISTS (SELECT FROM sinks_handover WHERE next_position < total)
    OR EXISTS (SELECT FROM sinks_delivery WHERE state = 'due')
"""
_MADE = """
    SELECT count(*), min(state), max(state), extract(epoch FROM max(ended_at) - min(first_attempt_at))
    FROM sinks_delivery WHERE run_id = (SELECT max(id) FROM jobs_run)
"""


@contextlib.contextmanager
def s3_server() -> Iterator[str]:
    """Swift with one empty bucket, for one measurement; gives its URL."""
    with tempfile.TemporaryDirectory(dir=ROOT / ".data") as folder, running_swift(Path(folder) / "swift") as server:
        client(server.endpoint_url, 1).create_bucket(Bucket=BUCKET)
        yield server.endpoint_url


class OursToS3(Ours):
    """A delivery is made when its row says so (``ended_at``). Counted from the first attempt: what comes before is the run."""

    def __init__(self, *, servers: Servers) -> None:
        super().__init__(servers=servers, database=DATABASE)

    def objects(self, *, count: int) -> Sample:
        """One run, an object a result."""
        with s3_server() as url, self._session() as session:
            self._deliver(session, url, count=AT_ONCE, unit="payload")
            return {"deliveries_per_second": count / self._deliver(session, url, count=count, unit="payload")}

    def one_object(self, *, count: int) -> Sample:
        """All results of a run in one object; how much the workers' memory has grown over that of a small one."""
        with s3_server() as url, self._session() as session:
            session.run(do="start", job_id=session.define(name="many", payload=NOOP, count=count))
            for _ in range(4):  # so that either worker has delivered
                self._deliver(session, url, count=FIRST, unit="run")
            before_mb = memory_mb(session.workers, peak=True) or 0.0
            seconds = self._deliver(session, url, count=count, unit="run")
            after_mb = memory_mb(session.workers, peak=True) or 0.0
            grown_mb = (after_mb - before_mb) * len(session.workers)  # one of them has done it all
            return {"records_per_second": count / seconds, "grown_mb": grown_mb, "peak_rss_mb": after_mb}

    def _deliver(self, session: Session, url: str, *, count: int, unit: str) -> float:
        """Seconds from the first attempt to the last delivery of a run. Raises RuntimeError: one was not delivered."""
        for name, value in (("access", ACCESS_KEY), ("key", SECRET_KEY)):
            session.ask(do="secret", name=name, value=value)
        job_id = session.define(name="delivered", payload=NOOP, count=count, sinks=[_sink(url, unit)])
        session.run(do="start", job_id=job_id)
        wait_until(
            lambda: not _one(session.connection, _OWED)[0],
            seconds=LIMIT_SECONDS,
            what="the deliveries",
            alive=session.workers,
        )
        made, *states, seconds = _one(session.connection, _MADE)
        if made != (count if unit == "payload" else 1) or set(states) != {"delivered"}:
            raise RuntimeError(f"{made} deliveries ended as {states}: see the logs in .data/bench")
        return float(seconds)


class BareBoto3:
    """One client in a process of its own, so many threads; an object is put when the service has answered."""

    name = "boto3"

    def install(self) -> None:
        """Nothing."""

    def remove(self) -> None:
        """Nothing."""

    def objects(self, *, count: int) -> Sample:
        """Put so many."""
        with s3_server() as url:
            arguments = ["benchmarks.apps.boto3_puts", url, BUCKET, str(count), str(AT_ONCE)]
            script = start(name="boto3", arguments=arguments, environment={}, talk=True)
            try:
                output, _ = script.communicate(timeout=LIMIT_SECONDS)
            finally:
                end([script])
            if script.returncode:
                raise RuntimeError("the loop failed: see .data/bench/boto3.log")
            return {"deliveries_per_second": count / float(output)}


def _sink(url: str, unit: str) -> dict[str, Any]:
    return {
        "kind": "s3",
        "deliver": unit,
        "configuration": {
            "bucket": BUCKET,
            "endpoint_url": url,
            "path_style": True,
            "access_key_secret": "access",
            "secret_key_secret": "key",
        },
    }


def _one(connection: psycopg.Connection, query: str) -> tuple[Any, ...]:
    row = connection.execute(query).fetchone()
    assert row is not None
    return tuple(row)
