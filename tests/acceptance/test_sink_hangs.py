"""A sink that hangs, for an hour say, takes nothing from the runs of other jobs nor from other sinks.

No hour is waited for: at no moment of it is there more than there is here. An attempt has 30 s, eight are made at once, in threads
that no lane uses; after five that failed in a row the sink rests, and is tried with one delivery every 5 minutes.
"""

from __future__ import annotations

import statistics
import time

import pytest

from tests.acceptance.figures import Measured
from tests.acceptance.service import CountingService
from tests.acceptance.system import System
from tests.acceptance.test_deliveries_killed import define, delivered, deliveries, start_worker

pytestmark = pytest.mark.acceptance

AT_ONCE = 8
ROUNDS = 5
TOTAL = 200
MOST = 2.0
"""A lane that waited for the sink would wait for 30 s: a hundred times what a run takes."""


def test_a_sink_that_hangs_holds_up_no_run_and_no_other_sink(system: System, service: CountingService) -> None:
    hanging = define(system, "task:hangs", payloads=20, address=f"{service.url}/gate")
    others = define(system, "task:delivers", payloads=200, address=f"{service.url}/wait/0")
    start_worker(system)
    stuck = system.trigger(hanging)
    system.wait_for("the sink to hang", lambda: len(service.calls.open_now()) == 8, seconds=30)

    ended = [system.trigger(key) for key in (others, hanging, others)]
    for run_id in ended:
        system.wait_for_end(run_id, seconds=60)
    for run_id in (ended[0], ended[2]):
        system.wait_for("the other sink", lambda run_id=run_id: delivered(system, run_id) == 200, seconds=60)
    assert {system.run(run_id).state for run_id in (stuck, *ended)} == {"succeeded"}
    assert len([call for call in service.calls.open_now() if call.path == "/gate"]) == 8, "it no longer hung"
    assert delivered(system, stuck) == 0

    for number in range(1, 4):
        service.calls.open_gate(number)
    system.wait_for("what hung", lambda: delivered(system, stuck) == 20, seconds=60)
    assert {call.key for call in service.calls.all() if call.path == "/gate"} >= {
        f"dlv_{row.id}" for row in deliveries(system, stuck)
    }


def test_runs_of_other_jobs_and_their_deliveries_take_as_long_as_without_it(
    system: System, service: CountingService, measured: Measured
) -> None:
    others = define(system, "task:delivers", payloads=TOTAL, address=f"{service.url}/wait/0")
    start_worker(system)
    seconds_of(system, others)  # the first run of a worker takes longer
    alone, beside = [], []
    for number in range(ROUNDS):
        alone.append(seconds_of(system, others))
        hanging = define(system, f"task:hangs-{number}", payloads=AT_ONCE, address=f"{service.url}/gate?{number}")
        stuck = system.trigger(hanging)
        system.wait_for("the sink to hang", lambda: len(service.calls.open_now()) == AT_ONCE, seconds=30)
        beside.append(seconds_of(system, others))
        assert len(service.calls.open_now()) == AT_ONCE, "it no longer hung"
        release(system, service, stuck)
    ratio = statistics.median(beside) / statistics.median(alone)
    measured("times as long, beside a sink that hangs", ratio)
    assert ratio < MOST


def seconds_of(system: System, key: str) -> float:
    """From triggering a run to its end and that of its deliveries."""
    began = time.monotonic()
    run_id = system.trigger(key)
    system.wait_for_end(run_id, seconds=60)
    system.wait_for("its deliveries", lambda: delivered(system, run_id) == TOTAL, seconds=60)
    return time.monotonic() - began


def release(system: System, service: CountingService, run_id: int) -> None:
    """Let go what hangs."""
    service.calls.open_gate(1)
    system.wait_for("what hung", lambda: delivered(system, run_id) == AT_ONCE, seconds=60)
    service.calls.close_gate(1)
