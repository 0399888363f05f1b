"""Payload lists that the tests give to jobs."""

from __future__ import annotations

from typing import Any

from tests.acceptance.service import CountingService

Payloads = list[dict[str, Any]]


def calls(service: CountingService, path: str, count: int = 1, **parameters: object) -> Payloads:
    """So many GETs of one address."""
    return [{"kind": "http", "parameters": {"url": f"{service.url}{path}", **parameters}}] * count


def noops(count: int) -> Payloads:
    """So many payloads that do nothing."""
    return [{"kind": "noop"}] * count


def key_of(run_id: int, position: int) -> str:
    """The Idempotency-Key that the service sees, without the run's time at its end."""
    return f"run-{run_id}-payload-{position}"
