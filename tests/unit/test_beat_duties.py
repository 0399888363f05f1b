"""What beats and workers do besides: the system's own periodic work goes on while all of the other kind are down."""

from __future__ import annotations

from typing import Any

import pytest
from celery.signals import beat_init, worker_ready

from workers import registering, sweep, tasks


@pytest.mark.parametrize(
    ("signal", "register"), [(beat_init, registering.start_beat), (worker_ready, registering.start_worker)]
)
def test_both_sweep_and_are_seen(signal: Any, register: Any) -> None:
    assert tasks.work.name == "jobs.work", "it is this module that connects them"
    called = signal._live_receivers(sender=None)
    assert sweep.start in called
    assert register in called
