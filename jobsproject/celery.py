"""The Celery app: a transport of "there is work here", and nothing else."""

from __future__ import annotations

import os

from celery import Celery
from celery.signals import setup_logging
from django.conf import settings
from django.utils.log import configure_logging
from kombu import Queue

from jobs.kinds import QUEUES, SINKS_QUEUE
from workers.waking import Waking

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "jobsproject.settings")
# `manage.py migrate` and `check` run Django's checks. Here they would load the site, its API and its admin into each worker and
# beat, which have no use for them and would start later.
os.environ.setdefault("CELERY_SKIP_CHECKS", "true")

app = Celery("jobs")
app.conf.update(
    broker_url=settings.BROKER_URL,
    task_queues=[Queue(name) for name in (*QUEUES, SINKS_QUEUE)],
    task_default_queue="default",
    task_serializer="json",
    accept_content=["json"],
    # The database holds every outcome: results in the broker would be a second, lossy truth.
    task_ignore_result=True,
    task_store_errors_even_if_ignored=False,
    result_backend=None,
    # Early acknowledgement: what a dead worker held comes back by its lease, not by a visibility timeout of an hour.
    task_acks_late=False,
    worker_prefetch_multiplier=1,
    # A busy worker fetches nothing: what it would hold in its memory, an idle one can start at once.
    worker_disable_prefetch=True,
    # A lane does not need the broker while it works, so losing the connection must not cancel it.
    worker_cancel_long_running_tasks_on_connection_loss=False,
    # SIGTERM waits for the payloads at work, and the lanes hand themselves back. SIGQUIT waits this long and then leaves the rest
    # to the lease.
    worker_soft_shutdown_timeout=30.0,
    worker_hijack_root_logger=False,
    worker_send_task_events=False,
    worker_enable_remote_control=True,
    broker_connection_retry_on_startup=True,
    broker_connection_max_retries=None,
    broker_connection_timeout=3.0,
    broker_transport_options={
        "socket_connect_timeout": 3.0,
        "socket_timeout": 5.0,
        "socket_keepalive": True,
        "retry_on_timeout": False,
        "health_check_interval": 10,
        "visibility_timeout": 3600,
        # A publisher gives up at once, for the sweep will publish again; the worker's consumer has its own, endless retries.
        "max_retries": 0,
        "interval_start": 0,
    },
    task_publish_retry=False,
    enable_utc=True,
    timezone="UTC",
    beat_scheduler="scheduler.beat:JobScheduler",
)
app.autodiscover_tasks(["workers"])
app.steps["worker"].add(Waking)


@setup_logging.connect
def use_django_logging(**_: object) -> None:
    """Keep Celery from installing handlers of its own."""
    configure_logging(settings.LOGGING_CONFIG, settings.LOGGING)
