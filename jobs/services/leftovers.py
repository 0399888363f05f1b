"""Files in the folder of stored files that have no row: what erased runs had, and what somebody who died had not recorded yet."""

from __future__ import annotations

import contextlib
import datetime as dt
import os
import re
from collections.abc import Iterator, Sequence
from itertools import islice
from pathlib import Path

from jobs.claims import cleanup as claims
from jobs.services.stored_files import INCOMING

PAGE = 1_000
LEFT_ALONE = dt.timedelta(days=7)
"""A younger file without a row may be one that an attempt is writing."""
_KNOWN = re.compile(rf"{INCOMING}/(?P<attempt>[0-9]+-[0-9]+-[0-9a-f]{{32}})(?:/.+)?|[a-z0-9][a-z0-9-]*/[0-9]+")
"""Folders of ours: of an attempt at work, and of a run. Those above are used by whoever comes next."""
_FILE = re.compile(r"[0-9a-f]{32}-")


def old_files(*, root: Path, before: dt.datetime, now: dt.datetime) -> Iterator[list[Path]]:
    """What lies in the folder and was last written before that time and more than a week ago, a thousand files at a time.

    Others write, move and erase files meanwhile: what vanishes is passed over. Old folders with nothing in them go on the way. What
    does not look like ours is left alone, whoever put it there.

    Args:
        root: The folder of stored files.
        before, now: Aware.
    """
    found = _old(root, min(before, now - LEFT_ALONE).timestamp())
    while page := list(islice(found, PAGE)):
        yield page


def erase_leftovers(*, root: Path, paths: Sequence[Path]) -> int:
    """Erase those of these files that have no row; how many. May be called again.

    Raises:
        psycopg.OperationalError: The database cannot be reached; see `jobs.hotpath.RETRYABLE`.
    """
    by_key = {str(path.relative_to(root)): path for path in paths}
    with claims.connection() as connection:
        known = claims.known_files(connection, paths=list(by_key))
    leftovers = [path for key, path in by_key.items() if key not in known]
    for path in leftovers:
        path.unlink(missing_ok=True)
    return len(leftovers)


def _old(root: Path, before: float) -> Iterator[Path]:
    # From below: a folder comes after what is in it. What cannot be listed any more is left out.
    for place, folders, names in os.walk(root, topdown=False):
        folder = Path(place)
        known = _KNOWN.fullmatch(folder.relative_to(root).as_posix())
        if known is None:
            continue
        ours = [name for name in names if known["attempt"] or _FILE.match(name)]
        yield from (folder / name for name in ours if _is_older(folder / name, before))
        if not folders and not names and _is_older(folder, before):
            with contextlib.suppress(OSError):  # somebody put something there
                folder.rmdir()


def _is_older(path: Path, before: float) -> bool:
    try:
        return path.lstat().st_mtime < before
    except FileNotFoundError:
        return False
