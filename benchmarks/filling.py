"""Filling tables with very many rows: what is looked up or kept in order for each of them is done once for all, afterwards."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

import psycopg

_UPKEEP = """
    SELECT format('ALTER TABLE %%s DROP CONSTRAINT %%I', conrelid::regclass, conname),
        format('ALTER TABLE %%s ADD CONSTRAINT %%I %%s', conrelid::regclass, conname, pg_get_constraintdef(oid))
    FROM pg_constraint WHERE contype = 'f' AND conrelid = ANY (%(tables)s::regclass[])
    UNION ALL
    SELECT format('DROP INDEX %%s', indexrelid::regclass), pg_get_indexdef(indexrelid)
    FROM pg_index AS i
    WHERE indrelid = ANY (%(tables)s::regclass[]) AND NOT EXISTS (SELECT FROM pg_constraint AS c WHERE c.conindid = i.indexrelid)
"""


@contextlib.contextmanager
def bulk(connection: psycopg.Connection, *tables: str) -> Iterator[None]:
    """Let these tables be filled without their foreign keys, and without the indexes that are no constraint's.

    Both stand again at the end, unless the filling fails: then the database is good for nothing.
    """
    upkeep = connection.execute(_UPKEEP, {"tables": list(tables)}).fetchall()
    for leave, _ in upkeep:
        connection.execute(leave)
    yield
    for _, restore in upkeep:
        connection.execute(restore)
