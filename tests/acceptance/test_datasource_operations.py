"""Looking at a datasource through the web server, the broker and a worker; also when the worker comes late."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.acceptance.loads import Loads
from tests.acceptance.system import System

pytestmark = pytest.mark.acceptance

PASSWORD = "a-password-that-nobody-reads"


def asked(path: Path) -> dict[str, Any]:
    destination = {"postgresql": {"url_secret": "warehouse", "schema": "public", "table": "rows"}}
    return {"parameters": {"source": {"path": str(path)}, "destination": destination}}


def test_an_operation_waits_for_its_worker_and_keeps_the_secrets(system: System, tmp_path: Path) -> None:
    source = tmp_path / "rows.csv"
    source.write_text("id,name\n1,Ann\n2,Bob\n")
    url = f"postgresql://ann:{PASSWORD}@127.0.0.1:1/warehouse"
    system.machine.python("manage.py", "set_secret", "acceptance", "warehouse", given=url)

    waiting = system.machine.ask("POST", "datasources/preview/?wait=0", body=asked(source))
    assert (waiting.status_code, waiting.json()["state"]) == (202, "waiting")
    (worker,) = Loads(system, tmp_path).start_workers(1)
    answer = system.machine.ask("GET", f"datasources/operations/{waiting.json()['id']}/?wait=30", seconds=40).json()
    assert answer["state"] == "done", system.describe()
    assert answer["result"]["rows"] == [{"id": 1, "name": "Ann"}, {"id": 2, "name": "Bob"}]

    found = system.machine.ask("POST", "datasources/validate/?wait=30", body=asked(source), seconds=40)
    result = found.json()["result"]
    assert (result["valid"], result["source"]["ok"], result["destination"]["ok"]) == (False, True, False)
    kept = str(system.rows("SELECT parameters, result, error FROM jobs_datasource_operation"))
    assert PASSWORD not in found.text + kept + worker.log + system.machine.web_log.read_text()
