"""Between a payload's attempts lies the wait that its policy says, measured by the service that is called."""

from itertools import pairwise

import pytest

from tests.acceptance.payloads import calls, key_of
from tests.acceptance.service import CountingService
from tests.acceptance.system import System, assert_recorded_once

pytestmark = pytest.mark.acceptance

LATE_SECONDS = 0.4
"""How much later than its wait a retry may come. Earlier it may not come at all."""


def waits(service: CountingService, run_id: int, position: int) -> list[float]:
    """The seconds from each answer to the payload's next call."""
    made = service.calls.by_key()[key_of(run_id, position)]
    return [later.began - (earlier.ended or later.began) for earlier, later in pairwise(made)]


def assert_waited(measured: list[float], expected: list[float]) -> None:
    """Each wait is at least what was asked for, and little more."""
    assert len(measured) == len(expected), measured
    for seconds, least in zip(measured, expected, strict=True):
        assert least <= seconds <= least + LATE_SECONDS, measured


def test_the_wait_grows_by_the_factor_up_to_the_maximum(system: System, service: CountingService) -> None:
    system.start_workers(1, slots=8)
    policy = {"maximum_attempts": 4, "initial_interval": "200ms", "backoff_coefficient": 2, "maximum_interval": "500ms"}
    run_id = system.start(calls(service, "/flaky/3", 5), retry=policy)
    system.wait_for_end(run_id, seconds=20)
    assert_recorded_once(system, run_id, total=5)
    for position in range(5):
        assert_waited(waits(service, run_id, position), [0.2, 0.4, 0.5])
    assert [(each.number, each.state) for each in system.attempts(run_id)] == [
        (1, "failed"),
        (2, "failed"),
        (3, "failed"),
    ] * 5


def test_a_payloads_own_policy_wins_over_its_jobs(system: System, service: CountingService) -> None:
    system.start_workers(1)
    (own,) = calls(service, "/flaky/9")
    own["retry"] = {"maximum_attempts": 2, "initial_interval": "600ms"}
    run_id = system.start([own, *calls(service, "/flaky/1")], retry={"maximum_attempts": 4, "initial_interval": "50ms"})
    run = system.wait_for_end(run_id, seconds=20)
    assert (run.state, run.succeeded, run.failed) == ("failed", 1, 1)
    assert_waited(waits(service, run_id, 0), [0.6])
    assert_waited(waits(service, run_id, 1), [0.05])


def test_without_a_policy_there_are_three_attempts_at_once(system: System, service: CountingService) -> None:
    system.start_workers(1)
    run_id = system.start(calls(service, "/flaky/9"))
    run = system.wait_for_end(run_id, seconds=20)
    assert run.state == "failed"
    assert_waited(waits(service, run_id, 0), [0, 0])
