"""A worker that is killed beside the writing of a large result: the payload gets one, and what was left behind is erased."""

from __future__ import annotations

import datetime as dt
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from django.db import connection, transaction

from jobs import dispatch, hotpath, large_results
from jobs.models import Lane, Payload, Run, StoredResult
from jobs.services import stored_results
from jobs.services.runs import start_run
from jobs.states import Trigger
from tests.integration.byte_sinks.buckets import Bucket
from tests.integration.http_payload.service import Service
from tests.integration.people import make_job, make_workspace
from tests.integration.sinks.relay import Relay
from tests.swift import ACCESS_KEY, REGION, SECRET_KEY
from workers import sweep, turns

SECONDS = 60
"""More than a worker takes to come to it."""
TEXT = "x" * 5000


@pytest.fixture(autouse=True)
def database(transactional_db: None, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(dispatch, "publish", lambda messages: None)
    yield
    hotpath.close()


@pytest.fixture
def storage(bucket: Bucket, settings: Any, monkeypatch: pytest.MonkeyPatch) -> Bucket:
    """The bucket, in which this process stores results."""
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", ACCESS_KEY)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", SECRET_KEY)
    options = {"bucket": bucket.name, "endpoint_url": bucket.endpoint_url, "region": REGION, "path_style": True}
    backend = {"BACKEND": "jobs.result_bucket.ResultBucket", "OPTIONS": options}
    settings.STORAGES = {**settings.STORAGES, "results": backend}
    settings.JOBS_RESULT_INLINE_BYTES = 1024
    return bucket


@pytest.fixture
def service() -> Iterator[Service]:
    """What the payload calls, which answers when it is told to."""
    with Service(fixed=(TEXT.encode(), "text/plain")) as service:
        yield service


def make_run(service: Service, path: str) -> Run:
    call = {"kind": "http", "parameters": {"method": "GET", "url": service.url(path)}}
    job = make_job(make_workspace(), payload=[call])
    return Run.objects.get(pk=start_run(job=job, trigger=Trigger.MANUAL))


@contextmanager
def worker(run: Run, endpoint_url: str, bucket: Bucket) -> Iterator[subprocess.Popen[bytes]]:
    """A process of its own that works the run, and stores results through that address."""
    url = urlsplit(os.environ["DATABASE_URL"])._replace(path=f"/{connection.settings_dict['NAME']}").geturl()
    environment = os.environ | {
        "DATABASE_URL": url,
        "DJANGO_SETTINGS_MODULE": "jobsproject.settings",
        "JOBS_RESULT_INLINE_KIB": "1",
        "JOBS_STORED_RESULTS": f"s3://{bucket.name}",
        "JOBS_STORED_RESULTS_S3": f'{{"endpoint_url": "{endpoint_url}", "region": "{REGION}", "path_style": true}}',
    }
    command = [sys.executable, "-m", "tests.integration.byte_sinks.result_worker", str(run.pk)]
    with subprocess.Popen(command, cwd=Path(__file__).parents[3], env=environment) as process:
        try:
            yield process
        finally:
            process.kill()


def recover(run: Run) -> Payload:
    """What a sweep and another worker do once the lease of the killed one is over."""
    assert Lane.objects.filter(run=run).update(lease_expires_at=dt.datetime.now(dt.UTC) - dt.timedelta(minutes=1))
    sweep.sweep_once()
    turns.work(lanes=[(run.pk, 0)], queue="http")
    return Payload.objects.get(run=run)


def erase_orphans() -> int:
    return stored_results.erase(stored_results.find_orphans().kept)


def holds_once(payload: Payload, storage: Bucket) -> bool:
    """Whether the payload has its result, of its second attempt, and nothing else is in the storage."""
    assert payload.stored is not None
    result = large_results.whole(result=payload.result, stored=payload.stored)
    return (payload.attempts, result["body"], storage.objects()) == (2, TEXT, [payload.stored["key"]])


def test_killed_while_it_writes_it_leaves_nothing(storage: Bucket, service: Service) -> None:
    run = make_run(service, "/fixed")
    with Relay.before(storage.endpoint_url) as stopping:
        stopping.stop_at = b"PUT /"
        with worker(run, stopping.url, storage) as killed:
            assert stopping.stopped.wait(SECONDS)
            killed.kill()
    assert (storage.objects(), StoredResult.objects.count(), erase_orphans()) == ([], 1, 0)
    payload = recover(run)
    assert holds_once(payload, storage)
    assert (erase_orphans(), StoredResult.objects.count(), holds_once(payload, storage)) == (1, 1, True)


def test_killed_before_it_reports_what_it_wrote_is_erased(storage: Bucket, service: Service) -> None:
    run = make_run(service, "/fixed")
    with transaction.atomic():
        list(Payload.objects.select_for_update().filter(run=run))  # its report has to wait
        with worker(run, storage.endpoint_url, storage) as killed:
            until(waiting_for_us)
            killed.kill()
        end_those_who_wait_for_us()
    assert (erase_orphans(), len(storage.objects())) == (0, 1)
    payload = recover(run)
    assert (payload.state, payload.attempts, len(storage.objects())) == ("succeeded", 2, 2)
    assert erase_orphans() == 1
    assert holds_once(payload, storage)


def waiting_for_us() -> list[int]:
    """The database's sessions that wait for what this one has locked."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pid FROM pg_locks WHERE NOT granted AND pg_backend_pid() = ANY (pg_blocking_pids(pid))")
        return [pid for (pid,) in cursor.fetchall()]


def end_those_who_wait_for_us() -> None:
    """What the database does with a client that is gone, once it has noticed: it has not, while the client waits for a lock."""
    with connection.cursor() as cursor:
        for pid in waiting_for_us():
            cursor.execute("SELECT pg_terminate_backend(%s, 10000)", [pid])


def until(holds: Any) -> None:
    """Look again and again; what another process does gives no sign."""
    end = time.monotonic() + SECONDS
    while not holds():
        assert time.monotonic() < end
        time.sleep(0.05)
