"""Whatever operators, workers, brokers and clocks do in whatever order: what must hold of runs holds after each step."""

from __future__ import annotations

import logging
import time
from collections.abc import Iterator
from types import SimpleNamespace

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis.stateful import run_state_machine_as_test

from tests.integration.engine.conftest import Broker
from tests.integration.engine.scripted import Clock, ScriptedExecutor
from tests.integration.engine.stateful import RunControl
from tests.integration.engine.world import World
from workers import heartbeat

pytestmark = [pytest.mark.django_db(transaction=True)]

STEPS = 50


@pytest.fixture
def world(broker: Broker, clock: Clock, scripted: ScriptedExecutor, monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    # A heartbeat that a test before this one has left behind sleeps in earnest: else it would drive the clock on without a pause.
    monkeypatch.setattr(heartbeat, "time", SimpleNamespace(monotonic=clock.monotonic, sleep=time.sleep))
    made = World(broker, clock, scripted)
    logging.disable()
    try:
        yield made
    finally:
        logging.disable(logging.NOTSET)


@pytest.mark.timeout(1800)
def test_every_sequence_keeps_what_must_hold(world: World, sequences: int | None) -> None:
    class Sequence(RunControl):
        pass

    Sequence.world = world
    run_state_machine_as_test(
        Sequence,
        settings=settings(
            max_examples=sequences or 500,
            stateful_step_count=STEPS,
            derandomize=sequences is None,
            deadline=None,
            database=None,
            phases=[Phase.generate, Phase.shrink],
            suppress_health_check=list(HealthCheck),
        ),
    )
