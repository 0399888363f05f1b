"""The JSON of worker processes."""

from __future__ import annotations

from typing import Any

from jobs.selectors.fleet import HeldLane, HeldRun, ProcessView

_OWN = (
    *("id", "name", "kind", "node", "host", "pid", "pool", "slots", "queues", "version", "memory_bytes"),
    *("started_at", "heard_at", "draining_since", "draining_by"),
)


def worker_json(view: ProcessView) -> dict[str, Any]:
    """A process, and what it holds of the workspace's runs."""
    return {name: getattr(view.process, name) for name in _OWN} | {
        "state": view.state,
        "runs": [_run(each) for each in view.holding.runs],
        "lanes": view.holding.lanes,
        "lanes_elsewhere": view.holding.elsewhere,
    }


def lane_json(held: HeldLane) -> dict[str, Any]:
    """A lane, and the payload at work in it."""
    lane = held.lane
    return {
        "run": lane.run_id,
        "job": lane.run.job_key,
        "slot": lane.slot,
        "position": held.position,
        "payload": held.name,
        "more": held.more,
        "since": lane.leased_at,
    }


def _run(held: HeldRun) -> dict[str, Any]:
    return {
        "run": held.run_id,
        "job": held.job_key,
        "lanes": held.lanes,
        "payloads": held.payloads,
        "since": held.since,
    }
