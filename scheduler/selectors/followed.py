"""After whose ends jobs run."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection

from scheduler.models import Upstream
from scheduler.states import ScheduleState


def followed_jobs(*, job_ids: Collection[int]) -> dict[int, list[str]]:
    """The keys of the jobs that each of these waits for by a schedule that is active, in order and by its id; in one query."""
    found: dict[int, set[str]] = defaultdict(set)
    active = Upstream.objects.filter(schedule__job_id__in=list(job_ids), schedule__state=ScheduleState.ACTIVE)
    for job_id, key in active.values_list("schedule__job_id", "key"):
        found[job_id].add(key)
    return {job_id: sorted(keys) for job_id, keys in found.items()}
