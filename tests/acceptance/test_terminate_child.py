"""A child process, and all that it has started, ends with its run, and ends when its worker was killed."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.acceptance.figures import Measured
from tests.acceptance.system import System
from tests.acceptance.worker import Worker
from tests.integration.child_work import is_running

pytestmark = pytest.mark.acceptance

GRACE_SECONDS = 3.0
SETTINGS = "tests.acceptance.child_settings"


class Clan:
    """The processes that the payload has started, by what they did to get away."""

    def __init__(self, told: Path) -> None:
        self.told = told

    @property
    def payload(self) -> list[dict[str, object]]:
        """One that would go on for ten minutes, in six processes that ignore SIGTERM."""
        parameters = {"do": "clan", "then": "stay", "tell": str(self.told)}
        return [{"kind": "noop", "parameters": parameters, "retry": {"maximum_attempts": 1}}]

    def pids(self) -> dict[str, int]:
        """None before it is told."""
        with contextlib.suppress(FileNotFoundError, ValueError):
            return dict(json.loads(self.told.read_text()))
        return {}

    def living(self) -> list[str]:
        """Who of it is alive."""
        return [name for name, pid in self.pids().items() if is_running(pid)]


@pytest.fixture
def clan(tmp_path: Path) -> Iterator[Clan]:
    """Nothing of it outlives the test."""
    clan = Clan(tmp_path / "clan.json")
    yield clan
    for pid in clan.pids().values():
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)


def start_clan(system: System, clan: Clan) -> int:
    """Trigger the payload, and wait until the whole family is there; the run's id."""
    run_id = system.start(clan.payload, terminate_grace=f"{GRACE_SECONDS:g}s")
    system.wait_for("the child's family", clan.pids, seconds=20)
    assert len(clan.living()) == 6
    return run_id


def start_worker(system: System) -> Worker:
    (worker,) = system.start_workers(1, slots=1, DJANGO_SETTINGS_MODULE=SETTINGS)
    return worker


def terminate(system: System, run_id: int) -> None:
    answer = system.machine.ask("POST", f"runs/{run_id}/terminate/", body={"note": "enough"})
    assert answer.status_code in (200, 202), f"{answer.status_code} {answer.text}"


def test_terminating_a_run_ends_its_child_and_all_descendants_within_the_grace_period(
    system: System, clan: Clan, measured: Measured
) -> None:
    start_worker(system)
    run_id = start_clan(system, clan)
    asked_at = time.monotonic()
    terminate(system, run_id)
    system.wait_for("the family to be gone", lambda: not clan.living(), seconds=GRACE_SECONDS + 2)
    took = time.monotonic() - asked_at
    measured("seconds_to_the_last_process", took)
    assert took >= GRACE_SECONDS, "they ignore SIGTERM: without the grace period this tests nothing"
    run = system.wait_for_end(run_id, seconds=5)
    assert run.state == "cancelled"
    assert [payload.state for payload in system.payloads(run_id)] == ["cancelled"]
    assert not system.rows("SELECT * FROM jobs_handle")


def test_terminating_a_run_whose_worker_is_killed_cancels_it_all_the_same(system: System, clan: Clan) -> None:
    victim, run_id = clan_of_the_first_of_two_workers(system, clan)
    terminate(system, run_id)
    victim.kill()
    run = system.wait_for_end(run_id, seconds=20)
    assert run.state == "cancelled"
    system.wait_for("the family to be gone", lambda: not clan.living(), seconds=5)
    system.wait_for("its handle to be gone", lambda: not system.rows("SELECT * FROM jobs_handle"), seconds=5)


def test_another_worker_ends_what_a_killed_worker_left_behind(system: System, clan: Clan, measured: Measured) -> None:
    victim, _ = clan_of_the_first_of_two_workers(system, clan)
    # Stopped, the child cannot see its worker die: somebody else has to end all of it.
    os.kill(clan.pids()["itself"], signal.SIGSTOP)
    killed_at = time.monotonic()
    victim.kill()
    assert len(clan.living()) == 6
    system.wait_for("the family to be gone", lambda: not clan.living(), seconds=15)
    measured("seconds_to_the_last_process", time.monotonic() - killed_at)
    system.wait_for("its handle to be gone", lambda: not system.rows("SELECT * FROM jobs_handle"), seconds=5)


def clan_of_the_first_of_two_workers(system: System, clan: Clan) -> tuple[Worker, int]:
    victim = start_worker(system)
    run_id = start_clan(system, clan)
    start_worker(system)
    return victim, run_id
