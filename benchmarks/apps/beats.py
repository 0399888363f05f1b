"""The app of ``celery -A benchmarks.apps.beats beat``, for the beats that send a message a task."""

import os

from celery import Celery

app = Celery("beats", broker=os.environ["BROKER_URL"])
app.conf.update(
    enable_utc=True,
    timezone="UTC",
    redbeat_redis_url=os.environ.get("BENCH_REDIS_URL"),
)


@app.task(name="noop")
def noop() -> None:
    """Do nothing."""
