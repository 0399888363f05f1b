"""The rows that say which objects are in the storage of results, on the connections of cleanups."""

from __future__ import annotations

from typing import NamedTuple

from jobs import hotpath, sql
from jobs.claims.cleanup import connection


class Kept(NamedTuple):
    """A row, and whether nobody can refer to its object through it any more."""

    id: int
    key: str
    is_orphan: bool


def page_of(*, after: int, page: int) -> list[Kept]:
    """The next rows by id, so many at most; ``after`` is the last one's."""
    with connection() as leased:
        rows = hotpath.execute(leased, "stored_results", {"after": after, "page": page}, of=sql.CLEANUP).fetchall()
    return [Kept(*row) for row in rows]


def let_go(*, kept: Kept) -> bool:
    """Give up one row's claim to its object.

    Returns:
        True when no other row claims it: erase the object, and then `forget` the row. False when another run refers to it: the row
        is gone.
    """
    with connection() as leased, leased.transaction():
        # All who claim it are locked: of two who let go at once the second sees that it is the last.
        rows = leased.execute(
            "SELECT id FROM jobs_stored_result WHERE key = %s ORDER BY id FOR UPDATE", (kept.key,)
        ).fetchall()
        if [row.id for row in rows] == [kept.id]:
            return True
        leased.execute("DELETE FROM jobs_stored_result WHERE id = %s", (kept.id,))
        return False


def forget(*, kept: Kept) -> None:
    """Delete the row of an object that is not there any more."""
    with connection() as leased:
        leased.execute("DELETE FROM jobs_stored_result WHERE id = %s", (kept.id,))
