"""Celery on Redis without results, as it is used where nobody asks what became of a task."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterator, Sequence

import redis
from celery import Celery

from benchmarks.processes import Group, running, wait_until
from benchmarks.servers import Servers, client_url, empty_broker
from benchmarks.subjects.base import LIMIT_SECONDS, WARM_UP, Sample, Usage
from benchmarks.subjects.celery_workers import QUIET, answering

BROKER_NUMBER = 10
STAMPS_NUMBER = 11
IDLE_SECONDS = 0.02


class CeleryBare:
    """One worker with two prefork children. A task is complete when the worker has acknowledged it.

    Nothing records that a task ran, so completion is read off the queue: no message waiting, none unacknowledged. The worker
    acknowledges just before it executes, which for a no-op is the same moment to within a poll of 5 ms.
    """

    name = "celery"

    def __init__(self, *, servers: Servers) -> None:
        self._url = servers.broker(number=BROKER_NUMBER)
        self._stamps_url = servers.broker(number=STAMPS_NUMBER)
        self._app = Celery("bare", broker=self._url)
        self._app.conf.update(task_ignore_result=True)

    def install(self) -> None:
        """Nothing: Redis has no schema."""

    def remove(self) -> None:
        """Empty the Redis databases."""
        for url in (self._url, self._stamps_url):
            empty_broker(url=url).flushdb()

    def noops(self, *, count: int) -> Sample:
        """Publish one message a task, over one connection that is kept."""
        with self._workers() as (queue, workers):
            usage = Usage(workers=workers)
            began = time.time()
            self._publish(count)
            self._drain(queue)
            return usage.sample(count=count, seconds=time.time() - began)

    def enqueue(self, *, count: int) -> Sample:
        """The time to publish ``count`` tasks, with no worker running."""
        empty_broker(url=self._url)
        self._publish(WARM_UP)
        began = time.time()
        self._publish(count)
        return {"seconds": time.time() - began}

    def latency(self, *, times: int) -> list[float]:
        """Seconds from the call of ``apply_async`` to the task's first line, one after another, at idle."""
        with self._workers():
            stamps = empty_broker(url=self._stamps_url)
            return [self._one_latency(stamps) for _ in range(times)]

    def _one_latency(self, stamps: redis.Redis) -> float:
        time.sleep(IDLE_SECONDS)
        began = time.time()
        self._app.send_task("stamp")
        popped = stamps.blpop(["stamps"], timeout=10)
        if not isinstance(popped, Sequence):
            raise RuntimeError("a Celery task did not start within 10 s")
        return float(popped[1]) - began

    @contextlib.contextmanager
    def _workers(self) -> Iterator[tuple[redis.Redis, list[Group]]]:
        queue = empty_broker(url=self._url)
        with running(
            commands={
                "celery": ["celery", "-A", "benchmarks.apps.celery_bare", "worker", "-P", "prefork", "-c", "2", *QUIET]
            },
            environment={"BROKER_URL": self._url, "BENCH_STAMPS_URL": client_url(url=self._stamps_url)},
            ready=lambda: answering(app=self._app, nodes=1),
        ) as workers:
            self._publish(WARM_UP)
            self._drain(queue)
            yield queue, workers

    def _publish(self, count: int) -> None:
        with self._app.producer_or_acquire() as producer:
            for _ in range(count):
                self._app.send_task("noop", producer=producer)

    def _drain(self, queue: redis.Redis) -> None:
        wait_until(
            lambda: not queue.llen("celery") and not queue.hlen("unacked"),
            seconds=LIMIT_SECONDS,
            what="Celery to finish",
        )
