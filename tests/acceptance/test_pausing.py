"""What is paused starts nothing until it goes on, and loses and doubles nothing by it."""

from __future__ import annotations

import time

import pytest

from tests.acceptance.figures import Measured
from tests.acceptance.payloads import calls
from tests.acceptance.service import CountingService
from tests.acceptance.system import System

pytestmark = pytest.mark.acceptance

TOTAL = 60
HOLD_SECONDS = 1.5
"""Longer than a worker's heartbeat, a sweep and a call take together."""


@pytest.mark.parametrize("what", ["run", "job"])
def test_a_pause_takes_hold_within_a_second_and_lasts_until_somebody_resumes(
    system: System, service: CountingService, what: str, measured: Measured
) -> None:
    system.start_workers(2, slots=4)
    key = system.define(calls(service, "/wait/200", TOTAL), max_concurrent_requests=4)
    run_id = system.trigger(key)
    address = f"runs/{run_id}/" if what == "run" else f"jobs/{key}/"
    system.wait_for_outcomes(run_id, 6, seconds=20)
    asked_at = time.monotonic()
    assert system.machine.ask("POST", f"{address}pause/", body={"note": "look first"}).status_code in (200, 202)
    answered_at = time.monotonic()
    system.wait_for("the run to be paused", lambda: system.run(run_id).state == "paused", seconds=5)
    measured("seconds_to_paused", time.monotonic() - asked_at)
    begun = [call.began for call in service.calls.all()]
    assert max(begun) < answered_at + 1, "a payload was begun more than a second after the pause"
    time.sleep(HOLD_SECONDS)
    assert len(service.calls.all()) == len(begun) < TOTAL
    assert not system.lanes(run_id)
    assert system.machine.ask("POST", f"{address}resume/", body={}).status_code in (200, 202)
    run = system.wait_for_end(run_id, seconds=20)
    assert (run.state, run.succeeded, system.attempts(run_id)) == ("succeeded", TOTAL, [])
    assert len(service.calls.all()) == TOTAL
