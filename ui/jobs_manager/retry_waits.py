"""A retry policy as a drawing: how long a payload waits before each attempt. Pure, of what was typed or saved."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pydantic

from jobs.documents.configuration import Retry, resolve_retry
from ui import words

MOST = 12
"""So many waits are drawn; a policy may have a thousand."""


@dataclass(frozen=True, slots=True)
class Wait:
    """Before which attempt, and how long: in words, and as a bar's height in percent of the longest one."""

    attempt: int
    words: str
    height: str


@dataclass(frozen=True, slots=True)
class Drawn:
    """A policy.

    Args:
        attempts: In all.
        waits: Before the second attempt, the third, and so on; at most `MOST`.
        total: All waits together, in words.
        cut: Whether there are more.
    """

    attempts: int
    waits: list[Wait]
    total: str
    cut: bool


def drawn(retry: Any) -> Drawn | None:
    """The waits of a policy as written; None for what is no policy."""
    try:
        policy = resolve_retry(job=Retry.model_validate(retry or {}), payload=None)
    except pydantic.ValidationError:
        return None
    every = [policy.wait_ms(attempts_made=made) for made in range(1, policy.maximum_attempts)]
    longest = max(every, default=0) or 1
    waits = [
        Wait(attempt, words.duration(ms), f"{max(100 * ms / longest, 3):.1f}")
        for attempt, ms in enumerate(every[:MOST], start=2)
    ]
    return Drawn(policy.maximum_attempts, waits, words.duration(sum(every)), len(every) > MOST)


def typed(values: Mapping[str, str]) -> dict[str, Any]:
    """A policy of what stands in a form's fields; empty ones are left out, and what is no number stays as it was typed."""
    found: dict[str, Any] = {}
    for name, kind in (("maximum_attempts", int), ("backoff_coefficient", float)):
        text = values.get(name, "").strip()
        if text:
            found[name] = _number(text, kind)
    for name in ("initial_interval", "maximum_interval"):
        text = values.get(name, "").strip()
        if text:
            found[name] = int(text) if text.isascii() and text.isdecimal() else text
    return found


def _number(text: str, kind: type[int] | type[float]) -> int | float | str:
    try:
        return kind(text)
    except ValueError:
        return text
