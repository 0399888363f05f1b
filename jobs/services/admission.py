"""Who may begin: runs of a job that limits its runs, and lanes of a group that was full."""

from __future__ import annotations

from collections.abc import Sequence

import structlog

from jobs import dispatch, hotpath
from jobs.claims import StartedRun, limits
from jobs.dispatch import LaneMessage
from jobs.errors import BrokerUnavailable

BATCH = 500
"""Runs admitted in one transaction, which holds the job's row meanwhile."""

log = structlog.get_logger(__name__)


def admit(*, job_ids: Sequence[int]) -> list[StartedRun]:
    """Let the runs of these jobs that wait begin, as many as ``max_concurrent_runs`` allows, and publish them.

    The most urgent first, then the oldest. Call it after the commit that made a run wait or made room for one. A job without a
    waiting run costs one look at an index; should a process die before it calls this, the sweep does.

    Returns:
        The runs that were admitted.
    """
    return _admit(limits.who_waits(job_ids=job_ids).job_ids)


def room_was_made(*, job_ids: Sequence[int], group_ids: Sequence[int] = ()) -> None:
    """After runs of these jobs have ended, and places of these groups were given up: admit and call those who wait for it. Never
    raises: the sweep looks, too."""
    try:
        waiting = limits.who_waits(job_ids=job_ids, group_ids=group_ids)
        _admit(waiting.job_ids)
    except hotpath.RETRYABLE as error:
        log.warning("room.not_filled", jobs=job_ids[:20], groups=group_ids[:20], reason=str(error).strip())
        return
    for group_id in waiting.group_ids:
        fill_group(group_id=group_id)


def _admit(job_ids: Sequence[int]) -> list[StartedRun]:
    admitted: list[StartedRun] = []
    for job_id in job_ids:
        while batch := limits.admit_runs(job_id=job_id, most=BATCH):
            admitted += batch
            if len(batch) < BATCH:
                break
    if admitted:
        log.info("run.admitted", runs=[run.id for run in admitted[:20]], count=len(admitted))
        dispatch.publish_started(admitted)
    return admitted


def fill_group(*, group_id: int, places: int = 1) -> int:
    """Call those who found this group full: one message for each place that was freed. Never raises: the sweep calls again.

    Returns:
        How many were called.
    """
    try:
        called = limits.call_waiting(group_id=group_id, places=places)
        dispatch.publish([LaneMessage(lane.queue, [(lane.run_id, lane.slot)]) for lane in called])
    except (*hotpath.RETRYABLE, BrokerUnavailable) as error:
        log.warning("group.not_filled", group=group_id, reason=str(error).strip())
        return 0
    return len(called)


def fill_groups() -> int:
    """The same for every group that somebody waits for and that has room: a place whose owner died, or a limit that was raised."""
    return sum(fill_group(group_id=group_id, places=BATCH) for group_id in limits.groups_waited_for())
