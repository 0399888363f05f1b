"""What the scheduler's tests stand on: the engine's connections, its broker that only listens, and its kind that obeys."""

from __future__ import annotations

import dataclasses

import pytest

from jobs import extensions
from tests.integration.engine.conftest import (  # noqa: F401
    _engine_connections,
    _heartbeat_by_hand,
    _pace_of_a_new_worker,
    _worker_that_is_not_stopping,
    broker,
    clock,
    scripted,
)


@pytest.fixture
def left_to_beats(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever ends a run dies right after: what its end calls for is left to the beats."""
    extension = extensions.of("schedules")
    assert extension is not None
    alone = dataclasses.replace(extension, closed=lambda runs: None)
    monkeypatch.setattr(extensions, "_extensions", {**extensions._extensions, "schedules": alone})
