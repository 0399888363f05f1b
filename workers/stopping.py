"""Whether this worker was asked to stop."""

import multiprocessing.sharedctypes

_asked = multiprocessing.sharedctypes.RawValue("b", 0)
"""Made when the module is loaded, before Celery forks its pool: the children see what the parent was told. It has no lock, which
a child that is killed while it looks would keep for ever."""


def ask(**_: object) -> None:
    """Ask every lane of this worker to hand itself back. Connected to Celery's worker_shutting_down."""
    _asked.value = 1


def asked() -> bool:
    """True once the worker is shutting down."""
    return bool(_asked.value)


def forget() -> None:
    """For tests that run a worker inside their own process."""
    _asked.value = 0
