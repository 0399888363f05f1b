"""The payload kinds: one package each, none knows another. A package offers KIND, and EXECUTOR in its module ``executor``.

A web server, and a worker that never sees a kind, know its KIND and do without its executor: what executors stand on (SQLAlchemy,
say) takes tens of megabytes and half a second. A beat asks for neither.
"""

import importlib
from collections import UserDict
from collections.abc import Mapping

from jobs import kinds
from workers.payloads.base import JSON, Executor, Work

_PACKAGES = ("datasource", "generate", "http", "log_cleanup", "noop", "spark")
"""Each has the name of its kind."""


class Executors(UserDict[str, Executor]):
    """By kind; each is loaded when it is first asked for."""

    def __init__(self, modules: Mapping[str, str]) -> None:
        super().__init__(dict.fromkeys(modules, _NOT_LOADED))
        self._modules = modules

    def __getitem__(self, kind: str) -> Executor:
        if self.data[kind] is _NOT_LOADED:
            self.data[kind] = importlib.import_module(self._modules[kind]).EXECUTOR
        return self.data[kind]


class _NotLoaded:
    def perform(self, work: Work) -> JSON:
        raise NotImplementedError


_NOT_LOADED = _NotLoaded()

EXECUTORS = Executors({package: f"{__name__}.{package}.executor" for package in _PACKAGES})


def register_all() -> None:
    """Tell the rest of the system which kinds there are."""
    for package in _PACKAGES:
        kinds.offer(importlib.import_module(f"{__name__}.{package}").KIND)
