"""What the tests of answers stand on: the engine's connections, its broker that only listens, and its kind that obeys."""

from __future__ import annotations

from tests.integration.engine.conftest import broker, clock, scripted  # noqa: F401
