"""Whether this worker was asked to stop, or to take nothing new."""

import multiprocessing.sharedctypes

_asked = multiprocessing.sharedctypes.RawValue("b", 0)
"""Made when the module is loaded, before Celery forks its pool: the children see what the parent was told. It has no lock, which
a child that is killed while it looks would keep for ever."""
_draining = multiprocessing.sharedctypes.RawValue("b", 0)
"""The same, for a worker that stays: see `workers.registering`."""


def ask(**_: object) -> None:
    """Ask every lane of this worker to hand itself back. Connected to Celery's worker_shutting_down."""
    _asked.value = 1


def drain(wished: bool) -> None:
    """Ask every lane of this worker to hand itself back, but stay; False: go on. A worker that is shutting down does not."""
    _draining.value = int(wished)


def asked() -> bool:
    """True once the worker is shutting down, and while it is to take nothing new."""
    return bool(_asked.value or _draining.value)


def is_final() -> bool:
    """True once the worker is shutting down."""
    return bool(_asked.value)


def forget() -> None:
    """For tests that run a worker inside their own process."""
    _asked.value = _draining.value = 0
