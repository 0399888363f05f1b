"""The app of ``celery -A benchmarks.apps.celery_bare worker``: as Celery is used where results do not matter."""

import os
import time

import redis
from celery import Celery

app = Celery("bare", broker=os.environ["BROKER_URL"])
app.conf.update(
    task_ignore_result=True,
    worker_send_task_events=False,
    worker_disable_rate_limits=True,
    # The best of 1, 4 (the default), 16, 64 and 256 for tasks that do nothing.
    worker_prefetch_multiplier=16,
)
_stamps = redis.Redis.from_url(os.environ["BENCH_STAMPS_URL"])


@app.task(name="noop")
def noop() -> None:
    """Do nothing."""


@app.task(name="stamp")
def stamp() -> None:
    """Tell when this began, in seconds since the epoch."""
    _stamps.rpush("stamps", time.time())
