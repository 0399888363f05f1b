"""Whether this worker was asked to stop."""

import multiprocessing

_asked = multiprocessing.get_context("fork").Event()
"""Made when the module is loaded, before Celery forks its pool: the children see what the parent was told."""


def ask(**_: object) -> None:
    """Ask every lane of this worker to hand itself back. Connected to Celery's worker_shutting_down."""
    _asked.set()


def asked() -> bool:
    """True once the worker is shutting down."""
    return _asked.is_set()


def forget() -> None:
    """For tests that run a worker inside their own process."""
    _asked.clear()
