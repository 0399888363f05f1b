"""What a test sees: a machine with nothing on it, jobs to define and trigger, workers to start, and rows to look at afterwards."""

from __future__ import annotations

import contextlib
import dataclasses
import os
import signal
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any

import psycopg
from psycopg.rows import namedtuple_row

from embedded.processes import wait_until
from tests.acceptance.beat import Beat
from tests.acceptance.machine import Machine
from tests.acceptance.waiting import wait_for
from tests.acceptance.worker import Worker

LEASE_SECONDS = 3.0
_DATABASE_DOWN = (psycopg.OperationalError, OSError)


@dataclasses.dataclass(frozen=True)
class Attempt:
    """A row of the history: an attempt that failed or was lost."""

    position: int
    number: int
    state: str
    worker: str


class System:
    """The machine as one test uses it."""

    def __init__(self, machine: Machine) -> None:
        self.machine = machine
        self.workers: list[Worker] = []
        self.beats: list[Beat] = []
        self._jobs = 0

    # --- Doing ---

    def start_workers(
        self, count: int, *, pool: str = "threads", slots: int = 4, **environment: object
    ) -> list[Worker]:
        """Start workers side by side and wait until all are ready. ``environment`` changes their settings."""
        variables = {**self.machine.environment, **{name: str(value) for name, value in environment.items()}}
        names = [f"worker-{len(self.workers) + number}" for number in range(1, count + 1)]
        started = [
            Worker(name=name, pool=pool, slots=slots, log=self.machine.folder / f"{name}.log", environment=variables)
            for name in names
        ]
        self.workers += started
        for worker in started:
            worker.wait_until_ready()
        return started

    def start_beat(self) -> Beat:
        """Start a beat; it may not be ready yet."""
        name = f"beat-{len(self.beats) + 1}"
        log = self.machine.folder / f"{name}.log"
        self.beats.append(Beat(name=name, log=log, environment=self.machine.environment))
        return self.beats[-1]

    def define(self, payload: Sequence[dict[str, Any]], **configuration: object) -> str:
        """Save a job through the API; its key."""
        self._jobs += 1
        key = f"task:job-{self._jobs}"
        document = {"key": key, "payload": list(payload), "configuration": configuration}
        answer = self.machine.ask("POST", "jobs/", body=document)
        assert answer.status_code == 201, answer.text
        return key

    def trigger(self, key: str, *, seconds: float = 30.0) -> int:
        """Trigger a job through the API; the run's id."""
        answer = self.machine.ask("POST", f"jobs/{key}/trigger/", body={}, seconds=seconds)
        assert answer.status_code == 202, f"{answer.status_code} {answer.text}\n{self.describe()}"
        return int(answer.json()["id"])

    def start(self, payload: Sequence[dict[str, Any]], **configuration: object) -> int:
        """Define a job and trigger it; the run's id."""
        return self.trigger(self.define(payload, **configuration))

    def crash_broker(self) -> None:
        """kill -9 of Redis."""
        assert self.machine.redis.pid is not None
        os.kill(self.machine.redis.pid, signal.SIGKILL)
        assert wait_until(lambda: self.machine.redis.pid is None, seconds=5)

    def restart_database(self, how: signal.Signals) -> None:
        """Restart PostgreSQL as ``pg_ctl restart`` does: SIGINT is ``-m fast``, SIGQUIT ``-m immediate``."""
        self.stop_database(how)
        self.machine.postgres.start()

    def stop_database(self, how: signal.Signals = signal.SIGINT) -> None:
        """Stop PostgreSQL, as ``pg_ctl stop`` does."""
        assert self.machine.postgres.pid is not None
        os.kill(self.machine.postgres.pid, how)
        assert wait_until(lambda: self.machine.postgres.pid is None, seconds=20)

    def end(self) -> None:
        """End the workers and the beats, and start what a test left down."""
        for process in (*self.workers, *self.beats):
            process.end()
        for server in (self.machine.redis, self.machine.postgres):
            if server.pid is None:
                server.start()

    # --- Looking ---

    def rows(self, statement: str, *parameters: object) -> list[Any]:
        """The rows of a query, on a connection of their own."""
        with self.machine.database() as connection, connection.cursor(row_factory=namedtuple_row) as cursor:
            return cursor.execute(statement.encode(), parameters or None).fetchall()

    def run(self, run_id: int) -> Any:
        """The run's row."""
        return self.rows("SELECT * FROM jobs_run WHERE id = %s", run_id)[0]

    def payloads(self, run_id: int) -> list[Any]:
        """The payloads' rows, by position."""
        return self.rows("SELECT * FROM jobs_payload WHERE run_id = %s ORDER BY position", run_id)

    def attempts(self, run_id: int) -> list[Attempt]:
        """The attempts that did not succeed, by position and number."""
        statement = (
            "SELECT position, number, state, worker FROM jobs_attempt WHERE run_id = %s ORDER BY position, number"
        )
        return [Attempt(*row) for row in self.rows(statement, run_id)]

    def lanes(self, run_id: int) -> list[Any]:
        """The rows of the run's lanes."""
        return self.rows("SELECT * FROM jobs_lane WHERE run_id = %s", run_id)

    def held_by(self, worker: Worker) -> list[Any]:
        """The payloads without an outcome that a worker's lanes hold: position, and whether the lane had reached it."""
        return self.rows(
            "SELECT p.position, p.position <= l.reached AS reached FROM jobs_lane AS l JOIN jobs_payload AS p USING (run_id)"
            " WHERE l.worker = %s AND p.state = 'queued' AND (p.position >= l.low AND p.position < l.high OR EXISTS ("
            "   SELECT 1 FROM jobs_requeued AS q WHERE q.lane_id = l.id AND q.position = p.position))",
            worker.identity,
        )

    def outcomes(self, run_id: int) -> int:
        """How many payloads of the run have their outcome."""
        run = self.run(run_id)
        return int(run.succeeded + run.failed)

    def queued_messages(self) -> int:
        """How many messages wait in the broker for a worker."""
        with self.machine.broker() as broker:
            return sum(broker.llen(queue) for queue in ("default", "http"))

    def wait_for_outcomes(self, run_id: int, count: int, *, seconds: float) -> None:
        """Wait until so many payloads of the run have their outcome."""
        self.wait_for(f"{count} outcomes of run {run_id}", lambda: self.outcomes(run_id) >= count, seconds=seconds)

    def wait_for_end(self, run_id: int, *, seconds: float) -> Any:
        """Wait until the run has ended, over restarts of the database too; its row."""
        return self.wait_for(f"the end of run {run_id}", lambda: self._ended(run_id), seconds=seconds)

    def wait_for(self, what: str, condition: Any, *, seconds: float) -> Any:
        """`wait_for` with this system's state as its report."""
        return wait_for(what, condition, seconds=seconds, report=self.describe)

    def _ended(self, run_id: int) -> Any:
        with contextlib.suppress(*_DATABASE_DOWN):
            run = self.run(run_id)
            return run if run.ended_at else None
        return None

    def describe(self) -> str:
        """How everything stands: runs, lanes, what waits, the processes and the ends of their logs."""
        return "\n".join(
            [
                *self._database_words(),
                f"messages: {self._message_words()}",
                *(process.describe() for process in (*self.workers, *self.beats)),
            ]
        )

    def _database_words(self) -> Iterator[str]:
        try:
            for table in ("jobs_lane", "jobs_requeued", "jobs_attempt"):
                yield from map(str, self.rows(f"SELECT * FROM {table} LIMIT 8"))
            columns = "id, state, total, next_position, succeeded, failed, wake_at, nudges"
            yield from map(str, self.rows(f"SELECT {columns} FROM jobs_run ORDER BY id LIMIT 8"))
        except _DATABASE_DOWN as error:
            yield f"database: {error}"

    def _message_words(self) -> str:
        return "the broker is down" if self.machine.redis.pid is None else str(self.queued_messages())


def assert_recorded_once(system: System, run_id: int, *, total: int) -> None:
    """The run succeeded, and each of its payloads has exactly one outcome, counted once."""
    run, payloads = system.run(run_id), system.payloads(run_id)
    assert run.state == "succeeded", system.describe()
    assert (run.total, run.succeeded, run.failed) == (total, total, 0)
    assert [payload.position for payload in payloads] == list(range(total))
    assert Counter(payload.state for payload in payloads) == {"succeeded": total}
    assert not system.rows("SELECT 1 FROM jobs_requeued WHERE run_id = %s", run_id), "a position was left waiting"
    # A lane that found nothing left may still be on its way out when another closes the run.
    system.wait_for("its lanes to be gone", lambda: not system.lanes(run_id), seconds=LEASE_SECONDS + 5)
    ends = system.rows("SELECT kind FROM jobs_event WHERE run_id = %s ORDER BY id", run_id)
    assert [event.kind for event in ends] == ["run.created", "run.running", "run.succeeded"]


@contextlib.contextmanager
def clean_system(machine: Machine) -> Iterator[System]:
    """The machine, emptied, for the length of a ``with`` block; its workers end with it."""
    machine.clear()
    system = System(machine)
    try:
        yield system
    finally:
        system.end()
