"""A beat and a web server know every kind of payload without loading what only executing one needs."""

from __future__ import annotations

import json
import subprocess
import sys

from workers.payloads import EXECUTORS

HEAVY = ["sqlalchemy", "pyarrow", "faker", "mimesis", "duckdb", "boto3"]
LOADED = f"""
import json, sys
import django
django.setup()
from jobs import kinds
print(json.dumps([kinds.names(), [name for name in {HEAVY} if name in sys.modules]]))
"""


def test_what_only_executors_stand_on_is_not_loaded_at_the_start() -> None:
    asked = subprocess.run([sys.executable, "-c", LOADED], capture_output=True, text=True, check=True, timeout=60)
    known, loaded = json.loads(asked.stdout)
    assert (sorted(known), loaded) == (sorted(EXECUTORS), [])


def test_every_kind_has_its_executor() -> None:
    assert all(callable(EXECUTORS[kind].perform) for kind in list(EXECUTORS))
    assert EXECUTORS.get("guess") is None
