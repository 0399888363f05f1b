"""A worker's memory stays flat over 200 loads."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.acceptance.figures import Measured
from tests.acceptance.loads import Loads, write_rows
from tests.acceptance.memory import memory_mb
from tests.acceptance.system import System

pytestmark = [pytest.mark.acceptance, pytest.mark.slow, pytest.mark.timeout(1800)]


@pytest.fixture
def loads(system: System, tmp_path: Path) -> Iterator[Loads]:
    loading = Loads(system, tmp_path)
    loading.erase()
    yield loading
    loading.erase()


def test_over_200_runs(loads: Loads, tmp_path: Path, measured: Measured) -> None:
    source = tmp_path / "rows.csv"
    rows = write_rows(source, range(1000), amount=1)
    keys = [
        loads.define(source, write="replace") for _ in range(2)
    ]  # side by side: one datasource has one run at a time
    (worker,) = loads.start_workers(1, slots=2)
    held = []
    with ThreadPoolExecutor(2) as pool:
        for _ in range(100):
            list(pool.map(loads.load, keys))
            held.append(memory_mb(worker.process.pid, "VmRSS"))
    measured("mb_of_the_worker_after_50_runs", held[24])
    measured("mb_of_the_worker_after_200_runs", held[-1])
    assert loads.contents() == rows
    assert held[-1] - held[24] < 10
