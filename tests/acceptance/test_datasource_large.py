"""A file of 2 GB is loaded by a child that needs less than half of that."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.acceptance.figures import Measured
from tests.acceptance.loads import Loads
from tests.acceptance.memory import memory_mb
from tests.acceptance.system import System
from tests.integration.child_work import children_of

pytestmark = [pytest.mark.acceptance, pytest.mark.slow, pytest.mark.timeout(1800)]

MB = 1024 * 1024
LARGE_BYTES = 2 * 1024 * MB


@pytest.fixture
def loads(system: System, tmp_path: Path) -> Iterator[Loads]:
    loading = Loads(system, tmp_path)
    loading.erase()
    yield loading
    loading.erase()


def test_a_file_of_2_gb_is_loaded_with_less_than_1_gb(loads: Loads, tmp_path: Path, measured: Measured) -> None:
    source = tmp_path / "rows.csv"
    rows = write_large(source)
    key = loads.define(source, write="replace")
    (worker,) = loads.start_workers(1)
    run_id = loads.system.trigger(key)
    peak = 0.0

    def ended() -> bool:
        nonlocal peak
        peak = max([peak, *(memory_mb(pid, "VmHWM") for pid in children_of(worker.process.pid))])
        return bool(loads.system.run(run_id).ended_at)

    loads.system.wait_for("the end of the load", ended, seconds=1500)
    result = loads.finish(run_id)
    measured("mb_of_the_child_at_most", peak)
    measured("seconds_for_2_gb", result["duration_ms"] / 1000)
    assert (result["rows"]["output"], loads.contents().rows) == (rows, rows)
    assert 0 < peak < 1024


def write_large(path: Path) -> int:
    """A CSV file of 2 GB; how many rows it has."""
    line = f"1234567,{'a name that is somewhat longer than most names are ' * 4},12.5,2001-01-01\n"
    block = line * (MB // len(line))
    with path.open("w") as file:
        file.write("id,name,amount,day\n")
        blocks = LARGE_BYTES // len(block) + 1
        for _ in range(blocks):
            file.write(block)
    assert path.stat().st_size >= LARGE_BYTES
    return blocks * (len(block) // len(line))
