"""The payload kinds: one package each, none knows another. A package offers KIND and EXECUTOR."""

from jobs import kinds
from workers.payloads import datasource, generate, http, log_cleanup, noop, spark
from workers.payloads.base import Executor

_PACKAGES = (datasource, generate, http, log_cleanup, noop, spark)

EXECUTORS: dict[str, Executor] = {package.KIND.name: package.EXECUTOR for package in _PACKAGES}


def register_all() -> None:
    """Tell the rest of the system which kinds there are."""
    for package in _PACKAGES:
        kinds.register(package.KIND)
