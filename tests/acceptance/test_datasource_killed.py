"""A load whose child, worker or database dies in the middle is tried again, and leaves exactly the rows of its source."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.acceptance.loads import Loads, write_rows
from tests.acceptance.system import System

pytestmark = [pytest.mark.acceptance, pytest.mark.timeout(300)]

ROWS = 400_000

Kill = Callable[[Loads], None]


@pytest.fixture
def loads(system: System, tmp_path: Path) -> Iterator[Loads]:
    loading = Loads(system, tmp_path)
    loading.erase()
    yield loading
    loading.erase()


def kill_the_child(loads: Loads) -> None:
    os.kill(loads.child(), signal.SIGKILL)


def kill_the_worker(loads: Loads) -> None:
    """The other one takes over."""
    loads.busy_worker().kill()


def kill_the_database(loads: Loads) -> None:
    """It holds the destination and the state."""
    loads.system.restart_database(signal.SIGQUIT)


@pytest.fixture(params=[kill_the_child, kill_the_worker, kill_the_database], ids=["child", "worker", "database"])
def kill(request: pytest.FixtureRequest) -> Kill:
    chosen: Kill = request.param
    return chosen


def killed_half_way(loads: Loads, key: str, kill: Kill) -> int:
    """Start a run, kill something when rows are on their way, and wait until it has succeeded; its id."""
    run_id = loads.system.trigger(key)
    loads.wait_until_half_way()
    kill(loads)
    loads.finish(run_id, seconds=120)
    assert loads.system.attempts(run_id), "nothing was lost: the load was over before it could be killed"
    return run_id


def test_a_replace(loads: Loads, tmp_path: Path, kill: Kill) -> None:
    source = tmp_path / "rows.csv"
    before = write_rows(source, range(1000), amount=1)
    key = loads.define(source, write="replace")
    loads.start_workers(2)
    loads.load(key)
    assert loads.contents() == before
    after = write_rows(source, range(500, 500 + ROWS), amount=2)
    killed_half_way(loads, key, kill)
    assert loads.contents() == after
    assert loads.tables() == {"rows"}, "a table that was half filled is left"


def test_an_append(loads: Loads, tmp_path: Path, kill: Kill) -> None:
    source = tmp_path / "rows.csv"
    key = loads.define(source, write="append")
    first = write_rows(source, range(1000), amount=1)
    loads.start_workers(2)
    loads.load(key)
    second = write_rows(source, range(1000, 1000 + ROWS), amount=2)
    killed_half_way(loads, key, kill)
    found = loads.contents()
    assert (found.rows, found.ids) == (first.rows + second.rows, first.ids + second.ids)
    assert found.sum_of_amounts == first.sum_of_amounts + second.sum_of_amounts


def test_a_merge(loads: Loads, tmp_path: Path, kill: Kill) -> None:
    source = tmp_path / "rows.csv"
    key = loads.define(source, write="merge", key=["id"])
    write_rows(source, range(1000), amount=1)
    loads.start_workers(2)
    loads.load(key)
    after = write_rows(source, range(ROWS), amount=2)
    run_id = killed_half_way(loads, key, kill)
    assert loads.contents() == after
    (payload,) = loads.system.payloads(run_id)
    assert (payload.result["rows"]["new"], payload.result["rows"]["updated"]) == (ROWS - 1000, 1000)
