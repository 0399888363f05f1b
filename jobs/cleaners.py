"""What a log cleanup erases, and by whom: each app registers its own when Django starts (its ``AppConfig.ready``).

There are two sorts. A `PartOfRuns` is kept beside a run and goes with it, or before it where only that part is asked for. `OldRows`
stand by themselves. Nothing here knows who registers what.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

RUNS = "runs"
"""The name under which whole runs are erased, with all their parts."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Scope:
    """Whose rows, and which of them.

    Args:
        workspace_id: Of this workspace alone.
        before: Aware UTC; what is as old as that or younger stays.
        keep_newest: Of what belongs together (the runs of a job, the fires of a schedule) so many stay, however old.
        job_ids: Only of these jobs; None for all, also those that were deleted.
        audit: Whether what people did may be erased too.
    """

    workspace_id: int
    before: dt.datetime
    keep_newest: int = 0
    job_ids: tuple[int, ...] | None = None
    audit: bool = False


class Found(NamedTuple):
    """Rows erased, or counted. ``after``: where to go on; None when that was all."""

    rows: int
    after: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class PartOfRuns:
    """Rows, files or whatever is kept beside runs.

    Both functions are called on the connection of a transaction that has locked the runs; none of these is pinned or active.

    Args:
        name: What it is, in the plural: ``log_lines``. Cleanups ask for it and count it under this name.
        erase: From connection, scope, run ids and a limit to how many were erased: at most so many, and fewer only when that was
            all. It must be quick, for the runs are locked; what is not in the database is erased after the commit, or so that doing
            it again does no harm.
        count: From connection, scope and run ids to how many there are.
        within: The part whose rows hold it, and which takes it along where whole runs are erased; empty for rows of its own.
        needs: The part that it cannot do without yet, of the runs that ``needing`` names: those keep that part, unless this one is
            erased too.
        needing: From connection and run ids to those of which it still needs it.
    """

    name: str
    erase: Callable[[Any, Scope, Sequence[int], int], int]
    count: Callable[[Any, Scope, Sequence[int]], int]
    within: str = ""
    needs: str = ""
    needing: Callable[[Any, Sequence[int]], Sequence[int]] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class OldRows:
    """Rows that stand by themselves.

    Args:
        name: As in `PartOfRuns`.
        erase: From connection, scope, the last id that was dealt with (0 to begin) and a limit to what was erased: at most so many.
            It goes through the rows in an order of ids, so that what stays is looked at once.
        count: The same without the limit and without erasing.
        only_audit: True for what is touched only where ``audit`` is asked for.
    """

    name: str
    erase: Callable[[Any, Scope, int, int], Found]
    count: Callable[[Any, Scope, int], Found]
    only_audit: bool = False


_parts: dict[str, PartOfRuns] = {}
_old_rows: dict[str, OldRows] = {}


def register(*cleaners: PartOfRuns | OldRows) -> None:
    """Take part from now on. Registering a name again replaces who had it."""
    for cleaner in cleaners:
        if isinstance(cleaner, PartOfRuns):
            _parts[cleaner.name] = cleaner
        else:
            _old_rows[cleaner.name] = cleaner


def parts() -> list[PartOfRuns]:
    """What belongs to runs, by name."""
    return [_parts[name] for name in sorted(_parts)]


def old_rows() -> list[OldRows]:
    """What stands by itself, by name."""
    return [_old_rows[name] for name in sorted(_old_rows)]


def names() -> list[str]:
    """Everything that can be asked for, sorted; what needs ``audit`` is asked for by that."""
    return sorted({RUNS, *_parts, *(name for name, rows in _old_rows.items() if not rows.only_audit)})
