"""The app of ``celery -A benchmarks.apps.celery_results worker``: each task's result is a row in PostgreSQL."""

import os

from celery import Celery

app = Celery("results", broker=os.environ["BROKER_URL"], backend="django-db")
app.conf.update(worker_send_task_events=False, worker_disable_rate_limits=True, worker_prefetch_multiplier=16)
# Else Celery's Django fix-up connects to PostgreSQL anew for each task, at a fraction of the speed. Django's connection pool
# does not help: in prefork children the fix-up closes it too.
app.conf["CELERY_DB_REUSE_MAX"] = 1000


@app.task(name="noop")
def noop() -> None:
    """Do nothing."""
