"""Jobs that would wait for each other."""

from __future__ import annotations

from django.db import connection

_CYCLE = """
    WITH RECURSIVE waits (job_id, path) AS (
        SELECT u.job_id, ARRAY[s.job_id, u.job_id]
        FROM scheduler_schedule AS s JOIN scheduler_upstream AS u ON u.schedule_id = s.id
        WHERE s.job_id = %(job_id)s
        UNION ALL
        SELECT u.job_id, waits.path || u.job_id
        FROM waits JOIN scheduler_schedule AS s ON s.job_id = waits.job_id JOIN scheduler_upstream AS u ON u.schedule_id = s.id
        WHERE waits.job_id <> %(job_id)s AND u.job_id <> ALL (waits.path[2:])
    )
    SELECT ARRAY(
        SELECT j.type || ':' || j.name
        FROM unnest(waits.path) WITH ORDINALITY AS o (job_id, place) JOIN jobs_job AS j ON j.id = o.job_id
        ORDER BY o.place
    )
    FROM waits WHERE waits.job_id = %(job_id)s
    ORDER BY cardinality(waits.path)
    LIMIT 1
"""


def cycle_through(*, job_id: int) -> list[str]:
    """The shortest way from a job over those that it waits for back to itself, as their keys; empty when there is none."""
    with connection.cursor() as cursor:
        cursor.execute(_CYCLE, {"job_id": job_id})
        row = cursor.fetchone()
    return [] if row is None else list(row[0])
