"""What is told of a run's progress, and whether it is news."""

from __future__ import annotations

from collections import deque
from collections.abc import Collection, Mapping
from dataclasses import asdict, dataclass

from jobs.api.live.reading import Progress
from jobs.api.live.topics import encode
from jobs.states import FINAL_RUN_STATES

WINDOW_SECONDS = 10.0
"""The rate is that of so long."""


@dataclass(frozen=True, slots=True)
class Told:
    """The words of one moment. ``last_event``: once the run has ended, the id of its last event."""

    body: str
    last_event: int | None


class Pace:
    """Remembers what was last told of each run that is watched, and its counts of the last seconds."""

    def __init__(self) -> None:
        self._told: dict[int, Told] = {}
        self._settled: dict[int, deque[tuple[float, int]]] = {}

    def latest(self, run_id: int) -> Told | None:
        """What was last told of a run."""
        return self._told.get(run_id)

    def changed(self, present: Mapping[int, Progress], *, run_ids: Collection[int], at: float) -> dict[int, Told]:
        """Those of these runs of which there is something new to tell; runs that are not among them are forgotten.

        Args:
            present: How far they are. One that is missing was erased: it has ended, as far as anybody can tell.
            run_ids: All that are watched.
            at: Seconds of a clock that never goes back.
        """
        told = {run_id: self._words(run_id, present.get(run_id), at) for run_id in run_ids}
        news = {run_id: words for run_id, words in told.items() if words != self._told.get(run_id)}
        self._told = told
        self._settled = {run_id: seen for run_id, seen in self._settled.items() if run_id in told}
        return news

    def _words(self, run_id: int, progress: Progress | None, at: float) -> Told:
        if progress is None:
            return Told(encode({"run": run_id, "state": None}), 0)
        body = {
            "run": run_id,
            "state": progress.state,
            "counts": asdict(progress.counts),
            "per_second": self._rate(run_id, progress, at),
            "at_work": progress.at_work,
        }
        return Told(encode(body), progress.last_event if progress.state in FINAL_RUN_STATES else None)

    def _rate(self, run_id: int, progress: Progress, at: float) -> float | None:
        """Payloads that got their outcome, by second, over the last `WINDOW_SECONDS`; None before there are two counts."""
        counts = progress.counts
        seen = self._settled.setdefault(run_id, deque())
        seen.append((at, counts.succeeded + counts.failed + counts.cancelled))
        while len(seen) > 2 and seen[1][0] <= at - WINDOW_SECONDS:
            seen.popleft()
        (first_at, first), (last_at, last) = seen[0], seen[-1]
        return round((last - first) / (last_at - first_at), 1) if last_at > first_at else None
