"""Storing large results, and erasing those that nobody refers to any more.

Who moves what, and what is left when a process dies between two steps:

1. The worker writes the row that says that there will be an object. (The row is an orphan once the payload has its outcome.)
2. It writes the object. (The same, and there is an object, or a part of one.)
3. It reports the outcome, which refers to the object: one statement, behind the lane's fence. A worker that lost its lane writes no
   reference; the attempt that follows stores another object, under another key.
4. Cleanups erase payloads, or the results of payloads: the reference is gone with that transaction.
5. At its end a cleanup looks at every row. Where nobody can refer to the object any more it erases the object, and then the row: if
   it dies in between, the next one does it once more.
"""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from typing import NamedTuple

from jobs import large_results
from jobs.claims import stored_results as claims
from jobs.claims.stored_results import Kept
from jobs.models import StoredResult
from jobs.services.stored_files import Owner

PAGE = 1_000


def new_key(*, owner: Owner) -> str:
    """A key for an object of an attempt; no two are the same."""
    return f"{owner.workspace}/{owner.run_id}/{owner.position}-{owner.attempt}-{uuid.uuid4().hex}.json"


def announce(*, owner: Owner, key: str) -> None:
    """Write down that there will be an object. May be called again."""
    row = StoredResult(run_id=owner.run_id, position=owner.position, key=key)
    StoredResult.objects.bulk_create([row], ignore_conflicts=True)


class Orphans(NamedTuple):
    """What nobody can refer to any more, of a page of rows. ``after``: where the next page begins; None behind the last one."""

    kept: list[Kept]
    after: int | None


def find_orphans(*, after: int = 0) -> Orphans:
    """Look at the next thousand rows.

    Args:
        after: What the last call gave; 0 to begin.

    Raises:
        psycopg.OperationalError: The database cannot be reached; see `jobs.hotpath.RETRYABLE`.
    """
    page = claims.page_of(after=after, page=PAGE)
    return Orphans([kept for kept in page if kept.is_orphan], page[-1].id if len(page) == PAGE else None)


def erase(kept: Sequence[Kept]) -> int:
    """Erase these objects, but for those that a replay refers to; how many. May be called again, and by several at once.

    Raises:
        TransientError: The storage does not answer (code ``result_storage``).
        psycopg.OperationalError: See `find_orphans`.
    """
    return sum(_erase(each) for each in kept)


def _erase(kept: Kept) -> bool:
    if not claims.let_go(kept=kept):
        return False
    large_results.erase(key=kept.key)
    claims.forget(kept=kept)
    return True
