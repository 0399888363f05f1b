"""What a process does not use, it does not load: a beat starts soon and stays small."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import Any

from workers.payloads import EXECUTORS

HEAVY = ["sqlalchemy", "pyarrow", "faker", "mimesis", "duckdb", "boto3"]
BEATS_DO_WITHOUT = [*HEAVY, "workers.payloads.http", "sinks.packages", "jobs.admin", "rest_framework.views", "requests"]


def answer_of(program: str) -> Any:
    """What a new process prints, which has Django and sees what was loaded."""
    program = f"import json, sys, django; django.setup()\n{program}"
    asked = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, timeout=60)
    return json.loads(asked.stdout)


def test_who_asks_which_kinds_there_are_does_without_what_executors_stand_on() -> None:
    known, loaded = answer_of(f"""
from jobs import kinds
print(json.dumps([kinds.names(), [name for name in {HEAVY} if name in sys.modules]]))
""")
    assert (sorted(known), loaded) == (sorted(EXECUTORS), [])


def test_a_beat_does_without_kinds_and_pages() -> None:
    loaded = answer_of(f"""
import scheduler.beat, workers.tasks
print(json.dumps([name for name in {BEATS_DO_WITHOUT} if name in sys.modules]))
""")
    assert loaded == []


def test_a_kind_that_takes_the_place_of_one_of_ours_keeps_it() -> None:
    assert answer_of("""
from dataclasses import replace
from jobs import kinds
from sinks import log, registry
from workers.payloads import noop
kinds.register(replace(noop.KIND, queue="http"))
registry.register(replace(log.KIND, title="Another"))
print(json.dumps([kinds.get("noop").queue, registry.get("log").title]))
""") == ["http", "Another"]


def test_the_admins_checks_look_at_its_pages() -> None:
    assert answer_of("""
from django.contrib import admin
from django.core import checks
before = len(admin.site._registry)
checks.run_checks(tags=["admin"])
print(json.dumps([before, len(admin.site._registry) > 10]))
""") == [0, True]


def test_every_kind_has_its_executor() -> None:
    assert all(callable(EXECUTORS[kind].perform) for kind in list(EXECUTORS))
    assert EXECUTORS.get("guess") is None
