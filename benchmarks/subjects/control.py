"""This system's controls on a run of a million queued payloads: how soon they answer, and whom they keep waiting."""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Iterator

import psycopg

from benchmarks.processes import wait_until
from benchmarks.servers import Servers
from benchmarks.subjects.base import Sample
from benchmarks.subjects.ours import NOOP, Ours, Session

DATABASE = "jobs_bench_control"
QUEUED = 1_000_000
ADDED = 10_000
PROBE_SECONDS = 0.002
LIMIT_SECONDS = 120.0

_FILL = """
    INSERT INTO jobs_payload (run_id, position, kind, name, parameters, state, attempts)
    SELECT %(run_id)s, n, 'noop', '', '{}', 'queued', 0 FROM generate_series(1, %(count)s) AS n
"""


class OursControl(Ours):
    """Workers at work on the run, a driver that calls the services, and a session that keeps asking for the run's row."""

    def __init__(self, *, servers: Servers) -> None:
        super().__init__(servers=servers, database=DATABASE)

    def control(self) -> Sample:
        """Pause, resume, extend and terminate the run; milliseconds until each call returned, and what followed it."""
        with self._session() as session:
            job_id = session.define(name="large", payload=NOOP, count=1, configuration={"strict": True})
            run_id = self._large_run(session, job_id)
            session.ask(do="resume_run", run_id=run_id)
            sample = self._extend(session, run_id)
            with self._waits(run_id) as waits:
                for do in ("pause_run", "resume_run", "terminate_run"):
                    answer = session.ask(do=do, run_id=run_id)
                    sample[f"{do.removesuffix('_run')}_ms"] = answer["seconds"] * 1000
                    time.sleep(0.5)
                sample["cancelled_seconds"] = self._until_cancelled(session, run_id)
            sample["longest_wait_ms"] = max(waits) * 1000
            session.clear()
            return sample

    def _large_run(self, session: Session, job_id: int) -> int:
        """A paused run of so many payloads: what is to be measured is not how they came there."""
        run_id = int(session.ask(do="start_paused", job_id=job_id)["run_id"])
        session.connection.execute(_FILL, {"run_id": run_id, "count": QUEUED - 1})
        session.connection.execute("UPDATE jobs_run SET total = %s WHERE id = %s", (QUEUED, run_id))
        session.connection.execute("VACUUM (ANALYZE) jobs_payload")
        session.connection.execute("CHECKPOINT")
        return run_id

    def _extend(self, session: Session, run_id: int) -> Sample:
        """Lanes are at work in it meanwhile."""
        answer = session.ask(do="extend", run_id=run_id, payload=NOOP, count=ADDED)
        return {"extend_seconds": answer["seconds"]}

    def _until_cancelled(self, session: Session, run_id: int) -> float:
        began = time.monotonic()

        def ended() -> bool:
            row = session.connection.execute("SELECT state FROM jobs_run WHERE id = %s", (run_id,)).fetchone()
            return row is not None and row[0] == "cancelled"

        wait_until(ended, seconds=LIMIT_SECONDS, what="the run to be cancelled", alive=session.workers)
        return time.monotonic() - began

    @contextlib.contextmanager
    def _waits(self, run_id: int) -> Iterator[list[float]]:
        """How long somebody waits who wants the run's row, over and over, meanwhile; in seconds."""
        waits = [0.0]
        over = threading.Event()

        def probe() -> None:
            with psycopg.connect(self._url, autocommit=True) as connection:
                while not over.wait(PROBE_SECONDS):
                    began = time.monotonic()
                    connection.execute("SELECT 1 FROM jobs_run WHERE id = %s FOR NO KEY UPDATE", (run_id,))
                    waits.append(time.monotonic() - began)

        thread = threading.Thread(target=probe)
        thread.start()
        try:
            yield waits
        finally:
            over.set()
            thread.join()
