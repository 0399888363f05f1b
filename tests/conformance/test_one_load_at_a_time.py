"""Two runs of one datasource, by the engine: the second waits in its row, and goes when the first has ended or died."""

from __future__ import annotations

import pytest

from jobs.models import Attempt, Handle, Lane, LogLine, Requeued, Run
from tests.conformance.adapter import Adapter
from tests.conformance.adapters.datasource import DatasourceAdapter
from tests.conformance.engine import Engine, payload_of, until
from tests.integration.child_work import is_running

of_a_datasource = pytest.mark.parametrize("adapter", [DatasourceAdapter], indirect=True)


def waits(run: Run) -> bool:
    """Whether it waits without a lane, and has lost no attempt."""
    waiting = Requeued.objects.get(run=run)
    nothing_lost = waiting.attempts == 0 and not Attempt.objects.filter(run=run).exists()
    return nothing_lost and waiting.looking is not None and not Lane.objects.filter(run=run).exists()


def ended(run: Run) -> tuple[str, int]:
    """Its payload's state, and the attempts that it took."""
    payload = payload_of(run)
    return str(payload.state), payload.attempts


@of_a_datasource
def test_the_second_waits_without_a_lane_until_the_first_has_ended(adapter: Adapter, engine: Engine) -> None:
    case = adapter.slow()
    first, second = engine.start(case), engine.start(case)
    working = engine.work_in_thread(first, case)
    engine.work(second)
    assert waits(second)
    engine.try_again(second)
    assert waits(second)
    case.mend()
    working.result(timeout=60)
    engine.try_again(second)
    assert (ended(first), ended(second)) == (("succeeded", 1), ("succeeded", 1))
    engine.beat()
    said = LogLine.objects.filter(run=second, message__startswith="waits for its turn").values_list(
        "message", flat=True
    )
    assert list(said) == [f"waits for its turn: run {first.pk} of this datasource is under way"]
    assert not Handle.objects.exists()


@of_a_datasource
def test_the_second_goes_when_the_worker_of_the_first_has_died(adapter: Adapter, engine: Engine) -> None:
    case = adapter.slow()
    first, second = (engine.start(case, maximum_attempts=2, initial_interval="1h") for _ in range(2))
    worker = engine.work_in_process(first, case)
    family = engine.family()
    engine.work(second)
    worker.kill()
    worker.wait()
    until(lambda: not any(is_running(pid) for pid in family))
    case.mend()
    engine.try_again(second)
    assert waits(second), "nobody knows yet that the worker is dead"
    engine.bury_the_lost()
    engine.try_again(second)
    assert ended(second) == ("succeeded", 1)
    engine.work(first)
    assert ended(first) == ("succeeded", 2)
    assert not Handle.objects.exists()


@of_a_datasource
def test_the_second_has_failed_an_attempt_when_it_has_waited_for_all_its_time(adapter: Adapter, engine: Engine) -> None:
    case = adapter.slow()
    first, second = engine.start(case), engine.start(case, timeout="1ms", maximum_attempts=1)
    working = engine.work_in_thread(first, case)
    engine.work(second)
    if not Attempt.objects.filter(run=second).exists():
        engine.try_again(second)
    assert ended(second) == ("failed", 1)
    assert Attempt.objects.get(run=second).error["code"] == "busy"
    case.mend()
    working.result(timeout=60)
    assert ended(first) == ("succeeded", 1)
