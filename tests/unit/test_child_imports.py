"""What a child process imports before it begins: every attempt that needs one waits for it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def imported(*modules: str) -> set[str]:
    program = f"import sys, {', '.join(modules)}; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True)
    return set(done.stdout.split())


class TestAChild:
    def test_starts_without_what_is_slow_to_import(self) -> None:
        assert not {"dataclasses", "inspect", "socket", "django", "celery"} & imported("workers.child_main")

    def test_that_runs_spark_imports_no_more_of_it(self) -> None:
        found = imported("workers.child_main", "workers.spark.local", "workers.spark.submitting")
        assert not {"dataclasses", "inspect", "socket", "django", "pyspark", "requests"} & found
