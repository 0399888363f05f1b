"""When messages came into a queue of Redis: by asking for its length again and again, or by what they say themselves."""

from __future__ import annotations

import base64
import json
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import redis

from benchmarks.report import percentile
from benchmarks.subjects.base import Sample

POLL_SECONDS = 0.005


@dataclass(slots=True)
class Arrivals:
    """Seconds from the moment at which all were due; one for each that came."""

    late: list[float] = field(default_factory=list)

    def sample(self) -> Sample:
        """Fires a second until the last one, and how late they were. Raises ValueError when none came."""
        return {
            "fires_per_second": len(self.late) / max(self.late),
            "late_p50_ms": percentile(self.late, percent=50) * 1000,
            "late_p99_ms": percentile(self.late, percent=99) * 1000,
        }


def watch(*, length: Callable[[], int], due_at: float, count: int, seconds: float) -> Arrivals:
    """Ask for a queue's length until ``count`` messages came, or until so long after they were due.

    Args:
        length: How many there are now.
        due_at: Seconds since the epoch.
    """
    arrivals = Arrivals()
    while len(arrivals.late) < count and time.time() < due_at + seconds:
        new = length() - len(arrivals.late)
        arrivals.late += [time.time() - due_at] * new
        time.sleep(POLL_SECONDS)
    return arrivals


def sent_runs(client: redis.Redis, *, queues: Sequence[str]) -> dict[int, float]:
    """Read the lanes' messages of this system.

    Returns:
        When each run was sent first (seconds since the epoch), by its id.
    """
    sent: dict[int, float] = {}
    for queue in queues:
        for message in client.lrange(queue, 0, -1):
            _, arguments, _ = json.loads(base64.b64decode(json.loads(message)["body"]))
            for run_id, _slot in arguments["lanes"]:
                sent[run_id] = min(arguments["at"], sent.get(run_id, arguments["at"]))
    return sent
