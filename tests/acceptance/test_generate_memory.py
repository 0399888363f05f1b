"""Made-up data flows through: ten times the records take no more memory, but for what must be remembered of unique values."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = [pytest.mark.acceptance, pytest.mark.timeout(180)]

ROOT = Path(__file__).resolve().parents[2]
FEW, MANY = 10_000, 100_000
REMEMBERED_MB = 25
"""More than 90,000 more hashes take in a set of Python's, which doubles as it grows, and half of what those records would take."""


def peak_mb(kind: str, records: int) -> float:
    command = [sys.executable, "-m", "tests.acceptance.generate_peak", kind, str(records)]
    return float(subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout)


@pytest.mark.parametrize("kind", ["csv", "jsonl", "avro", "parquet", "excel"])
def test_ten_times_the_records_take_no_more_memory(kind: str) -> None:
    assert peak_mb(kind, MANY) < peak_mb(kind, FEW) + REMEMBERED_MB
