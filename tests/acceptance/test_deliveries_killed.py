"""kill -9 at each step of deliveries: each arrives at least once with the same id, and none is lost."""

from __future__ import annotations

import signal
from pathlib import Path
from typing import Any

import pytest

from sinks.s3.configuration import LEAST_PART
from tests.acceptance.payloads import Payloads, calls, noops
from tests.acceptance.service import CountingService
from tests.acceptance.system import System
from tests.acceptance.worker import Worker
from tests.integration.byte_sinks.buckets import new_bucket
from tests.integration.sinks.relay import Relay
from tests.swift import ACCESS_KEY, SECRET_KEY, running_swift

pytestmark = pytest.mark.acceptance

SETTINGS = "tests.acceptance.sink_settings"
TOTAL = 80


def define(system: System, key: str, *, payloads: int, address: str) -> str:
    """A job whose results are delivered to an address; its key."""
    return define_with(system, key, noops(payloads), {"kind": "log", "configuration": {"prefix": address}})


def define_with(system: System, key: str, payloads: Payloads, sink: dict[str, Any]) -> str:
    """A job with a sink; its key."""
    answer = system.machine.ask("POST", "jobs/", body={"key": key, "payload": payloads, "sinks": [sink]})
    assert answer.status_code == 201, answer.text
    return key


def start_worker(system: System, *, dies: str = "") -> Worker:
    """One that delivers by calling, and dies at this step; see `tests.acceptance.sink_kind`."""
    [worker] = system.start_workers(1, slots=4, DJANGO_SETTINGS_MODULE=SETTINGS, SINK_DIES=dies)
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


@pytest.mark.parametrize(
    ("step", "twice"),
    [
        ("after:take_sink", False),
        ("after:begin_deliveries", False),
        ("before:settle_deliveries", True),
        ("after:settle_deliveries", False),
    ],
)
def test_a_worker_that_dies_at_this_step_loses_nothing(
    system: System, service: CountingService, step: str, twice: bool
) -> None:
    key = define(system, "task:delivers", payloads=TOTAL, address=f"{service.url}/wait/5")
    dying = start_worker(system, dies=step)
    run_id = system.trigger(key)
    assert dying.wait_for_exit(seconds=30) == -signal.SIGKILL
    settled = {f"dlv_{row.id}" for row in deliveries(system, run_id) if row.state == "delivered"}
    assert bool(settled) == (step == "after:settle_deliveries")

    start_worker(system)
    system.wait_for("all deliveries", lambda: delivered(system, run_id) == TOTAL, seconds=60)
    by_id = service.calls.by_key()
    assert set(by_id) == {f"dlv_{row.id}" for row in deliveries(system, run_id)}
    repeated = {each for each, made in by_id.items() if len(made) > 1}
    assert repeated <= lost(system, run_id)
    assert not repeated & settled
    assert repeated or not twice
    assert system.run(run_id).state == "succeeded"


def test_killed_in_the_middle_of_a_large_object_the_object_is_there_once_and_no_upload_is_left(
    system: System, service: CountingService, tmp_path: Path
) -> None:
    with running_swift(tmp_path / "swift") as swift, Relay.before(swift.endpoint_url) as relay:
        bucket = new_bucket(swift)
        for name, value in {"access": ACCESS_KEY, "key": SECRET_KEY}.items():
            system.machine.python("manage.py", "set_secret", "acceptance", name, given=value)
        asked = bucket.configuration(endpoint_url=relay.url, part_size=LEAST_PART)
        sink = {"kind": "s3", "deliver": "run", "configuration": asked}
        key = define_with(system, "task:large", calls(service, "/large/500000", 24), sink)
        relay.stop_at = b"partNumber=2"
        [dead] = system.start_workers(1)
        run_id = system.trigger(key)
        system.wait_for("the second part", relay.stopped.is_set, seconds=60)
        dead.kill()
        assert len(bucket.uploads()) == 1
        assert bucket.objects() == []

        relay.pass_everything()
        system.start_workers(1)
        system.wait_for("the delivery", lambda: delivered(system, run_id) == 1, seconds=60)
        [row] = deliveries(system, run_id)
        [object_key, manifest] = bucket.objects()
        assert (bucket.uploads(), manifest) == ([], f"{object_key}.manifest.json")
        assert (row.attempts, len(bucket.read(object_key))) == (2, row.bytes)
        assert lost(system, run_id) == {f"dlv_{row.id}"}
