"""Threads that start while another thread's tracing begins: coverage on Python before 3.12.

There `sys.settrace` raises RuntimeError when two threads come to it at once, and a thread that begins comes to it before anything
of its own: it dies unheard, and whoever waits for it waits in vain. With the many threads of a run of the tests that happens.
Python 3.12 has sys.monitoring, where nothing of this is left.

Source: Python/sysmodule.c and Python/ceval.c of 3.11, "Cannot install a trace function while another trace function is being
installed".
"""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Callable
from types import ModuleType
from typing import Any

_TRIES = 1000


class PatientSys(ModuleType):
    """The module sys as `threading` sees it: with a settrace that tries again."""

    def __init__(self, settrace: Callable[[Any], None]) -> None:
        super().__init__("sys")
        self._settrace = settrace

    def __getattr__(self, name: str) -> Any:
        return getattr(sys, name)

    def settrace(self, function: Any) -> None:
        """As that of sys."""
        for _ in range(_TRIES):
            try:
                return self._settrace(function)
            except RuntimeError:
                time.sleep(0.001)
        return self._settrace(function)


def install() -> None:
    """From now on threads try again."""
    if sys.version_info < (3, 12):
        threading._sys = PatientSys(sys.settrace)  # type: ignore[attr-defined]
