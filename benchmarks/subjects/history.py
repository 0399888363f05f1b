"""This system with years behind it: five million finished payloads in the database."""

from __future__ import annotations

import psycopg

from benchmarks.servers import Servers
from benchmarks.subjects.ours import Ours

DATABASE = "jobs_bench_history"
RUNS = 500
PAYLOADS = 10_000
SETTLING_RUNS = 2
"""Runs whose time does not count. What was inserted at once is still being written back meanwhile, which no old history is."""

_FILL = (
    "INSERT INTO jobs_workspace (slug, name, created_at) VALUES ('past', 'The past', now())",
    """
    INSERT INTO jobs_run (workspace_id, job_key, state, trigger, actor, comment, parameters, snapshot, queue, strict,
        max_lanes, priority, total, next_position, succeeded, failed, cancelled, started_at, ended_at, nudges, outcome)
    SELECT w.id, 'task:past', 'succeeded', 'api', '', '', '{}', '{}', 'default', false,
        5, 0, %(payloads)s, %(payloads)s, %(payloads)s, 0, 0, now() - interval '1 h', now(), 0, 'succeeded'
    FROM jobs_workspace w, generate_series(1, %(runs)s) WHERE w.slug = 'past'
    """,
    """
    INSERT INTO jobs_payload (run_id, position, kind, name, parameters, state, attempts, started_at, ended_at)
    SELECT r.id, n, 'noop', '', '{}', 'succeeded', 1, now() - interval '1 h', now()
    FROM jobs_run r, generate_series(0, %(payloads)s - 1) AS n WHERE r.job_key = 'task:past'
    """,
)


class OursWithHistory(Ours):
    """`Ours` on a database of its own that holds the history of 500 runs of 10,000 payloads."""

    def __init__(self, *, servers: Servers) -> None:
        super().__init__(servers=servers, database=DATABASE)
        self._history_url = servers.database(name=DATABASE)

    def install(self) -> None:
        """The schema and the history, vacuumed and analysed as autovacuum would have done long before."""
        super().install()
        with psycopg.connect(self._history_url, autocommit=True) as connection:
            for statement in _FILL:
                connection.execute(statement, {"runs": RUNS, "payloads": PAYLOADS})
            connection.execute("VACUUM (ANALYZE) jobs_payload, jobs_run")
            connection.execute("CHECKPOINT")
        for _ in range(SETTLING_RUNS):
            self.noops(count=PAYLOADS * 10, keep=True)
