"""This system's deliveries to one sink."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from typing import Any

from benchmarks.processes import wait_until
from benchmarks.servers import Servers
from benchmarks.subjects.base import LIMIT_SECONDS, WARM_UP, Sample
from benchmarks.subjects.ours import NOOP, Ours, Session

DATABASE = "jobs_bench_deliveries"
AT_ONCE = 8
"""Attempts at one sink at once: `workers.delivering.CONCURRENCY`."""
_KEY = "whsec_" + base64.b64encode(b"k" * 32).decode()

_OWED = """
    SELECT EXISTS (SELECT FROM sinks_handover WHERE next_position < total)
        OR EXISTS (SELECT FROM sinks_delivery WHERE state = 'due')
"""
_DELIVERED = """
    SELECT count(*) FILTER (WHERE d.state = 'delivered'), EXTRACT(EPOCH FROM max(d.ended_at) - min(r.ended_at))
    FROM sinks_delivery AS d JOIN jobs_run AS r ON r.id = d.run_id
    WHERE d.run_id = (SELECT max(id) FROM jobs_run)
"""


class OursDelivers(Ours):
    """A run of no-ops that has ended: a delivery for each, by the one worker that holds the sink, from the run's end on record to
    the last delivery's."""

    def __init__(self, *, servers: Servers) -> None:
        super().__init__(servers=servers, database=DATABASE)

    def webhook(self, *, url: str, count: int) -> Sample:
        """Signed messages, of some 400 bytes each."""
        with self._session() as session:
            session.ask(do="secret", name="key", value=_KEY)
            configuration = {"url": url, "sign": {"secrets": ["key"]}}
            self._deliver(session, configuration, WARM_UP)
            return {"deliveries_per_second": count / self._deliver(session, configuration, count)}

    def _deliver(self, session: Session, configuration: Mapping[str, Any], count: int) -> float:
        """End a run, and wait for its deliveries; returns how many seconds they took."""
        sinks = [{"kind": "webhook", "configuration": configuration}]
        session.run(do="start", job_id=session.define(name=f"hooks-{count}", payload=NOOP, count=count, sinks=sinks))
        wait_until(
            lambda: not session.one(_OWED)[0], seconds=LIMIT_SECONDS, what="the deliveries", alive=session.workers
        )
        delivered, seconds = session.one(_DELIVERED)
        if delivered != count:
            raise RuntimeError(f"{delivered} of {count} were delivered: see the logs in .data/bench")
        return float(seconds)
