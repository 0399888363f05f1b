"""Whether anybody fires schedules at all."""

from __future__ import annotations

from django.db import connection

LEADER_KEY = 0x6A6F6273_62656174
"""The advisory lock that one beat holds for as long as its session lives ("jobsbeat")."""


def beat_lives() -> bool:
    """Whether a beat is running: one of those that do leads, and the database knows of it."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT EXISTS (SELECT 1 FROM pg_locks WHERE locktype = 'advisory' AND granted AND objsubid = 1"
            " AND database = (SELECT oid FROM pg_database WHERE datname = current_database())"
            " AND classid = (%(key)s::bigint >> 32)::bigint::oid AND objid = (%(key)s::bigint & 4294967295)::bigint::oid)",
            {"key": LEADER_KEY},
        )
        row = cursor.fetchone()
    return bool(row and row[0])
