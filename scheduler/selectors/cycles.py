"""Jobs that would wait for each other."""

from __future__ import annotations

from collections.abc import Collection

from django.db import connection

_WAITED_FOR = """
    SELECT DISTINCT s.job_id, u.job_id
    FROM scheduler_schedule AS s JOIN scheduler_upstream AS u ON u.schedule_id = s.id
    WHERE s.job_id = ANY (%s) AND u.job_id IS NOT NULL
    ORDER BY s.job_id, u.job_id
"""
_KEYS = """
    SELECT j.type || ':' || j.name
    FROM unnest(%s::bigint[]) WITH ORDINALITY AS o (job_id, place) JOIN jobs_job AS j ON j.id = o.job_id
    ORDER BY o.place
"""


def cycle_through(*, job_id: int) -> list[str]:
    """The shortest way from a job over those that it waits for back to itself, as their keys; empty when there is none.

    Each job is looked at once, however many ways lead to it: a query for each step away from the first.
    """
    waits: dict[int, int] = {}
    """Each job that was reached, and the one from which it was."""
    frontier: Collection[int] = [job_id]
    while frontier:
        reached: dict[int, int] = {}
        for waiter, waited_for in _waited_for(frontier):
            if waited_for == job_id:
                return _keys([*_way(waiter, job_id, waits), job_id])
            if waited_for not in waits:
                reached.setdefault(waited_for, waiter)
        waits |= reached
        frontier = list(reached)
    return []


def _waited_for(job_ids: Collection[int]) -> list[tuple[int, int]]:
    with connection.cursor() as cursor:
        cursor.execute(_WAITED_FOR, [list(job_ids)])
        return list(cursor.fetchall())


def _way(last: int, first: int, waits: dict[int, int]) -> list[int]:
    """From the first job to the last."""
    way = [last]
    while way[-1] != first:
        way.append(waits[way[-1]])
    return way[::-1]


def _keys(job_ids: list[int]) -> list[str]:
    with connection.cursor() as cursor:
        cursor.execute(_KEYS, [job_ids])
        return [key for (key,) in cursor.fetchall()]
