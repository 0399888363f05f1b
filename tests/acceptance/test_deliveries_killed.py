"""kill -9 in the middle of deliveries: each arrives at least once with the same id, none is lost; and a sink that hangs holds up
nobody else's runs nor deliveries."""

from __future__ import annotations

from typing import Any

import pytest

from tests.acceptance.payloads import noops
from tests.acceptance.service import CountingService
from tests.acceptance.system import System
from tests.acceptance.worker import Worker

pytestmark = pytest.mark.acceptance

SETTINGS = {"DJANGO_SETTINGS_MODULE": "tests.acceptance.sink_settings"}
TOTAL = 80


def define(system: System, key: str, *, payloads: int, address: str) -> str:
    """A job whose results are delivered to an address; its key."""
    sinks = [{"kind": "log", "configuration": {"prefix": address}}]
    document = {"key": key, "payload": noops(payloads), "sinks": sinks}
    answer = system.machine.ask("POST", "jobs/", body=document)
    assert answer.status_code == 201, answer.text
    return key


def start_worker(system: System) -> Worker:
    [worker] = system.start_workers(1, slots=4, **SETTINGS)
    return worker


def delivered(system: System, run_id: int) -> int:
    rows = system.rows("SELECT count(*) AS n FROM sinks_delivery WHERE run_id = %s AND state = 'delivered'", run_id)
    return int(rows[0].n)


def deliveries(system: System, run_id: int) -> list[Any]:
    return system.rows("SELECT * FROM sinks_delivery WHERE run_id = %s ORDER BY first_position", run_id)


def lost(system: System, run_id: int) -> set[str]:
    """The ids of the deliveries of which an attempt was lost."""
    rows = system.rows(
        "SELECT d.id, f.error FROM sinks_failed_delivery AS f JOIN sinks_delivery AS d ON d.id = f.delivery_id WHERE d.run_id = %s",
        run_id,
    )
    assert {row.error["code"] for row in rows} <= {"lost"}
    return {f"dlv_{row.id}" for row in rows}


def test_what_a_killed_worker_was_delivering_arrives_under_the_same_id_and_nothing_is_lost(
    system: System, service: CountingService
) -> None:
    key = define(system, "task:delivers", payloads=TOTAL, address=f"{service.url}/wait/100")
    dead = start_worker(system)
    run_id = system.trigger(key)
    system.wait_for("ten deliveries", lambda: delivered(system, run_id) >= 10, seconds=30)
    system.wait_for("calls under way", service.calls.open_now, seconds=10)
    dead.kill()
    assert 10 <= delivered(system, run_id) < TOTAL, "all was delivered before the kill"

    start_worker(system)
    system.wait_for("all deliveries", lambda: delivered(system, run_id) == TOTAL, seconds=60)
    made = deliveries(system, run_id)
    assert [row.first_position for row in made] == list(range(TOTAL))
    by_id = service.calls.by_key()
    assert set(by_id) == {f"dlv_{row.id}" for row in made}
    repeated = {each for each, calls in by_id.items() if len(calls) > 1}
    assert repeated, "the kill hit no delivery"
    assert repeated <= lost(system, run_id)
    assert {f"dlv_{row.id}" for row in made if row.attempts > 1} == lost(system, run_id)
    assert system.run(run_id).state == "succeeded"


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
