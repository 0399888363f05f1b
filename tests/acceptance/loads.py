"""Sources, datasources and tables for tests that load, and what stands in the tables."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from tests.acceptance.system import System
from tests.acceptance.worker import Worker
from tests.integration.child_work import children_of

SCHEMA = "loads"
_FIRST_DAY = "2001-01-01"


@dataclasses.dataclass(frozen=True)
class Contents:
    """By which two tables are told apart: rows, different ids, and sums over ids and amounts."""

    rows: int
    ids: int
    sum_of_ids: int
    sum_of_amounts: int


def write_rows(path: Path, ids: range, *, amount: int) -> Contents:
    """A CSV file with a row for each id, all of this amount; what a table of these rows would hold."""
    with path.open("w") as file:
        file.write("id,name,amount,day\n")
        file.writelines(f"{number},name of {number},{amount},{_FIRST_DAY}\n" for number in ids)
    return Contents(len(ids), len(ids), sum(ids), amount * len(ids))


class Loads:
    """A datasource of the system's own PostgreSQL, and its table."""

    def __init__(self, system: System, folder: Path) -> None:
        self.system = system
        self.folder = folder
        self._made = 0

    def start_workers(self, count: int, *, slots: int = 1) -> list[Worker]:
        """Workers that may read the folder."""
        return self.system.start_workers(
            count, slots=slots, JOBS_FILE_ROOTS=self.folder, JOBS_DATASOURCE_OWN_DATABASE="true"
        )

    def define(self, path: Path, *, write: str, key: Sequence[str] = ()) -> str:
        """A datasource that loads the file into the table; its key."""
        self._made += 1
        parameters: dict[str, Any] = {
            "source": {"path": str(path)},
            "destination": {"postgresql": {"database": "default", "schema": SCHEMA, "table": "rows"}},
            "write": write,
            **({"key": list(key)} if key else {}),
        }
        retry = {"maximum_attempts": 10, "initial_interval": "200ms"}
        payload = [{"kind": "datasource", "name": "rows", "parameters": parameters, "retry": retry, "timeout": "20m"}]
        document = {"key": f"datasource:loads-{self._made}", "payload": payload}
        answer = self.system.machine.ask("POST", "jobs/", body=document)
        assert answer.status_code == 201, answer.text
        return str(document["key"])

    def load(self, key: str, *, seconds: float = 60) -> dict[str, Any]:
        """Run it to its end; the payload's result."""
        return self.finish(self.system.trigger(key), seconds=seconds)

    def finish(self, run_id: int, *, seconds: float = 60) -> dict[str, Any]:
        """Wait until the run has succeeded; the payload's result."""
        run = self.system.wait_for_end(run_id, seconds=seconds)
        (payload,) = self.system.payloads(run_id)
        assert run.state == "succeeded", f"{payload.error}\n{self.system.describe()}"
        return dict(payload.result)

    def wait_until_half_way(self) -> None:
        """Until rows are on their way into PostgreSQL, and not all of them."""
        self.system.wait_for("rows on their way", self._copied, seconds=40)

    def contents(self) -> Contents:
        """What stands in the table."""
        statement = (
            "SELECT count(*) AS rows, count(DISTINCT id) AS ids, sum(id)::bigint AS sum_of_ids, "
            f"sum(amount)::bigint AS sum_of_amounts FROM {SCHEMA}.rows"
        )
        return Contents(*self.system.rows(statement)[0])

    def tables(self) -> set[str]:
        """What there is in the schema."""
        found = self.system.rows(
            "SELECT relname FROM pg_class WHERE relnamespace = to_regnamespace(%s) AND relkind = 'r'", SCHEMA
        )
        return {row.relname for row in found}

    def busy_worker(self) -> Worker:
        """The one worker that has a child process."""
        (worker,) = [worker for worker in self.system.workers if children_of(worker.process.pid)]
        return worker

    def child(self) -> int:
        """Its child process."""
        (pid,) = children_of(self.busy_worker().process.pid)
        return pid

    def erase(self) -> None:
        """The table and all beside it."""
        with self.system.machine.database() as connection:
            connection.execute(f"DROP SCHEMA IF EXISTS {SCHEMA} CASCADE")

    def _copied(self) -> bool:
        rows = self.system.rows("SELECT COALESCE(max(tuples_processed), 0) AS copied FROM pg_stat_progress_copy")
        return bool(rows[0].copied > 20_000)
