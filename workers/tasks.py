"""The Celery tasks: interfaces that load nothing and call one function."""

from collections.abc import Sequence
from typing import Any

from celery import Task, shared_task
from celery.signals import beat_init, worker_init, worker_ready, worker_shutting_down
from django.utils.module_loading import import_string

from jobs import kinds, memory
from jobs.dispatch import CHECK_TASK, DELIVER_TASK, OPERATION_TASK, TRIAL_TASK, WORK_TASK
from sinks import registry
from workers import registering, stopping, sweep, turns


def _load_kinds(**_: object) -> None:
    """Before a pool forks, so that its children share them."""
    kinds.load()
    registry.load()
    memory.keep_what_is_loaded()


worker_init.connect(_load_kinds)
worker_ready.connect(sweep.start)
beat_init.connect(sweep.start)  # so that what is lost is found while all workers are down
worker_ready.connect(registering.start_worker)
beat_init.connect(registering.start_beat)
worker_shutting_down.connect(stopping.ask)


@shared_task(name=WORK_TASK, bind=True)
def work(
    self: Task[Any, Any],
    /,
    *,
    lanes: Sequence[Sequence[int]],
    single: bool = False,
    strict: bool = False,
    at: float | None = None,
    **_unknown: object,
) -> None:
    """Work the lanes that the message names; keys that a newer sender adds are ignored."""
    turns.work(
        lanes=[(int(run_id), int(slot)) for run_id, slot in lanes],
        queue=str((self.request.delivery_info or {}).get("routing_key") or "default"),
        single=bool(single),
        strict=bool(strict),
        published_at=at,
    )


@shared_task(name=OPERATION_TASK)
def datasource_operation(*, operation: int, **_unknown: object) -> None:
    """Perform one operation on a datasource; keys that a newer sender adds are ignored."""
    # What operations stand on takes tens of megabytes: a beat, and a worker that is never asked for one, go without.
    import_string("workers.operations.perform")(operation_id=int(operation))


@shared_task(name=DELIVER_TASK)
def deliver(**_unknown: object) -> None:
    """Let this process's deliverers look for sinks that are owed something; keys that a newer sender adds are ignored."""
    import_string("workers.delivering.deliverers").look()


@shared_task(name=CHECK_TASK)
def check_sink(*, check: int, **_unknown: object) -> None:
    """Test whether a sink can be reached; keys that a newer sender adds are ignored."""
    import_string("workers.sink_checks.perform")(check_id=int(check))


@shared_task(name=TRIAL_TASK)
def trial_call(*, call: int, **_unknown: object) -> None:
    """Make the one call of a payload that is being written; keys that a newer sender adds are ignored."""
    import_string("workers.trial_calls.perform")(call_id=int(call))
