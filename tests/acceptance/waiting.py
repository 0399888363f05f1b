"""Waiting with a bound, and with a report of how things stood when it ran out."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")
_POLL_SECONDS = 0.02


def wait_for(what: str, condition: Callable[[], T], *, seconds: float, report: Callable[[], str]) -> T:
    """Poll until the condition is truthy, and return what it was.

    Raises:
        AssertionError: It was not in that time; says what was waited for, and what ``report`` tells of the system.
    """
    deadline = time.monotonic() + seconds
    while not (value := condition()):
        if time.monotonic() > deadline:
            raise AssertionError(f"waited {seconds:g} s for {what}\n{report()}")
        time.sleep(_POLL_SECONDS)
    return value
